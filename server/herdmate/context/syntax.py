"""Syntax trees of documents: parse, follow edits, and ask what stands where."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from herdmate.context import in_process_parsing, lexical
from herdmate.context.ancestors import ancestors
from herdmate.context.definitions import is_definition, name_of, with_attributes
from herdmate.context.grammars import LONGEST_PARSE, parse_in_slices, parser_for
from herdmate.context.in_process_parsing import SyntaxTree, error_count
from herdmate.context.languages import COMMENTS, IMPORTS, INTERPOLATIONS, STRINGS
from herdmate.context.nesting_limits import nests_without_measure
from herdmate.context.parser_client import for_documents, for_replies, next_number
from herdmate.context.source import source_of
from herdmate.text import Document, Edit, Span, line_end, line_start

LONG_TEXT = 120_000
"""Characters. In longer text an edit takes tens of milliseconds to parse, and where a bracket is
open it takes a second."""

LARGEST_TEXT = 2_000_000
"""Characters. A first parse takes a quarter to a whole second for a million; all else waits."""

_GIVEN_UP = -1
"""In the place of the number of a tree whose last edits did harm."""

__all__ = ["SyntaxTree", "error_count"]


@dataclass(frozen=True, slots=True)
class NoTree:
    """What a document carries that cannot be parsed in good time: nobody tries that again."""


ParseSlices = Generator[float, None, SyntaxTree | None]
"""A parse in slices of some milliseconds; between two it yields the seconds to leave to others."""

_WAIT = 0.002
"""Seconds between two looks at whether the parser process has answered."""

_trials = ThreadPoolExecutor(1, "parser process")


def tree_for(text: str, language: str) -> SyntaxTree | NoTree:
    """What a document with this text carries."""
    return _parse(text, language, next_number()) or NoTree()


def parse(text: str, language: str) -> SyntaxTree | None:
    """The syntax tree of a text, or ``None``.

    ``None`` where no grammar for the LSP language id is installed, where the text has more than
    ``LARGEST_TEXT`` characters or nests without measure, where it was not parsed within a second,
    and where it does harm to its grammar.
    """
    return _parse(text, language, 0)


def errors_in(text: str, language: str) -> int | None:
    """How many errors a text has (see ``error_count``); ``None`` where ``parse`` has no tree.

    Nothing is parsed in this process.
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
    """Is it tried at all?"""
    return (
        len(text) <= LARGEST_TEXT
        and parser_for(language) is not None
        and not nests_without_measure(text, language)
    )


def parse_slices(
    text: str, language: str, old: SyntaxTree | None = None, seconds: float = LONGEST_PARSE
) -> ParseSlices:
    """The same as ``parse``, in slices; with a stale tree of the text only its edits are parsed.

    The parser process tries it meanwhile on another thread: nobody waits for that.
    """
    if old is not None and old.tried_as == _GIVEN_UP:
        return old
    if old is None and not _is_parsed(text, language):
        return None
    number = next_number()
    if old is not None:
        trial = _trials.submit(_try_again, old, number, seconds)
        while not trial.done():
            yield _WAIT
        if (is_parsed := trial.result()) is not _FORGOTTEN:
            if not is_parsed:
                return replace(old, tried_as=_GIVEN_UP if is_parsed is None else number)
            found = yield from _in_slices(text, language, old, number, seconds)
            return found or replace(old, tried_as=0)
    trial = _trials.submit(for_documents().try_text, text, language, number, LONGEST_PARSE)
    while not trial.done():
        yield _WAIT
    if not trial.result():
        return old and replace(old, tried_as=_GIVEN_UP)
    return (yield from _in_slices(text, language, None, number, LONGEST_PARSE))


_FORGOTTEN = object()


def _try_again(tree: SyntaxTree, number: int, seconds: float) -> object:
    """See ``ParserClient.try_edits``; ``_FORGOTTEN`` where the parser process has another tree."""
    text = tree.source.text
    try:
        return for_documents().try_edits(
            tree.tried_as, len(text), (), number, text, tree.language, seconds
        )
    except LookupError:
        return _FORGOTTEN


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
    """The tree that a document carries; a fresh parse where it was never parsed."""
    if isinstance(document.tree, SyntaxTree):
        return document.tree
    return None if isinstance(document.tree, NoTree) else parse(document.text, document.language)


