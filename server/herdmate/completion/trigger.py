"""When ghost text is offered, and whether it can have several lines."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from herdmate.completion.silence_reasons import SilenceReason
from herdmate.context import syntax, syntax_queries
from herdmate.context.lexical import unclosed
from herdmate.text import Cursor, Document, name_in, path_of

LARGEST_DOCUMENT = 2_000_000
"""Characters. Above this, each keystroke costs more than ghost text is worth."""

MOST_BEHIND_CURSOR = 8
"""Ghost text is still offered with this many characters after the cursor, as in llama.vim."""

_MOST_GLOBS, _LONGEST_GLOB, _LONGEST_PATH = 200, 500, 4096

_CLOSERS = frozenset(")]}>\"'`;:,. \t")


def silence_reason(cursor: Cursor, invoked: bool) -> SilenceReason | None:
    """Why nothing should be offered here, or ``None`` if something should.

    An explicit request (``invoked``) is always tried.
    """
    document = cursor.document
    if invoked:
        return None
    if len(document.text) > LARGEST_DOCUMENT:
        return SilenceReason.LARGE_FILE
    if not document.text.strip():
        return SilenceReason.EMPTY_FILE
    if _is_said(cursor):
        return SilenceReason.STATEMENT_COMPLETE
    behind = cursor.line_suffix
    if _is_word(cursor.line_prefix[-1:]) and _is_word(behind[:1]):
        return SilenceReason.INSIDE_WORD
    if len(behind.strip()) > MOST_BEHIND_CURSOR and not _only_closes(behind):
        return SilenceReason.CODE_AFTER_CURSOR
    return None


def wants_multiline(cursor: Cursor, setting: Literal["auto", "always", "never"]) -> bool:
    """Should the completion be a block of lines? ``auto`` lets the surrounding code decide.

    A block if the cursor's line is blank or ends by opening a block; a line if code follows, and in
    strings and comments. Call it before the first ``await``: it reads the document's tree.
    """
    if setting != "auto":
        return setting == "always"
    document, behind = cursor.document, cursor.line_suffix
    tree = None
    if document.supposed is not None:
        real, edit = document.supposed
        inside = _is_in_string_or_comment(syntax.tree_of(real), real.text, edit.span.start)
    else:
        tree = syntax.tree_of(document)
        inside = _is_in_string_or_comment(tree, document.text, cursor.offset)
    if inside:
        return False
    if behind.strip() and not _only_closes(behind):
        return False
    opened = syntax_queries.opens_block(tree, document.text, cursor.offset, document.language)
    if behind.strip():
        return opened and cursor.line_prefix.rstrip().endswith("{")
    return opened or not cursor.line_prefix.strip()


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
        entry == document.language or any(_matches(name, entry) for name in known)
        for entry in disabled_in[:_MOST_GLOBS]
        if len(entry) <= _LONGEST_GLOB
    )


def _matches(name: str, glob: str) -> bool:
    # ``fnmatch`` compiles globs to patterns that never backtrack into a star.
    return fnmatch(name, glob) or ("**/" in glob and fnmatch(name, glob.replace("**/", "")))


def _is_in_string_or_comment(tree: syntax.SyntaxTree | None, text: str, offset: int) -> bool:
    return (
        tree is not None and syntax_queries.is_in_string_or_comment(tree, text, offset) is not None
    )


def _is_said(cursor: Cursor) -> bool:
    """Is the cursor after a statement that ended with a semicolon?"""
    line, language = cursor.line_prefix.rstrip(), cursor.document.language
    if not line.endswith(";") or cursor.line_suffix.strip() or language == "shellscript":
        return False
    return not unclosed(line, language)  # ``for (let i = 0;`` goes on


def _only_closes(text: str) -> bool:
    return set(text) <= _CLOSERS


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
