"""How good what is shown is: holes in code, filled through the real server, and what came of them.

**Invariant:** like ``bench`` it asks as an editor asks, and nothing here is used while one works.
"""
