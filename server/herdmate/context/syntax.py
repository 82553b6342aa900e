"""Syntax trees of documents: parse, follow edits, and ask what stands where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from herdmate.context.definitions import is_definition, name_of, with_attributes
from herdmate.context.grammars import parse_bytes
from herdmate.context.languages import COMMENTS, IMPORTS, INTERPOLATIONS, STRINGS
from herdmate.text import Document, Edit, Span, line_end, line_start

LARGEST_TEXT = 600_000
"""Characters. A first parse takes a quarter to a whole second for a million; all else waits."""


@dataclass(frozen=True, slots=True, eq=False)
class SyntaxTree:
    """The syntax of one text. What it holds is for this module only."""

    language: str
    tree: Any


def parse(text: str, language: str) -> SyntaxTree | None:
    """The syntax tree of a text, or ``None``.

    ``None`` where no grammar for the LSP language id is installed, where the text has more than
    ``LARGEST_TEXT`` characters, and where it was not parsed within a second.
    """
    if len(text) > LARGEST_TEXT:
        return None
    tree = parse_bytes(language, _bytes(text))
    return None if tree is None else SyntaxTree(language, tree)


def tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries; a fresh parse where it carries none."""
    if isinstance(document.tree, SyntaxTree):
        return document.tree
    return parse(document.text, document.language)


def fresh_tree_of(document: Document) -> SyntaxTree | None:
    """The tree that a document carries if no edit has moved that on, else a fresh parse."""
    tree = document.tree
    if isinstance(tree, SyntaxTree) and not tree.tree.root_node.has_changes:
        return tree
    return parse(document.text, document.language)


def edited(
    tree: SyntaxTree, old_text: str, edits: tuple[Edit, ...], new_text: str
) -> SyntaxTree | None:
    """The tree of ``new_text``, parsed anew only where ``old_text`` was edited.

    ``edits`` come in the order of LSP's ``didChange``: each refers to the text that those before it
    left. ``tree`` is moved on and must not be used any more. Where the edits do not lead from
    ``old_text`` to ``new_text`` the answer is a fresh parse; ``None`` as with ``parse``.
    """
    text = old_text
    for edit in edits:
        changed = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
        _tell(tree.tree, text, edit, changed)
        text = changed
    if text != new_text or len(new_text) > LARGEST_TEXT:
        return parse(new_text, tree.language)
    moved_on = parse_bytes(tree.language, _bytes(new_text), tree.tree)
    return None if moved_on is None else SyntaxTree(tree.language, moved_on)


def error_count(tree: SyntaxTree) -> int:
    """How many places could not be parsed, and how many tokens had to be supposed."""
    count = 0
    waiting = [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        count += node.type == "ERROR" or node.is_missing
        if node.has_error:
            waiting.extend(node.children)
    return count


def enclosing_definition(tree: SyntaxTree, text: str, span: Span) -> Span | None:
    """The innermost function, method, class or the like that holds all of ``span``.

    Its decorators, attributes and ``export`` are part of it. ``None`` at the top level.
    """
    start, end = _to_bytes(text, span.start), _to_bytes(text, span.end)
    for node in _upwards(tree.tree.root_node.descendant_for_byte_range(start, end)):
        if is_definition(node, tree.language):
            whole = with_attributes(node)
            return Span(_to_offset(text, whole[0]), _to_offset(text, whole[1]))
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
    first = _item(root, _to_bytes(text, len(left) - 1)) if left else None
    last = _item(root, _to_bytes(text, len(text) - len(right))) if right else None
    if first is not None and (before := first.prev_sibling) is not None:
        start = line_start(text, _to_offset(text, before.start_byte))
    if last is not None and (behind := last.next_sibling) is not None:
        end = line_end(text, _to_offset(text, behind.end_byte))
    return Span(start, end)


def definition_names(tree: SyntaxTree, text: str, span: Span | None = None) -> tuple[str, ...]:
    """Names of what is defined in ``span`` (everywhere without it), in the order of the text."""
    start = _to_bytes(text, span.start) if span else 0
    end = _to_bytes(text, span.end) if span else _to_bytes(text, len(text))
    source = _bytes(text)
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
        Span(_to_offset(text, node.start_byte), _to_offset(text, node.end_byte))
        for node in tree.tree.root_node.children
        if node.type in IMPORTS
    )


