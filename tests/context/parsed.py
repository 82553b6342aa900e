"""Trees as open documents have them."""

from __future__ import annotations

import time

from herdmate.context import syntax

_SECONDS = 60.0  # the machine may be busy


def parsed(
    text: str, language: str, old: syntax.SyntaxTree | None = None
) -> syntax.SyntaxTree | syntax.NoTree:
    """The tree of a text, or of a text whose last edits ``old`` lacks."""
    slices, end = syntax.parse_slices(text, language, old), time.monotonic() + _SECONDS
    while time.monotonic() < end:
        try:
            time.sleep(next(slices))
        except StopIteration as done:
            tree: syntax.SyntaxTree | None = done.value
            return tree or syntax.NoTree()
    raise AssertionError("it is never parsed")
