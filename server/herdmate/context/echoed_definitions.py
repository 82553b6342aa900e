"""Definitions that a model was shown for reference and repeats in its answer."""

from __future__ import annotations

from collections.abc import Collection

from herdmate.context.definitions import is_definition, name_of, with_attributes
from herdmate.context.languages import WRAPPERS
from herdmate.context.syntax import parse
from herdmate.text import line_end


def without_echoed_definitions(code: str, language: str, known: Collection[str]) -> str:
    """The code without top-level definitions of ``known`` names, unless there are no others."""
    if not known or (tree := parse(code, language)) is None:
        return code
    data, mine, echoed = tree.source.data, 0, []
    for child in tree.tree.root_node.named_children:
        node = child
        while node.type in WRAPPERS and node.named_children:
            node = node.named_children[-1]
        if not is_definition(node, language) or (name := name_of(node)) is None:
            continue
        if data[name.start_byte : name.end_byte].decode("utf-8", "replace") in known:
            start, end = with_attributes(node)
            echoed.append((tree.source.to_offset(start), tree.source.to_offset(end)))
        else:
            mine += 1
    if not mine:
        return code
    for start, end in reversed(echoed):
        behind = code[line_end(code, end) :].lstrip("\r\n")
        code = code[:start] + behind
    return code
