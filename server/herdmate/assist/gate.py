"""No completion breaks a file: what it makes of the code around is parsed before it is shown."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

from herdmate.context import syntax
from herdmate.text import Cursor

LARGEST = 40_000
"""Characters of code around the cursor up to which it is parsed: some 10 milliseconds."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The code around a cursor that a completion must not break: whole items of the top level."""

    language: str
    before: str
    after: str

    def errors_with(self, text: str, reach: int = 0) -> int:
        """How many errors the code has with a text at the cursor.

        The text also takes the place of ``reach`` characters behind the cursor.
        """
        return _errors(self.before + text + self.after[reach:], self.language)


def gate_at(cursor: Cursor) -> Gate | None:
    """What is around a cursor; ``None`` where nothing can be said about syntax.

    To be asked before the first ``await``: it reads the document's tree.
    """
    document = cursor.document
    if (tree := syntax.tree_of(document)) is None:
        return None
    span = syntax.items_around(tree, document.text, cursor.offset)
    if span.end - span.start > LARGEST:
        return None
    text = document.text
    before, after = text[span.start : cursor.offset], text[cursor.offset : span.end]
    return Gate(document.language, before, after)


def sound_part(text: str, gate: Gate | None, reach: int = 0) -> str:
    """As many whole lines of a completion, from its first, as break nothing; ``""`` for none.

    Rather fewer lines with which the code has no error at all. Where the user's own code is
    unfinished and stays so, as many as make it no worse.
    """
    if gate is None or not text or not gate.errors_with(text, reach):
        return text
    # What reaches over the text behind the cursor does so with all it has.
    parts = [text] if reach else _leading_lines(text)
    counts = [gate.errors_with(part, reach) for part in parts]
    least = min(gate.errors_with(""), *counts) if 0 in counts else gate.errors_with("")
    return next((part for part, count in zip(parts, counts, strict=True) if count <= least), "")


def _leading_lines(text: str) -> list[str]:
    """The text and what is left of it without its last lines, down to the first."""
    parts = []
    while text:
        parts.append(text)
        text = text[: max(text.rfind("\n"), 0)].rstrip()
    return parts


def _errors(code: str, language: str) -> int:
    tree = syntax.parse(code, language)
    count = syntax.error_count(tree) if tree else 0
    return count + (language == "python" and not _is_python(code))


def _is_python(code: str) -> bool:
    """What the grammar forgives, such as a body that is missing or not indented, Python does not.

    Code for another Python than this one counts as wrong with and without the completion.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
