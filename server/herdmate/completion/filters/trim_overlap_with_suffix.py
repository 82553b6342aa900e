"""The end of the completion does not repeat what follows on the cursor's line."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import unclosed


def trim_overlap_with_suffix(text: str, context: CursorContext) -> str:
    """The end of the completion does not repeat what follows on the cursor's line."""
    behind = context.line_suffix.rstrip()
    for size in range(min(len(behind), len(text)), 0, -1):
        rest, repeated = text[:-size], behind[:size]
        if not text.endswith(repeated) or _cuts_word(rest, repeated, behind[size:]):
            continue
        # What the completion needs itself to close something is no repetition.
        opens = unclosed(rest, context.language) > 0 and any(char in ")]}" for char in repeated)
        opens = opens or (">" in repeated and rest.count("<") > rest.count(">"))
        quotes = any(char in repeated and rest.count(char) % 2 for char in "\"'`")
        if not opens and not quotes:
            return rest
    return text


def _cuts_word(rest: str, repeated: str, behind: str) -> bool:
    """Would a word be cut in two, on either side of what is repeated?"""
    return bool(re.search(r"\w\Z", rest) and re.match(r"\w", repeated)) or bool(
        re.search(r"\w\Z", repeated) and re.match(r"\w", behind)
    )
