"""Stop before a line with the stars that replace secrets in prompts: they are not code."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext

_STARS = re.compile(r"\*{6,}")


def limit_to_secret(text: str, context: CursorContext) -> str:
    """Stop before a line with the stars that replace secrets in prompts: they are not code."""
    for stars in _STARS.finditer(text):
        if not _is_decoration(text, stars, context):
            return text[: text.rfind("\n", 0, stars.start()) + 1]
    return text


def _is_decoration(text: str, stars: re.Match[str], context: CursorContext) -> bool:
    """Is a run of stars part of a banner, like those in the code around it?"""
    if (context.line_prefix + text[: stars.start()]).endswith(('"', "'", "`", "=", ":", "@")):
        return False
    around = (*context.above, context.line_prefix, context.line_suffix, *context.below[:3])
    return any(stars[0][:6] in line for line in around)
