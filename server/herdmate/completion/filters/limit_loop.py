"""Keep one copy of a short string that the text repeats ten times in a row at its end."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext

_WORD = re.compile(r"\w")


def limit_loop(text: str, context: CursorContext) -> str:
    """Keep one copy of a short string that the text repeats ten times in a row at its end."""
    for size in range(2, 41):
        if not _WORD.search(text, max(len(text) - size, 0)):
            continue
        run = size
        while run < len(text) and text[len(text) - run - 1] == text[len(text) - run - 1 + size]:
            run += 1
        if run >= max(10 * size, 40):
            end = len(text) - run + size
            return text[:end] + re.split(r"\s", text[end : end + size])[0]
    return text
