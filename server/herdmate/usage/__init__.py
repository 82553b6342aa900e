"""Counts of ghost text, kept on this machine only, and a report of the model's last request.

**Invariant:** a count has a day, a language id and a name, and never code or a path.
"""
