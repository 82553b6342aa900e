"""A block of code from an explanation, put in place of the code that it is a version of."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from herdmate.actions.context import ActionContext
from herdmate.actions.question import refuse_withheld
from herdmate.actions.rewrite import Rewrite, checked
from herdmate.actions.target import lines_of, resolve_target
from herdmate.context import syntax, syntax_queries
from herdmate.context.definition_at import definition_at
from herdmate.context.languages import line_comment
from herdmate.context.withheld import without_secrets
from herdmate.errors import RefusedError, SelectionError
from herdmate.prompting.library import Action
from herdmate.prompting.template import fence_around
from herdmate.text import (
    LINE_BREAK,
    Document,
    Selection,
    Span,
    indent_of,
    line_start,
    with_line_feeds,
)

_MOST = 200_000
"""Characters of a block; more than any model writes."""


def apply_code(
    selection: Selection, code: str, action: Action, context: ActionContext, is_current: bool
) -> Rewrite:
    """The edits that put ``code`` in place.

    It takes the place of the definitions that it names, or else of the selection, which
    ``is_current`` if the document has not changed since it was explained. Raises ``RefusedError``
    if that would do harm, and ``SelectionError`` if there is no such place.
    """
    refuse_withheld(selection.document, context)
    if not code.strip() or len(code) > _MOST:
        raise SelectionError("There is no code to apply.")
    target, code = _of_names(selection, code)
    if target is None and not is_current:
        raise SelectionError("The file has changed since it was explained; explain it again.")
    fence = fence_around([code])
    if _defines_more(selection, code):
        action = replace(action, changes=(*action.changes, "new_definitions"))
    reply = f"{fence}\n{with_line_feeds(code).strip()}\n{fence}\n"
    return checked(target or _narrowed(selection, code), action, reply, finished=True)


def _defines_more(selection: Selection, code: str) -> bool:
    """Does ``code`` define a name that the document does not?"""
    document = selection.document
    tree, own = syntax.fresh_tree_of(document), syntax.parse(code, document.language)
    if tree is None or own is None:
        return False
    known = set(syntax_queries.definition_names(tree, document.text))
    return not known.issuperset(syntax_queries.definition_names(own, code))


def _of_names(selection: Selection, code: str) -> tuple[Selection | None, str]:
    """The definitions of the names that ``code`` defines: near the selection, or the only ones.

    Also the code, with what the document has between these.
    """
    document = selection.document
    tree, own = syntax.fresh_tree_of(document), syntax.parse(code, document.language)
    if tree is None or own is None:
        return None, code
    known = syntax_queries.named_definitions(tree, Span(0, len(document.text)))
    found: list[tuple[Span, Span]] = []
    end = 0
    for name, span in syntax_queries.named_definitions(own, Span(0, len(code))):
        if span.start < end:
            continue  # inside the one before
        end = span.end
        same = [place for said, place in known if said == name]
        near = [place for place in same if _overlap(place, selection.span)] or same
        if len(near) == 1:
            found.append((_with_lines_before(selection, near[0], code, tree), span))
    if not found:
        return None, code
    places = [place for place, _ in found]
    whole = Span(min(place.start for place in places), max(place.end for place in places))
    return lines_of(document, whole), _with_code_between(document, code, found)


def _with_code_between(document: Document, code: str, found: list[tuple[Span, Span]]) -> str:
    """``code``, with what a document has between definitions that have nothing between them here.

    ``found`` has the place of each in the document and in ``code``. Raises ``RefusedError`` if code
    between them would be lost all the same.
    """
    text, parts, at = without_secrets(document).text, list[str](), 0  # as the model sees it
    for (place, span), (next_place, next_span) in pairwise(found):
        theirs, own = text[place.end : next_place.start], code[span.end : next_span.start]
        if own.strip() or place.end > next_place.start:
            continue
        lines = with_line_feeds(theirs).split("\n")
        indent, was = _indent_at(code, span.start), _indent_at(text, place.start)
        moved = [indent + line.removeprefix(was) if line.strip() else "" for line in lines[1:-1]]
        parts += [code[at : span.end], "\n".join([lines[0], *moved, own.rpartition("\n")[2]])]
        at = next_span.start
    whole = "".join([*parts, code[at:]])
    kept = {line.strip() for line in whole.split("\n")}
    places = sorted((place for place, _ in found), key=lambda place: place.start)
    for place, following in pairwise(places):
        between = with_line_feeds(text[place.end : following.start]).split("\n")[1:-1]
        if any(_is_code(line, document.language) and line.strip() not in kept for line in between):
            raise RefusedError(
                "This would drop the code between the definitions, so nothing was changed; copy "
                "the parts that you want."
            )
    return whole


def _indent_at(text: str, offset: int) -> str:
    return indent_of(text[line_start(text, offset) : offset])


def _is_code(line: str, language: str) -> bool:
    marks = ("@", "/*", "*", line_comment(language) or "@")
    return bool(line.strip()) and not line.strip().startswith(marks)


def _with_lines_before(
    selection: Selection, span: Span, code: str, tree: syntax.SyntaxTree
) -> Span:
    """A definition, with its decorators and documentation if ``code`` begins with them too."""
    text = selection.document.text
    whole = definition_at(tree, text, Span(span.start, span.start)) or span
    first, *_ = LINE_BREAK.split(text[whole.start :].lstrip())
    is_same = code.lstrip().startswith(first.strip())
    return whole if is_same and whole.start < span.start and whole.end == span.end else span


def _narrowed(selection: Selection, code: str) -> Selection:
    """The lines of the selection from the first to the last line of ``code``, if it has both."""
    target = resolve_target(selection)
    lines = target.text.splitlines(keepends=True)
    own = [line.strip() for line in code.splitlines() if line.strip()]
    rows = [
        [at for at, line in enumerate(lines) if line.strip() == its] for its in (own[0], own[-1])
    ]
    if any(len(found) != 1 for found in rows) or rows[0][0] > rows[1][0]:
        return target
    start = target.span.start + sum(map(len, lines[: rows[0][0]]))
    end = target.span.start + sum(map(len, lines[: rows[1][0] + 1]))
    return lines_of(target.document, Span(start, end))


def _overlap(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end
