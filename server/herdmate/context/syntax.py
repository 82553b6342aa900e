"""Syntax trees of documents: parse, follow edits, and query positions."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from herdmate.context import in_process_parsing
from herdmate.context.grammars import LONGEST_PARSE, parse_in_slices, parser_for
from herdmate.context.in_process_parsing import SyntaxTree, error_count
from herdmate.context.nesting_limits import nests_without_measure
from herdmate.context.parser_client import for_documents, for_replies, next_number
from herdmate.context.source import source_of
from herdmate.text import Document, Edit

LONG_TEXT = 120_000
"""Characters. In longer text an edit takes tens of milliseconds to parse, or a second while a
bracket is open."""

LARGEST_TEXT = 2_000_000
"""Characters. A first parse takes between 0.25 and 1 second per million; everything else waits."""

_MOST_UNTOLD = 200
"""Edits that wait to be parsed one by one; after more, the whole text is parsed again."""

_GIVEN_UP = -1
"""The ``tried_as`` of a tree whose last edits harmed the parser."""

__all__ = ["SyntaxTree", "error_count"]


@dataclass(frozen=True, slots=True)
class NoTree:
    """Stands in for the tree of a document that cannot be parsed in time, to avoid trying again."""


ParseSlices = Generator[float, None, SyntaxTree | None]
"""A parse in slices of some milliseconds; yields the seconds to wait before the next one."""

_WAIT = 0.002
"""Seconds between checks whether the parser process has answered."""

_trials = ThreadPoolExecutor(1, "parser process")


def parse(text: str, language: str) -> SyntaxTree | None:
    """The syntax tree of a text, or ``None``.

    ``None`` if no grammar for the LSP language id is installed, if the text has more than
    ``LARGEST_TEXT`` characters or nests too deeply, or if parsing it takes over a second or crashes
    the parser process.
    """
    return _parse(text, language, 0)


def errors_in(text: str, language: str) -> int | None:
    """How many errors a text has (see ``error_count``); ``None`` if ``parse`` would return that.

    Parses nothing in this process.
    """
    if not _is_parsed(text, language):
        return None
    return for_replies().error_count(text, language, LONGEST_PARSE)


def _parse(text: str, language: str, number: int) -> SyntaxTree | None:
    if not _is_parsed(text, language):
        return None
    if not for_documents().try_text(text, language, number, LONGEST_PARSE):
        return None
    tree = in_process_parsing.parsed(text, language)
    return None if tree is None else replace(tree, tried_as=number)


def _is_parsed(text: str, language: str) -> bool:
    """Should parsing a text be tried at all?"""
    return (
        len(text) <= LARGEST_TEXT
        and parser_for(language) is not None
        and not nests_without_measure(text, language)
    )


def parse_slices(
    text: str, language: str, old: SyntaxTree | None = None, seconds: float = LONGEST_PARSE
) -> ParseSlices:
    """Like ``parse``, in slices. Given ``old``, a stale tree of the text, parses only its edits.

    Another thread talks to the parser process, so nothing blocks while it tries the text first.
    """
    if old is not None and old.tried_as == _GIVEN_UP:
        return old
    if not _is_parsed(text, language):
        return old and replace(old, tried_as=_GIVEN_UP)
    number = next_number()
    if old is not None:
        trial = _trials.submit(_try_again, old, number, seconds)
        while not trial.done():
            yield _WAIT
        if (is_parsed := trial.result()) is not _FORGOTTEN:
            if not is_parsed:
                return _tried(old, _GIVEN_UP if is_parsed is None else number)
            found = yield from _in_slices(text, language, old, number, seconds)
            return found or _tried(old, 0)
    trial = _trials.submit(for_documents().try_text, text, language, number, LONGEST_PARSE)
    while not trial.done():
        yield _WAIT
    if not trial.result():
        return old and replace(old, tried_as=_GIVEN_UP)
    return (yield from _in_slices(text, language, None, number, LONGEST_PARSE))


_FORGOTTEN = object()


def _try_again(tree: SyntaxTree, number: int, seconds: float) -> object:
    """See ``ParserClient.try_edits``; ``_FORGOTTEN`` if the parser process lacks this tree."""
    try:
        return _try_edits(tree, number, seconds)
    except LookupError:
        return _FORGOTTEN


def _try_edits(tree: SyntaxTree, number: int, seconds: float) -> bool | None:
    """See ``ParserClient.try_edits``, for the edits that the parser process lacks."""
    text = tree.source.text
    added = sum(len(edit.new_text) - (edit.span.end - edit.span.start) for edit in tree.untold)
    return for_documents().try_edits(
        tree.tried_as, len(text) - added, tree.untold, number, text, tree.language, seconds
    )


def _tried(tree: SyntaxTree, number: int) -> SyntaxTree:
    """The tree once the parser process keeps it, edits included, under ``number``, or not at all
    (0)."""
    return replace(tree, tried_as=number, untold=())


def _in_slices(
    text: str, language: str, old: SyntaxTree | None, number: int, seconds: float
) -> ParseSlices:
    source = source_of(text) if old is None else old.source
    slices = parse_in_slices(language, source.data, old and old.tree, seconds)
    while True:
        try:
            next(slices)
        except StopIteration as end:
            tree = end.value
            return tree and SyntaxTree(language, tree, source, tried_as=number)
        yield 0.0


def tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries, which may be stale; a fresh parse if it was never parsed.

    If later edits have moved the tree on, the same as ``fresh_tree_of``.
    """
    tree = document.tree
    return (
        tree if isinstance(tree, SyntaxTree) and not tree.is_moved_on else fresh_tree_of(document)
    )


