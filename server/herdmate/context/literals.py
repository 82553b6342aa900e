"""What programs say: string literals with several words, which no refactoring should lose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from herdmate.context.languages import COMMENTS, STRINGS
from herdmate.context.preserved_tokens import is_docstring
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

_FEWEST_WORDS = 3
_WORD = re.compile(r"\w{2,}")
_PLACEHOLDER = re.compile(r"\{[\w.!:\[\]]{0,80}\}")
"""Where a value goes: what is in the braces is code, or a name for it."""

_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.){0,300}\"|'(?:[^'\\\n]|\\.){0,300}'")
_COMMENT = re.compile(r"^[ \t]*(?://|#|--|;|%|\*).*$", re.MULTILINE)
_KEPT = 0.5
"""The share of its words that a literal keeps when it is put together in another way."""

_FEW_LINES = 3
_LINES_KEPT = 0.8

_MOST = 500
"""Literals compared; more of them can be lost only together."""


def lost_literals(
    before: SyntaxTree, span: Span, after: SyntaxTree, new_span: Span, new_text: str
) -> tuple[str, ...]:
    """The literals of several words in a span that the new code neither has nor puts otherwise.

    Python's docstrings are documentation, not literals.
    """
    code = new_text[new_span.start : new_span.end]
    return _lost(literals(before, span), literals(after, new_span), code)


def lost_texts(old: str, new: str) -> tuple[str, ...]:
    """The same for code without a tree, in which strings are recognised on each line."""
    before, after = (_STRING.findall(_COMMENT.sub("", code)) for code in (old, new))
    return _lost(before, after, new)


def _lost(old: Sequence[str], new: Sequence[str], code: str) -> tuple[str, ...]:
    known, kept = frozenset(old), frozenset(new)
    gone = [text for text in dict.fromkeys(old) if text not in kept and _counts(text)]
    others = [frozenset(_WORD.findall(text)) for text in dict.fromkeys(new) if text not in known]
    lines = _lines(code)
    return tuple(text for text in gone[:_MOST] if _is_lost(text, others[:_MOST], lines))


def _counts(text: str) -> bool:
    return len(_words(text)) >= _FEWEST_WORDS


def _words(text: str) -> list[str]:
    return _WORD.findall(_PLACEHOLDER.sub(" ", text))


def literals(tree: SyntaxTree, span: Span) -> tuple[str, ...]:
    """The string literals in a span, in text order."""
    start, end = tree.source.to_byte(span.start), tree.source.to_byte(span.end)
    found: list[str] = []
    waiting: list[tuple[Any, Any | None]] = [(tree.tree.root_node, None)]
    while waiting:
        node, parent = waiting.pop()
        if node.start_byte >= end or node.end_byte <= start or node.type in COMMENTS:
            continue
        if is_docstring(node, parent, tree):
            continue
        if node.type in STRINGS:
            text = tree.source.text_of(node)
            found.append(text)
            continue
        waiting += [(child, node) for child in reversed(node.children)]
    return tuple(found)


def _is_lost(text: str, others: Sequence[frozenset[str]], lines: frozenset[str]) -> bool:
    """Is a literal's text gone? One of several lines is a text of its own, which stays as it is."""
    own, rows = frozenset(_words(text)), _lines(text)
    if len(rows) > _FEW_LINES:
        return len(rows & lines) < _LINES_KEPT * (len(rows) - 2)  # the first and last have quotes
    return all(len(own & words) < _KEPT * len(own) for words in others)


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.splitlines() if line.strip())
