"""Drop a start that repeats the text before the cursor, from an open bracket on."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import unclosed

_LONGEST = 200
_BEGINS = re.compile(r"[(\[{]|\A\w+ ")
_WORD = re.compile(r"\w")


def trim_repeated_prefix(text: str, context: CursorContext) -> str:
    """Drop a start that repeats the text before the cursor, from an open bracket on.

    ``func (s `` is continued with ``(s *Stack)``: the model begins the bracket again.
    """
    prefix = context.line_prefix.lstrip()[-_LONGEST:]
    if not prefix or not text or text[0] not in prefix:
        return text
    for found in _BEGINS.finditer(prefix):
        part = prefix[found.start() :]
        is_begun = not found.start() or unclosed(part, context.language) > 0
        if text.startswith(part) and is_begun and _WORD.search(part):
            return text[len(part) :]
    return text
