"""What the model says to a reader, or to itself, is no code: fences and control words."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext

_CONTROL = re.compile(r"<\|[a-z_]+\|>|▁?<(?:PRE|SUF|MID|EOT)>")
_NO_CODE = re.compile(rf"^[ \t]*```.*|{_CONTROL.pattern}", re.MULTILINE)


def limit_to_code(text: str, context: CursorContext) -> str:
    """What the model says to a reader, or to itself, is no code: fences and control words."""
    has_fences = context.language == "markdown" or context.is_in_long_string
    found = (_CONTROL if has_fences else _NO_CODE).search(text)
    return text[: found.start()] if found else text