def fresh_tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries if no edit has moved that on, else a fresh parse.

    ``None`` also where that would take long.
    """
    tree = document.tree
    if isinstance(tree, SyntaxTree) and not tree.tree.root_node.has_changes:
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
    """The tree of ``new_text``, parsed anew only where ``old_text`` was edited.

    ``edits`` come in the order of LSP's ``didChange``: each refers to the text that those before it
    left. ``tree`` is moved on and must not be used any more. Where parsing takes longer than
    ``seconds`` the answer is stale, with 0 at once. Where the edits do not lead from ``old_text``
    to ``new_text`` the answer is a fresh parse; ``None`` as with ``parse``.
    """
    is_right = tree.source.text == old_text
    tree = in_process_parsing.told(tree, edits)
    if len(new_text) > LARGEST_TEXT:
        return None
    if not is_right or tree.source.text != new_text:
        return _parse(new_text, tree.language, next_number())
    if nests_without_measure(new_text, tree.language):
        return None
    return _caught_up(tree, len(old_text), edits, seconds)


def refreshed(tree: SyntaxTree, seconds: float = LONGEST_PARSE) -> SyntaxTree:
    """The tree with its last edits parsed; as it is where that takes longer."""
    if not tree.is_stale or not seconds:
        return tree
    found = _caught_up(tree, len(tree.source.text), (), seconds)
    return replace(tree, tried_as=_GIVEN_UP) if found is None else found


def _caught_up(
    tree: SyntaxTree, old_length: int, edits: tuple[Edit, ...], seconds: float
) -> SyntaxTree | None:
    """The tree with its last edits parsed in time, or as it is; ``None`` where they do harm.

    Nothing is done here but what the parser process has done before. Where that has another tree,
    or none any more, all of the text is parsed anew in both: in a pause, if there is no time now.
    """
    if tree.tried_as == _GIVEN_UP:
        return None
    number, text = next_number(), tree.source.text
    try:
        is_parsed = for_documents().try_edits(
            tree.tried_as, old_length, edits, number, text, tree.language, seconds
        )
    except LookupError:
        if seconds < LONGEST_PARSE:
            return replace(tree, tried_as=0)
        return _parse(text, tree.language, number)
    if is_parsed is None:
        return None
    if not is_parsed:
        return replace(tree, tried_as=number)
    found = in_process_parsing.caught_up(tree, seconds)
    return replace(found, tried_as=0 if found.is_stale else number)


def first_error(tree: SyntaxTree, span: Span) -> int:
    """Where the first thing in a span stands that was not parsed; its start where all was."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    waiting = [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        if (node.type == "ERROR" or node.is_missing) and start <= node.start_byte <= end:
            return tree.source.to_offset(node.start_byte)
        if node.has_error:
            waiting.extend(reversed(node.children))
    return span.start


def enclosing_definition(tree: SyntaxTree, text: str, span: Span) -> Span | None:
    """The innermost function, method, class or the like that holds all of ``span``.

    Its decorators, attributes and ``export`` are part of it. ``None`` at the top level.
    """
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    for node in ancestors(tree.tree.root_node, start, end):
        if is_definition(node, tree.language):
            whole = with_attributes(node)
            return Span(tree.source.to_offset(whole[0]), tree.source.to_offset(whole[1]))
    return None


def items_around(tree: SyntaxTree, text: str, offset: int) -> Span:
    """The top-level items on both sides of ``offset``, and the ones beside those, in whole lines.

    All of the text where the tree does not tell.
    """
    root = tree.tree.root_node
    left, right = text[:offset].rstrip(), text[offset:].lstrip()
    start, end = 0, len(text)
    if root.type == "ERROR":
        return Span(start, end)
    first = _item(root, tree.source.to_byte(len(left) - 1)) if left else None
    last = _item(root, tree.source.to_byte(len(text) - len(right))) if right else None
    if first is not None and (before := first.prev_sibling) is not None:
        start = line_start(text, tree.source.to_offset(before.start_byte))
    if last is not None and (behind := last.next_sibling) is not None:
        end = line_end(text, tree.source.to_offset(behind.end_byte))
    return _widened(text, Span(start, end))


