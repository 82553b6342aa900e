"""What an action works on: the selection, or else the definition around the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import takewhile
from typing import Literal

from herdmate.context import syntax, syntax_queries
from herdmate.context.definition_at import definition_at, untorn
from herdmate.context.file_header import header_of
from herdmate.context.lexical_definitions import (
    is_known,
    lexical_definition_at,
    lexically_untorn,
)
from herdmate.errors import SelectionError
from herdmate.text import BYTE_ORDER_MARK, Document, Selection, Span, whole_lines


def resolve_target(selection: Selection, whole_definition: bool = False) -> Selection:
    """The selection as whole lines; if it is blank, the innermost definition on its lines.

    If definitions would be torn apart, the selection is widened to all of them.
    ``whole_definition``: the innermost definition, whatever is selected, or the selected lines if
    there is none. Raises ``SelectionError`` if there is nothing to work on.
    """
    definition = None
    if whole_definition or not selection.text.strip():
        definition = _definition(selection)
    return lines_of(selection.document, definition or _untorn(selection))


def targets_of(selection: Selection) -> Mapping[Literal["selection", "definition"], Selection]:
    """What actions could work on at a selection, by their ``works_on``; empty if nothing.

    With a blank selection outside any definition there is no ``selection``.
    """
    document, definition = selection.document, _definition(selection)
    untorn_span, is_blank = _untorn(selection), not selection.text.strip()
    found: dict[Literal["selection", "definition"], Selection] = {}
    with suppress(SelectionError):
        found["definition"] = lines_of(document, definition or untorn_span)
        if definition is not None or not is_blank:
            found["selection"] = lines_of(
                document, definition if definition and is_blank else untorn_span
            )
    return found


def lines_of(document: Document, span: Span) -> Selection:
    """The whole lines of a span, without blank ones at either end.

    Raises ``SelectionError`` if there are no others.
    """
    span = whole_lines(document.text, span)
    if not document.text[span.start : span.end].strip():
        raise SelectionError("Select the code first, or put the cursor inside a function.")
    return Selection(document, _without_blank_lines(document.text, span))


def _definition(selection: Selection) -> Span | None:
    document = selection.document
    if is_known(document.language):
        return lexical_definition_at(document.text, document.language, selection.span)
    if (tree := syntax.fresh_tree_of(document)) is None:
        return None
    return definition_at(tree, document.text, selection.span)


def _untorn(selection: Selection) -> Span:
    document = selection.document
    if is_known(document.language):
        return lexically_untorn(document.text, document.language, selection.span)
    tree = syntax.fresh_tree_of(document)
    return untorn(tree, document.text, selection.span) if tree else selection.span


def _without_blank_lines(text: str, span: Span) -> Span:
    """The span without blank lines at either end or a final line ending."""
    lines = text[span.start : span.end].splitlines(keepends=True)
    start = span.start + sum(map(len, takewhile(_is_blank, lines)))
    end = max(span.end - sum(map(len, takewhile(_is_blank, reversed(lines)))), start)
    kept = text[start:end]
    return Span(start, start + len(kept.rstrip("\r\n")))


def _is_blank(line: str) -> bool:
    return not line.strip()


def has_header(target: Selection) -> bool:
    """Does a target begin with imports or the like, or with what stands above them in a file?"""
    text, language, start = target.document.text, target.document.language, target.span.start
    is_first = not text[:start].removeprefix(BYTE_ORDER_MARK).strip()
    header = header_of(target.text, language, of_file=is_first)
    return bool(header.statements or header.top)


def defined_beside(target: Selection) -> frozenset[str]:
    """Names that the file defines outside the target: the model may have seen them."""
    text, span = target.document.text, target.span
    if (tree := syntax.fresh_tree_of(target.document)) is None:
        return frozenset()
    own = set(syntax_queries.definition_names(tree, text, span))
    return frozenset(syntax_queries.definition_names(tree, text)) - own