def fresh_tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries if no edit has moved it on, else a fresh parse.

    Also ``None`` if that would take too long.
    """
    tree = document.tree
    if isinstance(tree, SyntaxTree) and not (tree.is_stale or tree.is_moved_on):
        return tree
    if isinstance(tree, NoTree) or (tree is not None and len(document.text) > LONG_TEXT):
        return None
    return parse(document.text, document.language)


def edited(
    tree: SyntaxTree,
    old_text: str,
    edits: tuple[Edit, ...],
    new_text: str,
    seconds: float = LONGEST_PARSE,
) -> SyntaxTree | None:
    """The tree of ``new_text``, reusing what the edits to ``old_text`` left unchanged.

    ``edits`` are in the order of LSP's ``didChange``: each refers to the text after the previous
    ones. ``tree`` is adjusted and must not be used afterwards. If parsing takes longer than
    ``seconds``, the result is stale; with 0 it is stale immediately. If the edits do not lead from
    ``old_text`` to ``new_text``, the result is a fresh parse. ``None`` as with ``parse``.
    """
    is_right, untold = tree.source.text == old_text, (*tree.untold, *edits)
    tree = replace(in_process_parsing.told(tree, edits), untold=untold)
    if len(new_text) > LARGEST_TEXT or tree.tried_as == _GIVEN_UP:
        return None
    if not is_right or tree.source.text != new_text:
        return _parse(new_text, tree.language, next_number())
    if seconds <= 0:
        return tree if len(untold) <= _MOST_UNTOLD else _tried(tree, 0)
    if nests_without_measure(new_text, tree.language):
        return None
    return _caught_up(tree, seconds)


def _caught_up(tree: SyntaxTree, seconds: float) -> SyntaxTree | None:
    """The tree with its last edits parsed, unchanged if time runs out, ``None`` if they do harm.

    Does only what the parser process has done before. If that no longer has the same tree, both
    parse the whole text again; if there is no time now, in the next pause.
    """
    number = next_number()
    try:
        is_parsed = _try_edits(tree, number, seconds)
    except LookupError:
        if seconds < LONGEST_PARSE:
            return _tried(tree, 0)
        return _parse(tree.source.text, tree.language, number)
    if is_parsed is None:
        return None
    tree = _tried(tree, number)
    if not is_parsed:
        return tree
    found = in_process_parsing.caught_up(tree, seconds)
    return replace(found, tried_as=0) if found.is_stale else found
