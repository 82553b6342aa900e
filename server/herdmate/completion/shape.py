"""What a completion can be at most."""

from __future__ import annotations

from typing import Literal

Shape = Literal["line", "gap", "statement", "block", "rest", "all"]
"""What a completion can be at most.

``line``: the rest of the cursor's line. ``gap``: lines up to the code after the cursor on it.
``statement``: the rest of the line and, if what the model writes there opens a block or a bracket,
everything up to its end. ``block``: the rest of the block that the cursor is in or that its
line has opened. ``rest``: that block and, if the model itself ends there, all that it writes after
it in the same function. ``all``: everything up to the code below the cursor, for an explicit
request to which nothing else would be shown.
"""
