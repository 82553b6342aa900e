"""When ghost text is offered, and what shape it can have."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from herdmate.completion.cursor_context import CLOSING_TAG, indentation
from herdmate.completion.shape import Shape
from herdmate.completion.silence_reasons import SilenceReason
from herdmate.completion.telling_name import telling_name
from herdmate.context import syntax, syntax_queries
from herdmate.context.language_ids import names_language
from herdmate.context.languages import line_comment
from herdmate.context.lexical import LONG_QUOTES, PROSE, is_quote_open, opens_block, unclosed
from herdmate.context.line_kinds import kind_at
from herdmate.text import (
    BYTE_ORDER_MARK,
    Cursor,
    Document,
    line_end,
    name_in,
    path_of,
    with_line_feeds,
)

LARGEST_DOCUMENT = 2_000_000
"""Characters. Above this, each keystroke costs more than ghost text is worth."""

MOST_BEHIND_CURSOR = 8
"""Ghost text is still offered with this many characters after the cursor, as in llama.vim."""

_MOST_GLOBS, _LONGEST_GLOB, _LONGEST_PATH = 200, 500, 4096

_CLOSERS = frozenset(")]}>\"'`;:,. \t")

_BELOW = 2000
"""Characters below the cursor's line that are searched for the next line."""

_CONTINUES = re.compile(r"\s*(?:[)\]}.,?:&|+*/=<>-]|end\b)")
"""How a line begins that cannot be the first line of a body."""


_GOES_ON_BELOW = (*"\\,=([{:+-*/&|<>?", "->")
"""How a line ends that the deeper line below may continue."""


def silence_reason(cursor: Cursor, invoked: bool) -> SilenceReason | None:
    """Why nothing should be offered here, or ``None`` if something should.

    An explicit request (``invoked``) is always tried.
    """
    document = cursor.document
    if invoked:
        return None
    if len(document.text) > LARGEST_DOCUMENT:
        return SilenceReason.LARGE_FILE
    if not document.text.removeprefix(BYTE_ORDER_MARK).strip() and not telling_name(document):
        return SilenceReason.EMPTY_FILE
    if _is_said(cursor):
        return SilenceReason.STATEMENT_COMPLETE
    behind = cursor.line_suffix
    if ends_in_word(cursor) and _is_word(behind[:1]):
        return SilenceReason.INSIDE_WORD
    if len(behind.strip()) > MOST_BEHIND_CURSOR and not _only_closes(behind):
        return SilenceReason.CODE_AFTER_CURSOR
    return None


def ends_in_word(cursor: Cursor) -> bool:
    """Is the last character before the cursor one of a word, which may go on?"""
    return _is_word(cursor.line_prefix[-1:])


def scope_off(cursor: Cursor, scopes: tuple[str, ...]) -> bool:
    """Does the user want no ghost text in such a place: code, a comment or a string?

    Call it before the first ``await``: it reads the document's tree.
    """
    if len(set(scopes)) == len(_SCOPES):
        return False
    tree, place = _where(cursor)
    if tree is None and place is None:
        place = kind_at(with_line_feeds(cursor.prefix[-_ABOVE:]), cursor.document.language)
    return _SCOPES[place or "code"] not in scopes


_SCOPES = {"code": "code", "comment": "comments", "string": "strings"}
"""What the setting calls a kind of place."""

_ABOVE = 4000
"""Characters before the cursor that show what it is in, where no grammar tells."""


def shape_at(
    cursor: Cursor, setting: Literal["auto", "always", "never"], is_asked: bool = False
) -> Shape:
    """What a completion at the cursor can be. ``auto`` lets the surrounding code decide.

    A block if the cursor's line is blank or ends by opening a block. A line if code follows it, in
    strings and comments, and if the block that the line would open, or has to open, is already
    below. A statement everywhere else. A completion that the user asked for (``is_asked``) can span
    several lines within broken code, and go on behind the block. Call it before the first
    ``await``: it reads the document's tree.
    """
    if setting != "auto":
        return "block" if setting == "always" else "line"
    document, behind = cursor.document, cursor.line_suffix
    tree, place = _where(cursor)
    if behind.strip() and not _only_closes(behind):
        is_gap = is_asked and tree is not None and syntax_queries.is_broken_at(tree, cursor.offset)
        return "gap" if is_gap else "line"
    if place == "comment" or (place == "string" and _is_in_string_of_lines(cursor)):
        return "line"
    if place == "string":
        return "statement"
    opened = syntax_queries.opens_block(tree, document.text, cursor.offset, document.language)
    if behind.strip():
        is_block = opened and cursor.line_prefix.rstrip().endswith("{")
    else:
        is_block = opened or not cursor.line_prefix.strip()
    if is_block and _lacks_head(cursor):
        return "line"
    if is_block:
        return "rest" if is_asked and not cursor.line_prefix.strip() else "block"
    return "line" if _has_body_below(cursor) else "statement"


