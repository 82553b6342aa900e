"""Stars that stand for a secret, as the model has seen them elsewhere, are nobody's code."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext

_STARS = re.compile(r"\*{6,}")


def limit_to_secret(text: str, context: CursorContext) -> str:
    """Stars that stand for a secret, as the model has seen them elsewhere, are nobody's code."""
    for stars in _STARS.finditer(text):
        if not _is_decoration(text, stars, context):
            return text[: text.rfind("\n", 0, stars.start()) + 1]
    return text


def _is_decoration(text: str, stars: re.Match[str], context: CursorContext) -> bool:
    """Is a run of stars one of a banner, as the code around has too?"""
    if (context.line_prefix + text[: stars.start()]).endswith(('"', "'", "`", "=", ":", "@")):
        return False
    around = (*context.above, context.line_prefix, context.line_suffix, *context.below)
    return any(stars[0][:6] in line for line in around)
