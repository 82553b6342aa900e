"""What an action works on: the selection, or else the definition around the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from herdmate.context import syntax, syntax_queries
from herdmate.errors import SelectionError
from herdmate.text import Selection, Span, whole_lines


def resolve_target(selection: Selection, whole_definition: bool = False) -> Selection:
    """The selection as whole lines; if it is blank, the innermost definition around it.

    ``whole_definition``: the innermost definition, whatever is selected, or the selected lines if
    there is none. Raises ``SelectionError`` if there is nothing to work on.
    """
    needs_definition = whole_definition or not selection.text.strip()
    return _lines_of(selection, _definition(selection) if needs_definition else None)


def targets_of(selection: Selection) -> Mapping[Literal["selection", "definition"], Selection]:
    """What actions could work on at a selection, by their ``works_on``; empty if nothing.

    With a blank selection outside any definition there is no ``selection``.
    """
    definition, is_blank = _definition(selection), not selection.text.strip()
    found: dict[Literal["selection", "definition"], Selection] = {}
    with suppress(SelectionError):
        found["definition"] = _lines_of(selection, definition)
        if definition is not None or not is_blank:
            found["selection"] = _lines_of(selection, definition if is_blank else None)
    return found


def _lines_of(selection: Selection, definition: Span | None) -> Selection:
    """The whole lines of a definition or else of the selection; may raise ``SelectionError``."""
    document, span = selection.document, definition or selection.span
    span = whole_lines(document.text, span)
    if not document.text[span.start : span.end].strip():
        raise SelectionError("Select the code first, or put the cursor inside a function.")
    return Selection(document, _without_blank_lines(document.text, span))


def _definition(selection: Selection) -> Span | None:
    document = selection.document
    if (tree := syntax.fresh_tree_of(document)) is None:
        return None
    return syntax_queries.enclosing_definition(tree, document.text, selection.span)


def _without_blank_lines(text: str, span: Span) -> Span:
    """The span without blank lines at either end or a final line ending."""
    lines = text[span.start : span.end].splitlines(keepends=True)
    start, end = span.start, span.end
    while lines and not lines[0].strip():
        start += len(lines.pop(0))
    while lines and not lines[-1].strip():
        end -= len(lines.pop())
    kept = text[start:end]
    return Span(start, start + len(kept.rstrip("\r\n")))