_BEGINS_ITEM = re.compile(r"^[^\s)\]}]", re.MULTILINE)


def _widened(text: str, span: Span) -> Span:
    """The span up to lines that stand at the margin: what is broken seems to end its item early."""
    start = span.start
    while start and text[start : start + 1] in " \t\r\n)]}":
        start = line_start(text, start - 1)
    found = _BEGINS_ITEM.search(text, span.end + 1)
    return Span(start, max(found.start() - 1 if found else len(text), span.end))


def definition_names(tree: SyntaxTree, text: str, span: Span | None = None) -> tuple[str, ...]:
    """Names of what is defined in ``span`` (everywhere without it), in the order of the text."""
    start = tree.source.to_byte(span.start) if span else 0
    end = tree.source.to_byte(span.end) if span else tree.source.to_byte(len(text))
    source = tree.source.data
    nodes = _between(tree.tree.root_node, start, end)
    names = (name_of(node) for node in nodes if is_definition(node, tree.language))
    return tuple(
        source[name.start_byte : name.end_byte].decode("utf-8", "replace")
        for name in names
        if name is not None and start <= name.start_byte and name.end_byte <= end
    )


def imports(tree: SyntaxTree, text: str) -> tuple[Span, ...]:
    """What stands at the top level and brings in names: imports, includes, uses, the package."""
    return tuple(
        Span(tree.source.to_offset(node.start_byte), tree.source.to_offset(node.end_byte))
        for node in tree.tree.root_node.children
        if node.type in IMPORTS
    )


def is_in_string_or_comment(tree: SyntaxTree, text: str, offset: int) -> str | None:
    """``"string"`` or ``"comment"`` where a character typed at ``offset`` would be part of one.

    Code interpolated into a string is code: ``None``. A string that is not closed yet is told by
    its quote.
    """
    at = tree.source.to_byte(offset)
    left = max(at - 1, 0)
    root = tree.tree.root_node
    for node in ancestors(root, left, at):
        if node.type in INTERPOLATIONS and node.start_byte < at < node.end_byte:
            return None
        if node.type in STRINGS and node.start_byte < at < node.end_byte:
            return "string"
    source = tree.source.data
    broken = tree.is_stale
    # A line comment ends where the cursor stands, so it is looked for on the left.
    for node in ancestors(root, left, left):
        if node.type in COMMENTS and _reaches(source, node, at):
            return "comment"
        broken = broken or (node.has_error and node.id != root.id)
    return "string" if broken and _open_quote(text[line_start(text, offset) : offset]) else None


def opens_block(tree: SyntaxTree | None, text: str, offset: int, language: str) -> bool:
    """Does the code just before ``offset`` begin a block (``{``, Python's ``:``, ``then``, ...)?

    Spaces and line ends between the two do not count. Without a tree, strings are taken for code.
    """
    end = len(text[max(offset - 2000, 0) : offset].rstrip()) + max(offset - 2000, 0)
    if tree is not None and is_in_string_or_comment(tree, text, end):
        return False
    return lexical.opens_block(text[line_start(text, end) : end], language)


def _item(root: Any, at: int) -> Any | None:
    """The child of the root at a byte."""
    around = ancestors(root, at, at)
    return around[-2] if len(around) > 1 else None


def _between(root: Any, start: int, end: int) -> Iterator[Any]:
    """All nodes that touch the bytes ``start:end``, parents first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.start_byte < end and node.end_byte > start:
            yield node
            waiting.extend(reversed(node.named_children))


def _reaches(source: bytes, node: Any, at: int) -> bool:
    """Is ``at`` inside the comment, or at the open end of one that a line end closes?"""
    if node.start_byte < at < node.end_byte:
        return True
    comment = source[node.start_byte : node.end_byte]
    closed = comment.endswith((b"*/", b"-->", b"]]", b"\n"))
    return at == node.end_byte and not closed


def _open_quote(line: str) -> bool:
    """Does a quote stand open at the end of the line?"""
    quote = ""
    escaped = False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
    return bool(quote)
