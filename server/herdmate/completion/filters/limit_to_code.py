"""Stop at fences and control words: they address a reader or the model, and are not code."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext

_CONTROL = re.compile(r"<\|[a-z_]+\|>|▁?<(?:PRE|SUF|MID|EOT)>")
_NO_CODE = re.compile(rf"^[ \t]*```.*|{_CONTROL.pattern}", re.MULTILINE)


def limit_to_code(text: str, context: CursorContext) -> str:
    """Stop at fences and control words: they address a reader or the model, and are not code."""
    has_fences = context.language == "markdown" or context.is_in_long_string
    found = (_CONTROL if has_fences else _NO_CODE).search(text)
    return text[: found.start()] if found else text
