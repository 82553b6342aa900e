"""Drop the fence that a chat model opens around its code, and what it says before that."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext
from herdmate.completion.filters.limit_to_code import holds_fences

_OPENED = re.compile(r"\s*(?:[A-Z][^\n]{0,200}:[ \t]*\n\s*)?(?:```|~~~)\w[\w.+#-]{0,20}[ \t]*\n")


def unwrap_fence(text: str, context: CursorContext) -> str:
    """Drop the fence that a chat model opens around its code, and what it says before that.

    Only one that names a language. In comments, strings and prose it is meant.
    """
    if context.code.inside is not None or holds_fences(context):
        return text
    is_begun = bool(context.line_prefix.strip())
    if is_begun and not text.lstrip(" \t").startswith("\n"):
        return text
    found = _OPENED.match(text)
    return "\n" * is_begun + text[found.end() :] if found is not None else text
