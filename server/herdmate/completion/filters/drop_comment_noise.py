"""Drop a comment that only says that code should be written here."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext, first_line
from herdmate.context.languages import line_comment

_NOISE = re.compile(
    r"(?:#|//|--|/\*|<!--)[^\w`]*(?:(?:todo|fixme)\W*)?(?:(?:your|add|write|put|insert|implement|the|rest|"
    r"of|code|here|this|function|method|logic|remaining|existing)\W*)*",
    re.IGNORECASE,
)


def drop_comment_noise(text: str, context: CursorContext) -> str:
    """Drop a comment that only says that code should be written here."""
    line = first_line(text, context).strip()
    is_mark = not line.startswith("#") or line_comment(context.language) == "#"
    return "" if is_mark and "\n" not in text.rstrip() and _NOISE.fullmatch(line) else text
