"""Drop an ending that repeats what follows on the cursor's line."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext, is_telling
from herdmate.context.lexical import unclosed


def trim_overlap_with_suffix(text: str, context: CursorContext) -> str:
    """Drop an ending that repeats what follows on the cursor's line."""
    behind = context.line_suffix.rstrip()
    for size in range(min(len(behind), len(text)), 0, -1):
        rest, repeated = text[:-size], behind[:size]
        is_all = size == len(behind) and is_telling(behind)  # may begin within a word
        if not text.endswith(repeated) or not (
            is_all or not _cuts_word(rest, repeated, behind[size:])
        ):
            continue
        # A closer that the completion itself needs is not a repetition.
        opens = unclosed(rest, context.language) > 0 and any(char in ")]}" for char in repeated)
        opens = opens or (">" in repeated and rest.count("<") > rest.count(">"))
        quotes = any(char in repeated and rest.count(char) % 2 for char in "\"'`")
        if not opens and not quotes:
            return rest
    return text


def _cuts_word(rest: str, repeated: str, behind: str) -> bool:
    """Does the repeated part begin or end in the middle of a word?"""
    return bool(re.search(r"\w\Z", rest) and re.match(r"\w", repeated)) or bool(
        re.search(r"\w\Z", repeated) and re.match(r"\w", behind)
    )