def is_switched_off(
    document: Document, disabled_in: tuple[str, ...], folders: tuple[Path, ...] = ()
) -> bool:
    """Is ghost text off for a document, by its language or by a glob?

    A glob can match the whole path, the path within one of the workspace's ``folders``, or the file
    name; ``**/`` matches any number of folders, including none.
    """
    path = name_in(document.uri)
    known = [path, path.rpartition("/")[2]]
    if (file := path_of(document.uri)) is not None:
        known += (file.relative_to(at).as_posix() for at in folders if at in file.parents)
    known = [name for name in known if len(name) <= _LONGEST_PATH]
    return any(
        names_language(entry, document.language)
        or entry == document.said
        or any(_matches(name, entry) for name in known)
        for entry in disabled_in[:_MOST_GLOBS]
        if len(entry) <= _LONGEST_GLOB
    )


def _matches(name: str, glob: str) -> bool:
    # ``fnmatch`` compiles globs to patterns that never backtrack into a star.
    return fnmatch(name, glob) or ("**/" in glob and fnmatch(name, glob.replace("**/", "")))


def _where(cursor: Cursor) -> tuple[syntax.SyntaxTree | None, str | None]:
    """The tree at a cursor, if the text is the editor's, and ``is_in_string_or_comment``."""
    document, offset = cursor.document, cursor.offset
    tree = syntax.tree_of(document if document.supposed is None else document.supposed[0])
    if tree is None:
        return None, None
    if document.supposed is not None:
        real, edit = document.supposed
        return None, syntax_queries.is_in_string_or_comment(tree, real.text, edit.span.start)
    return tree, syntax_queries.is_in_string_or_comment(tree, document.text, offset)


def _is_in_string_of_lines(cursor: Cursor) -> bool:
    """Is the cursor in a string that begins on a line above, or that can have several lines?"""
    prefix = cursor.line_prefix
    return not is_quote_open(prefix) or any(quotes in prefix for quotes in (*LONG_QUOTES, "`"))


def _is_said(cursor: Cursor) -> bool:
    """Is the cursor after a statement that ended with a semicolon?"""
    line, language = cursor.line_prefix[-_ABOVE:].rstrip(), cursor.document.language
    if not line.endswith(";") or cursor.line_suffix.strip() or language == "shellscript":
        return False
    return not unclosed(line, language)  # ``for (let i = 0;`` goes on


def _only_closes(text: str) -> bool:
    return set(text) <= _CLOSERS or CLOSING_TAG.fullmatch(text) is not None


def _lacks_head(cursor: Cursor) -> bool:
    """Is a line blank between one that opens nothing and a deeper one, which is then its body?"""
    language = cursor.document.language
    if cursor.line_prefix.strip() or language in PROSE or not _has_body_below(cursor):
        return False
    lines = with_line_feeds(cursor.prefix[-_ABOVE:]).split("\n")[:-1]
    mark = line_comment(language) or "\0"
    code = (line for line in reversed(lines) if line.strip() and not line.strip().startswith(mark))
    above = next(code, "")
    return (
        indentation(above) <= indentation(cursor.line_prefix)
        and not above.rstrip().endswith(_GOES_ON_BELOW)
        and not opens_block(above, language)
        and not unclosed(above, language)
    )


def _has_body_below(cursor: Cursor) -> bool:
    """Does the line below begin the block that the cursor's line is about to open?"""
    text, end = cursor.document.text, line_end(cursor.document.text, cursor.offset)
    for line in text[end : end + _BELOW].splitlines()[1:]:
        if line.strip():
            is_deeper = indentation(line) > indentation(cursor.line_prefix)
            return (is_deeper and _CONTINUES.match(line) is None) or line.strip() == "{"
    return False


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
