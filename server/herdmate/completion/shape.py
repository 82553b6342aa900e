"""What a completion can be at most."""

from __future__ import annotations

from typing import Literal

Shape = Literal["line", "statement", "block"]
"""``line``: the rest of the cursor's line. ``statement``: the same, and where the line that the
model writes opens a block or a bracket, all of it to its end. ``block``: the rest of the block that
the cursor is in or that its line has opened."""
