"""Does code mean the same as before, whatever its layout, comments and needless parentheses?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from herdmate.context.languages import COMMENTS, STRINGS
from herdmate.context.preserved_tokens import is_docstring
from herdmate.context.syntax import SyntaxTree
from herdmate.text import Span

_END = "\0"  # of a node with children; no token has it


def mean_the_same(
    before: SyntaxTree, span: Span, after: SyntaxTree, new_span: Span, groups: bool = False
) -> bool:
    """Have two spans of code the same structure and tokens?

    Comments, Python's docstrings and parentheses that only group do not count; those that change
    what belongs together do, since they change the structure. ``groups``: all parentheses count.
    """
    both = zip_longest(_tokens(before, span, groups), _tokens(after, new_span, groups))
    return all(was == now for was, now in both)


def _tokens(tree: SyntaxTree, span: Span, groups: bool) -> Iterator[str]:
    """The kinds of the nodes with children, with an end for each, and the texts of all others."""
    source = tree.source
    start, end = source.to_byte(span.start), source.to_byte(span.end)
    waiting: list[tuple[Any, Any | None] | None] = [(tree.tree.root_node, None)]
    while waiting:
        if (place := waiting.pop()) is None:
            yield _END
            continue
        node, parent = place
        if node.start_byte >= end or node.end_byte <= start:
            continue
        if node.type in COMMENTS or is_docstring(node, parent, tree):
            continue
        children = node.children
        if not children or node.type in STRINGS:
            text = source.text_of(node).strip()
            if text:
                yield text
        elif node.type == "parenthesized_expression" and not groups:
            waiting += [(child, node) for child in children[::-1] if child.type not in ("(", ")")]
        else:
            yield node.type
            waiting += [None, *((child, node) for child in children[::-1])]
