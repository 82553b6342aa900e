"""Parses in the current process: only text that ``parser_client`` has tried before.

Grammars are native code by many authors. Some text makes them crash, run for minutes or end the
process, so only ``syntax`` and ``parser_worker`` call this.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from herdmate.context.grammars import LONGEST_PARSE, parse_bytes
from herdmate.context.source import Source, source_of, utf_8
from herdmate.text import Edit


@dataclass(frozen=True, slots=True, eq=False)
class SyntaxTree:
    """The syntax of one text. Its fields are for this package only.

    ``is_stale``: the last edits have not been parsed yet; old nodes have only moved with them.
    ``tried_as`` is the number under which the parser process keeps the same tree, 0 if it does not;
    ``untold`` are the latest edits, in order, that its tree still lacks.
    ``later`` has an item once the tree has been told of edits that this text lacks.
    """

    language: str
    tree: Any
    source: Source
    is_stale: bool = False
    tried_as: int = 0
    untold: tuple[Edit, ...] = ()
    later: list[None] = field(default_factory=list)

    @property
    def is_moved_on(self) -> bool:
        """Have its nodes moved with edits that its text lacks? If so, their positions are wrong."""
        return bool(self.later)


def parsed(text: str, language: str, seconds: float = LONGEST_PARSE) -> SyntaxTree | None:
    """The tree of a text; ``None`` if there is no grammar or time runs out."""
    source = source_of(text)
    tree = parse_bytes(language, source.data, seconds=seconds)
    return None if tree is None else SyntaxTree(language, tree, source)


def told(tree: SyntaxTree, edits: tuple[Edit, ...]) -> SyntaxTree:
    """The tree adjusted to edits but not parsed again. ``tree`` must not be used afterwards."""
    source = tree.source
    for edit in edits:
        after = source.edited(edit)
        _tell(tree.tree, source, edit, after)
        source = after
    tree.later.append(None)
    return replace(tree, source=source, is_stale=True, later=[])


def caught_up(tree: SyntaxTree, seconds: float) -> SyntaxTree:
    """The tree with its last edits parsed; unchanged if that takes longer than ``seconds``."""
    if not tree.is_stale or not seconds:
        return tree
    found = parse_bytes(tree.language, tree.source.data, tree.tree, seconds)
    return tree if found is None else replace(tree, tree=found, is_stale=False)


def error_count(tree: SyntaxTree) -> int:
    """How many places could not be parsed, plus how many tokens are missing."""
    count = 0
    waiting = [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        count += node.type == "ERROR" or node.is_missing
        if node.has_error:
            waiting.extend(node.children)
    return count


def _tell(tree: Any, before: Source, edit: Edit, after: Source) -> None:
    start, row, column = edit.span.start, *before.point(edit.span.start)
    end, new_end = edit.span.end, start + len(edit.new_text)
    tree.edit(
        start_byte=before.to_byte(start),
        old_end_byte=before.to_byte(end),
        new_end_byte=after.to_byte(new_end),
        start_point=(row, column),
        old_end_point=_further((row, column), before.text[start:end]),
        new_end_point=_further((row, column), edit.new_text),
    )


def _further(point: tuple[int, int], text: str) -> tuple[int, int]:
    """The point at the end of a text that begins at ``point``."""
    rows, last = text.count("\n"), len(utf_8(text[text.rfind("\n") + 1 :]))
    return (point[0] + rows, last) if rows else (point[0], point[1] + last)
