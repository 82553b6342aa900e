"""Close a string that a completion goes on with, in languages whose syntax cannot be checked."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.grammars import parser_for
from herdmate.context.languages import LANGUAGES
from herdmate.context.open_strings import string_closers

_NEVER_CHECKED = frozenset({"sql"})


def close_string(text: str, context: CursorContext) -> str:
    """Close a string that a completion goes on with, in languages whose syntax cannot be checked.

    Elsewhere the syntax check does. Not if a line below seems to end the string.
    """
    language, line = context.language, context.line_prefix
    if "\n" in text or context.line_suffix.strip() or language not in LANGUAGES:
        return text
    if context.is_in_long_string or not string_closers(line, language)[0]:
        return text
    quotes, brackets = string_closers(line + text, language)
    inside = context.code.inside
    if not quotes or (inside is not None and not inside.rest.endswith(quotes[-1])):
        return text
    if any(below.count(quotes[-1]) % 2 for below in context.below):
        return text
    is_checked = language not in _NEVER_CHECKED and parser_for(language) is not None
    return text if is_checked else text + quotes + brackets
