"""How good suggestions are: holes in code, filled through the real server and scored.

**Invariant:** like ``bench`` it asks as an editor does, and nothing here runs in normal use.
"""