def is_in_string_or_comment(tree: SyntaxTree, text: str, offset: int) -> str | None:
    """``"string"`` or ``"comment"`` where a character typed at ``offset`` would be part of one.

    Code interpolated into a string is code: ``None``. A string that is not closed yet is told by
    its quote.
    """
    at = _to_bytes(text, offset)
    left = max(at - 1, 0)
    find = tree.tree.root_node.descendant_for_byte_range
    for node in _upwards(find(left, at)):
        if node.type in INTERPOLATIONS and node.start_byte < at < node.end_byte:
            return None
        if node.type in STRINGS and node.start_byte < at < node.end_byte:
            return "string"
    source = _bytes(text)
    broken = False
    # A line comment ends where the cursor stands, so it is looked for on the left.
    for node in _upwards(find(left, left)):
        if node.type in COMMENTS and _reaches(source, node, at):
            return "comment"
        broken = broken or (node.has_error and node.parent is not None)
    return "string" if broken and _open_quote(text[line_start(text, offset) : offset]) else None


def opens_block(tree: SyntaxTree | None, text: str, offset: int) -> bool:
    """Does the code just before ``offset`` begin a block (``{``, Python's ``:``, ``then``, ...)?

    Spaces and line ends between the two do not count. Without a tree, strings and comments are
    taken for code.
    """
    end = len(text[max(offset - 2000, 0) : offset].rstrip()) + max(offset - 2000, 0)
    line = text[line_start(text, end) : end].strip()
    if not line or (tree is not None and is_in_string_or_comment(tree, text, end)):
        return False
    if line.endswith("{"):
        return True
    if line.endswith(":"):
        return tree is None or tree.language in _COLON_LANGUAGES
    words = line.replace("(", " ").split()
    if tree is None:
        return words[-1] in _BLOCK_WORDS
    return words[-1] in _BLOCK_WORDS or words[0] in _HEADERS.get(tree.language, ())


_COLON_LANGUAGES = frozenset({"python", "yaml"})
_BLOCK_WORDS = frozenset({"then", "do", "else", "begin", "repeat"})
_HEADERS = {
    "ruby": frozenset({"def", "class", "module", "if", "unless", "while", "case", "else", "begin"}),
    "lua": frozenset({"function", "local", "if", "for", "while"}),
    "julia": frozenset({"function", "struct", "module", "for", "while", "if", "begin"}),
}


def _tell(tree: Any, text: str, edit: Edit, changed: str) -> None:
    new_end = edit.span.start + len(edit.new_text)
    tree.edit(
        start_byte=_to_bytes(text, edit.span.start),
        old_end_byte=_to_bytes(text, edit.span.end),
        new_end_byte=_to_bytes(changed, new_end),
        start_point=_point(text, edit.span.start),
        old_end_point=_point(text, edit.span.end),
        new_end_point=_point(changed, new_end),
    )


def _bytes(text: str) -> bytes:
    # A lone surrogate, which JSON can carry, has no UTF-8: one byte stands for it.
    return text.encode("utf-8", "replace")


def _to_bytes(text: str, offset: int) -> int:
    return offset if text.isascii() else len(_bytes(text[:offset]))


def _to_offset(text: str, at: int) -> int:
    return at if text.isascii() else len(_bytes(text)[:at].decode("utf-8", "ignore"))


def _point(text: str, offset: int) -> tuple[int, int]:
    """Row and column in bytes; tree-sitter ends a row at ``\\n`` only."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, start), len(_bytes(text[start:offset]))


def _item(root: Any, at: int) -> Any | None:
    """The child of the root at a byte."""
    node = root.descendant_for_byte_range(at, at)
    while node is not None and node.parent is not None and node.parent.parent is not None:
        node = node.parent
    return node if node is not None and node.parent is not None else None


def _upwards(node: Any) -> Iterator[Any]:
    while node is not None:
        yield node
        node = node.parent


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
