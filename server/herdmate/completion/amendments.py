"""What a completion lacks beside the code around it: separators, the end of a block or comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from herdmate.completion.continuations import end_of
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.context.languages import BRACES
from herdmate.context.lexical import balance, closers, opens_block
from herdmate.context.line_kinds import end_of_comment
from herdmate.text import line_start, with_line_feeds

_ABOVE = 4000
"""Characters before the cursor that show whether it is in a comment."""

_ENDS_ITEM = re.compile(r"[\w)\]}\"'`>]\Z")


def amended(text: str, check: SyntaxCheck) -> Iterator[str]:
    """Ways to complete a text that breaks the code between which it stands.

    It may be an item of a list, or, if the user asked for it, a statement without its semicolon or
    a head without its block.
    """
    if not _ENDS_ITEM.search(text):
        yield from _with_block(text, check) if check.is_asked else ()
        return
    yield text + ","
    if check.is_asked:
        if check.language in BRACES:
            yield text + closers(_line(text, check), check.language) + ";"
        yield from _with_block(text, check)


def with_comment_ended(check: SyntaxCheck) -> SyntaxCheck | None:
    """The check for code whose block comment, open at the cursor, is ended behind it.

    ``None`` if the cursor is in none.
    """
    end = end_of_comment(with_line_feeds(check.before[-_ABOVE:]), check.language)
    if not end or end in check.after:
        return None
    if not check.after.strip():  # nothing ends what is open around the comment either
        missing, _ = balance(check.before, "", check.language)
        end += "\n" + "\n".join(missing)
    whole = (check.whole[0], end + check.whole[1]) if check.whole is not None else None
    return replace(check, after=end + check.after, whole=whole)


def _with_block(text: str, check: SyntaxCheck) -> Iterator[str]:
    """The text with an empty block that its last line begins."""
    line = _line(text, check)
    if opens_block(line, check.language) and (end := end_of(line, check.language)):
        yield f"{text.rstrip()}\n{line[: len(line) - len(line.lstrip())]}{end}"


def _line(text: str, check: SyntaxCheck) -> str:
    """The last line of the text, with what stands before the cursor on it."""
    before = check.before[line_start(check.before, len(check.before)) :]
    return (before + text).rpartition("\n")[2]
