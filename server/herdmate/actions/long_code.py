"""Code that is too long to be explained at once: its outline, then its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, takewhile

from herdmate.actions.target import lines_of
from herdmate.context import chunks, outline, syntax, syntax_queries
from herdmate.errors import SelectionError
from herdmate.text import LINE_BREAK, Document, Selection, Span, rows_of

_MINIFIED_LINE = 250
"""Characters of an average line; people write none of this length."""

_SPACES = 0.12
"""The share of spaces; prose has more in its long lines."""

_LEAST_MINIFIED = 1_000  # characters

_PART = 1_000
"""Tokens of code that a few sentences can explain."""

MOST_PARTS = 12
"""Sections of an explanation, at most."""

_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Section:
    """Code to explain, after a heading in Markdown."""

    heading: str
    code: Selection


def refuse_minified(target: Selection) -> None:
    """Raise ``SelectionError`` for code that no person has written so."""
    text = target.text
    lines = [line for line in LINE_BREAK.split(text) if line.strip()]
    spaces = sum(map(str.isspace, text))
    is_long = len(text) >= max(_LEAST_MINIFIED, _MINIFIED_LINE * len(lines))
    if is_long and spaces < _SPACES * len(text):
        raise SelectionError(
            f"This code is minified ({len(text) // len(lines)} characters per line), so the "
            "model cannot explain it; ask about the original source."
        )


def cut_up(target: Selection, tokens: int, most: int) -> tuple[Section, ...]:
    """The sections that explain a target of so many tokens, each of which has at most ``most``.

    Reads the syntax tree.
    """
    document, per_character = target.document, tokens / len(target.text)
    tree = syntax.fresh_tree_of(document)
    size = min(max(_PART, tokens // MOST_PARTS + _PART // 2), most)
    spans = _spans(tree, target, size / per_character, most / per_character)
    shown, left_out = spans[:MOST_PARTS], spans[MOST_PARTS:]
    sections = [
        Section(f"\n\n### {_place(document, span)}{_names(tree, span)}\n\n",
                Selection(document, span))
        for span in shown
    ]  # fmt: skip
    if whole := _outline(tree, target, int(min(_PART, most) / per_character)):
        sections.insert(0, Section("", whole))
    many = f"{len(rows_of(document.text, target.span)):,} lines"
    said = f"*{many} are too many to read at once, so each part is explained separately.*\n\n"
    if left_out:
        rest = Span(left_out[0].start, left_out[-1].end)
        said += f"*{_place(document, rest)} are left out; select them to go on.*\n\n"
    first = sections[0]
    return (replace(first, heading=said + first.heading.lstrip()), *sections[1:])


def _spans(
    tree: syntax.SyntaxTree | None, target: Selection, characters: float, most: float
) -> list[Span]:
    """Whole lines, as many in each part as fit, cut between definitions where they fit."""

    def fits(room: float) -> chunks.Fits:
        return lambda span: span.end - span.start <= 0.9 * room

    for room in (characters, most):
        found = chunks.parts(tree, target.span, fits(room)) if tree is not None else None
        if found:
            return [lines_of(target.document, span).span for span in found]
    return list(_runs(target, int(0.9 * characters)))


def _runs(target: Selection, characters: int) -> Iterator[Span]:
    """Runs of lines, cut at a blank line if there is one in the second half; long lines are cut."""
    text, start, end = target.document.text, target.span.start, target.span.end
    while start < end:
        stop = min(start + characters, end)
        if stop < end:
            ends = [found.end() for found in LINE_BREAK.finditer(text, start, stop)]
            blank = [
                at for at in ends if at > start + characters // 2 and text[at : at + 1] in "\r\n"
            ]
            stop = (blank or ends or [stop])[-1]
        if text[start:stop].strip():
            yield Span(start, stop)
        start = stop


def _outline(
    tree: syntax.SyntaxTree | None, target: Selection, characters: int
) -> Selection | None:
    """The heads of the target's definitions as code of their own, as many as have room.

    Members are left out if there is none for all.
    """
    if tree is None:
        return None
    start, end = (tree.source.to_byte(at) for at in (target.span.start, target.span.end))
    heads = [
        head for head in outline.heads(tree, target.document.text)
        if start <= head.start and head.end <= end
    ]  # fmt: skip
    is_long = sum(len(head.text) for head in heads) > characters
    chosen = [head.text for head in heads if not (is_long and head.holder)]
    room = takewhile(lambda used: used <= characters, accumulate(map(len, chosen)))
    text = "".join(chosen[: len(list(room))])
    if not text:
        return None
    document = replace(target.document, text=text, tree=None, supposed=None)
    return Selection(document, Span(0, len(text)))


def _names(tree: syntax.SyntaxTree | None, span: Span) -> str:
    """The definitions in a span, without those inside others, after a colon."""
    names: dict[str, None] = {}
    end = span.start
    for name, place in syntax_queries.named_definitions(tree, span) if tree else ():
        if end <= place.start and place.end <= span.end:
            names[name] = None
            end = place.end
    known = [f"`{name}`" for name in names if "`" not in name]
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f": {', '.join(known[:_MOST_NAMES])}{more}" if known else ""


def _place(document: Document, span: Span) -> str:
    first, last = _lines(document, span)
    return f"Line {first:,}" if first == last else f"Lines {first:,} to {last:,}"


def _lines(document: Document, span: Span) -> tuple[int, int]:
    """The first and the last line of a span, from 1."""
    rows = rows_of(document.text, span)
    return rows.start + 1, rows.stop
