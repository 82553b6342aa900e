"""Definitions by what their lines look like, in languages whose trees do not tell, or without one.

A definition begins on a line that looks like its head, and ends with the line that closes it: the
last bracket, an ``end`` in the same column, or the last line that is further right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from herdmate.context.definition_at import Found, widened
from herdmate.context.languages import WITHOUT_FUNCTIONS, line_comment
from herdmate.context.lexical import brackets, code_language
from herdmate.text import LINE_BREAK, Span, line_end, line_start

_MOST_LINES = 20_000
_MOST_ABOVE = 50
_MOST_OF_A_DEFINITION = 2_000  # lines
_MOST_STEPS = 1_000_000
_UNKNOWN = -1
_CLOSES = re.compile(r"end|[)}]")

_SCRIPT = (
    r"(?:export |default |async |abstract )*(?:function\b|class\b|interface\b|enum\b)|"
    r"(?:export )?(?:const|let|var) [\w$]+(?![\w$])[^=\n]*= *"
    r"(?:async )?(?:function\b|\(|[\w$]+ *=>)|"
    r"(?:<script\b|<template\b|<style\b)"
)
_DART = (
    r"(?:abstract |final |sealed |base )*(?:class|mixin|enum|extension)\b|"
    r"(?!(?:return|else|if|for|while|switch|await|throw|import|export|part|new|assert|yield)\b)"
    r"(?:[\w<>,?\[\]]+ )+[\w$]+\([^;]*$|"
    r"(?:[\w<>,?\[\]]+ )+[\w$]+\([^;=]*\) *=>"
)
_HEADS = {
    "clojure": r"\(",
    "dart": _DART,
    "elixir": r"(?:def(?:module|p|macrop?|protocol|impl|struct)?)\b",
    "markdown": r"#{1,6} ",
    "lua": r"(?:local )?function\b|(?:local )?[\w.]+ *= *function\b",
    "powershell": r"(?i:function|filter|class|enum|workflow)\s",
    "r": r"[\w.]+ *(?:<-|=) *function *\(",
    "scss": r"(?:[.#&:*\[\w@%>+~]).*\{\s*$",
    "sql": r"(?i:create|select|insert|update|delete|alter|drop|with|merge|grant|begin)\b",
    "svelte": _SCRIPT,
    "swift": r"(?:[\w()]+ )*(?:func|class|struct|enum|protocol|extension|actor)\b|init\b",
    "vue": _SCRIPT,
    "yaml": r"(?:- )?(?:[\w./$@*\"'-][^:#\n]*):(?:\s|$)|- ",
    "zig": r"(?:pub |export |inline )*fn\b|(?:pub )?const \w+ = (?:packed |extern )*"
    r"(?:struct|enum|union)\b|test\b",
}
_ATTRIBUTES = {
    **dict.fromkeys(["dart", "swift"], r"@\w"),
    "elixir": r"@(?:doc|spec|impl|deprecated|since|typedoc)\b",
}
_BY_END = {"elixir", "lua"}
_BY_INDENTATION = {"yaml"}
_BY_STATEMENT = {"sql"}
_BY_LEVEL = {"markdown"}
_FENCE = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})")
_TAGS = re.compile(r"<(?P<tag>script|template|style)\b")
_CONTAINERS = re.compile(
    r"defmodule|defprotocol|defimpl|.*\b(?:class|struct|enum|protocol|extension|mixin)\b|<"
)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    span: Span

    @property
    def width(self) -> int:
        return len(self.text) - len(self.text.lstrip())


def is_known(language: str) -> bool:
    """Are definitions of a language found by their lines?"""
    return language in _HEADS


def lexical_definition_at(text: str, language: str, span: Span) -> Span | None:
    """The innermost definition whose lines hold those of ``span``; ``None`` if there is none."""
    found = _all(text, language)
    around = _innermost(found, span)
    start, end = line_start(text, span.start), line_end(text, span.end)
    if around is not None and around.is_container and not text[start:end].strip():
        before = len(text[: span.start].rstrip())
        around = _innermost(found, Span(before, before)) or around
    return None if around is None else around.span


def lexically_untorn(text: str, language: str, span: Span) -> Span:
    """A span, widened to hold definitions of which it has most lines: see ``untorn``."""
    if language in _BY_LEVEL:
        return span
    found = _all(text, language)
    return widened(text, span, lambda at: _innermost(found, Span(at, at)))


@lru_cache(maxsize=1)
def _all(text: str, language: str) -> tuple[Found, ...]:
    """All definitions, which are asked for several times at each selection in a text."""
    return tuple(definitions(text, language))


def forget_text() -> None:
    """Drop the text that was searched last."""
    _all.cache_clear()


def _innermost(found: Sequence[Found], span: Span) -> Found | None:
    around = (
        item for item in found if item.lines.start <= span.start and span.end <= item.lines.end
    )
    return min(around, key=lambda item: item.lines.end - item.lines.start, default=None)


def kinds_at(text: str, language: str, span: Span) -> frozenset[str]:
    """Which of ``"definition"`` and ``"function"`` are around a span."""
    if not is_known(language) or lexical_definition_at(text, language, span) is None:
        return frozenset()
    return frozenset(
        {"definition"} if language in WITHOUT_FUNCTIONS else {"definition", "function"}
    )


def definitions(text: str, language: str) -> Iterator[Found]:
    """The definitions of a text, in order, outer ones before those in them."""
    head = re.compile(_HEADS[language])
    lines = _lines(text)
    has_brackets = language not in _BY_END | _BY_INDENTATION | _BY_LEVEL
    closed = dict(_pairs(text, language)) if has_brackets else {}
    done = -1
    fenced = _rows_in_fences(lines) if language in _BY_LEVEL else frozenset()
    for row, line in enumerate(lines):
        said = line.text.lstrip() if row not in fenced else ""
        is_nested = line.width > 0
        if row <= done or head.match(said) is None or (language == "clojure" and is_nested):
            continue
        end = _end(lines, row, language, closed, fenced)
        if language in _BY_STATEMENT:
            done = end
        if end == _UNKNOWN or (end == row and is_nested and language in _BY_INDENTATION):
            continue
        first = _first_attribute(lines, row, language)
        top = _first_comment(lines, first, language)
        yield Found(
            Span(lines[first].span.start, lines[end].span.end),
            Span(lines[top].span.start, lines[end].span.end),
            _CONTAINERS.match(said) is not None,
        )


def _lines(text: str) -> list[_Line]:
    found, start = [], 0
    for line_break in LINE_BREAK.finditer(text):
        found.append(_Line(text[start : line_break.start()], Span(start, line_break.start())))
        start = line_break.end()
        if len(found) >= _MOST_LINES:
            return found
    return [*found, _Line(text[start:], Span(start, len(text)))]


def _pairs(text: str, language: str) -> Iterator[tuple[int, int]]:
    """The offset of each opening bracket, and that of the one that closes it."""
    open_: list[int] = []
    for at, char in brackets(text, code_language(language)):
        if char in "([{":
            open_.append(at)
        elif open_:
            yield open_.pop(), at


def _end(
    lines: list[_Line], row: int, language: str, closed: dict[int, int], fenced: Set[int]
) -> int:
    """The row of the last line of a definition."""
    reach = min(_MOST_STEPS // len(lines), _MOST_OF_A_DEFINITION)
    most = min(row + reach, len(lines))
    if tag := _TAGS.match(lines[row].text.lstrip()):
        ends = (at for at in range(row, most) if f"</{tag['tag']}>" in lines[at].text)
        return next(ends, row)
    if language in _BY_INDENTATION:
        return _end_by_indentation(lines, row, most)
    if language in _BY_LEVEL:
        return _end_by_level(lines, row, most, fenced)
    if language in _BY_END:
        return _end_by_word(lines, row, most)
    if language in _BY_STATEMENT:
        return _end_of_statement(lines, row, most)
    return _end_by_brackets(lines, row, most, closed)


def _end_by_indentation(lines: list[_Line], row: int, most: int) -> int:
    last = row
    for at in range(row + 1, most):
        said = lines[at].text.strip()
        is_item = lines[at].width == lines[row].width and said.startswith("- ")
        own = is_item and not lines[row].text.lstrip().startswith("- ")
        if said and lines[at].width <= lines[row].width and not own:
            return last
        last = at if said and not said.startswith("#") else last
    return last if most == len(lines) else _UNKNOWN


def _end_by_level(lines: list[_Line], row: int, most: int, fenced: Set[int]) -> int:
    """The last line of text before the next heading that is not further down."""
    level = len(lines[row].text) - len(lines[row].text.lstrip("#"))
    last = row
    for at in range(row + 1, most):
        marks = len(lines[at].text) - len(lines[at].text.lstrip("#"))
        is_heading = at not in fenced and lines[at].text[marks : marks + 1] == " "
        if is_heading and 0 < marks <= level:
            return last
        last = at if lines[at].text.strip() else last
    return last if most == len(lines) else _UNKNOWN


def _rows_in_fences(lines: Sequence[_Line]) -> frozenset[int]:
    found, marks = set(), ""
    for row, line in enumerate(lines):
        fence = _FENCE.match(line.text)
        if marks:
            found.add(row)
            marks = "" if fence and fence["marks"].startswith(marks) else marks
        elif fence:
            marks = fence["marks"]
    return frozenset(found)


def _end_by_word(lines: list[_Line], row: int, most: int) -> int:
    """The ``end`` in the column of the head; the head itself if all of it is on one line."""
    for at in range(row + 1, most):
        said = lines[at].text.strip()
        if said and lines[at].width <= lines[row].width:
            if lines[at].width == lines[row].width and _CLOSES.match(said):
                return at
            return at - 1 if _goes_on(lines[row].text) else row
    return row if most == len(lines) else _UNKNOWN


def _goes_on(line: str) -> bool:
    return line.rstrip().endswith((",", "do:", "->", "="))


def _end_of_statement(lines: list[_Line], row: int, most: int) -> int:
    """The line that ends with a semicolon outside ``$$`` and ``begin`` … ``end``."""
    is_quoted, depth = False, 0
    is_routine = re.match(r"\s*(?i:create)\b.*\b(?i:function|procedure|trigger)\b", lines[row].text)
    for at in range(row, most):
        line = lines[at].text.split("--")[0]
        is_quoted ^= line.count("$$") % 2 == 1
        words = re.findall(r"\w+", line.lower())
        if is_routine and not is_quoted:
            depth += words.count("begin") + words.count("case") - ("end" in words[:1])
        if line.rstrip().endswith(";") and not is_quoted and depth <= 0:
            return at
        if not line.strip() and not is_quoted and depth <= 0 and not is_routine:
            return max(at - 1, row)
    return most - 1


def _end_by_brackets(lines: list[_Line], row: int, most: int, closed: dict[int, int]) -> int:
    """The line on which the brackets that begin on the head, or directly below it, are closed."""
    at, end = -1, row
    while at < end:
        at, span = end, lines[end].span
        far = max((closed.get(place, 0) for place in range(span.start, span.end)), default=0)
        while end < most - 1 and lines[end].span.end < far:
            end += 1
    if end == row and row + 1 < most and lines[row + 1].text.strip() == "{":
        return _end_by_brackets(lines, row + 1, most, closed)
    return end


def _first_attribute(lines: list[_Line], row: int, language: str) -> int:
    if language not in _ATTRIBUTES:
        return row
    attribute, first = re.compile(_ATTRIBUTES[language]), row
    for at in range(row - 1, max(row - _MOST_ABOVE, -1), -1):
        said = lines[at].text.lstrip()
        if attribute.match(said):
            first = at
        elif not said or lines[at].width < lines[row].width or not _is_within_doc(lines, at):
            break
    return first


def _is_within_doc(lines: list[_Line], row: int) -> bool:
    """Is a line inside a documentation string of several lines, as in Elixir?"""
    marks = sum(line.text.count('"""') for line in lines[max(row - _MOST_ABOVE, 0) : row + 1])
    return marks % 2 == 1 or '"""' in lines[row].text


def _first_comment(lines: list[_Line], row: int, language: str) -> int:
    mark = line_comment(code_language(language)) or {"clojure": ";", "zig": "//"}.get(
        language, "//"
    )
    if language in ("swift", "dart", "scss", "vue", "svelte"):
        mark = "//"
    first = row
    for at in range(row - 1, max(row - _MOST_ABOVE, -1), -1):
        said = lines[at].text.strip()
        if not said.startswith((mark, "/*", "*", "<!--")) and not said.endswith("*/"):
            break
        first = at
    return first
