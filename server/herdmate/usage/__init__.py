"""What is counted of ghost text, on this machine only, and what the model was asked last.

**Invariant:** a count has a day, a language id and a name, and never code or a path.
"""
