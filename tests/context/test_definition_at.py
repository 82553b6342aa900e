"""Which definition a person means by a place in a file: golden places as data."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from herdmate.context import syntax
from herdmate.context.definition_at import definition_at, untorn
from herdmate.context.lexical_definitions import (
    is_known,
    lexical_definition_at,
    lexically_untorn,
)
from herdmate.context.syntax_queries import enclosing_definition
from herdmate.text import Span, whole_lines

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARK = re.compile(r"¦\d*")
FILES = tomllib.loads(
    (Path(__file__).parents[1] / "golden" / "targets.toml").read_text(encoding="utf-8")
)["file"]


def _places(file: dict[str, Any]) -> tuple[str, list[int]]:
    """The text without marks, and the offset of each of them."""
    text, places = file["text"], []
    while (mark := _MARK.search(text)) is not None:
        places.append(mark.start())
        text = text[: mark.start()] + text[mark.end() :]
    return text, places


def _shown(text: str, span: Span | None) -> str:
    if span is None:
        return ""
    span = whole_lines(text, span)
    lines = text[span.start : span.end].split("\n")
    return f"{lines[0].strip()} … {lines[-1].strip()}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["language"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_the_definition_that_a_person_means(file: dict[str, Any], line_end: str) -> None:
    marked = {**file, "text": file["text"].replace("\n", line_end)}
    text, places = _places(marked)
    assert len(places) == len(file["meant"])
    found = [_shown(text, _at(text, file["language"], at)) for at in places]
    assert found == file["meant"]


def _at(text: str, language: str, offset: int) -> Span | None:
    if is_known(language):
        return lexical_definition_at(text, language, Span(offset, offset))
    tree = syntax.parse(text, language)
    assert tree is not None
    return definition_at(tree, text, Span(offset, offset))


def test_there_are_enough_places() -> None:
    assert sum(len(file["meant"]) for file in FILES) >= 240


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["language"])
def test_a_selection_without_the_last_line_of_a_function_is_widened_to_it(
    file: dict[str, Any],
) -> None:
    text, places = _places(file)
    language = file["language"]
    for span in {_at(text, language, at) for at in places} - {None}:
        assert span is not None
        lines = text[span.start : span.end].split("\n")
        if len(lines) < 3 or language == "markdown":
            continue
        short = Span(span.start, span.start + len("\n".join(lines[:-1])))
        assert _untorn(text, language, short) == span
        assert _untorn(text, language, span) == span
        if lines[-1].strip()[0] in "}e":
            behind = Span(span.start + len(lines[0]) + 1, span.end)
            assert _untorn(text, language, behind) == span


def _untorn(text: str, language: str, span: Span) -> Span:
    if is_known(language):
        return lexically_untorn(text, language, span)
    tree = syntax.parse(text, language)
    assert tree is not None
    return untorn(tree, text, span)


def test_lines_of_a_body_and_a_lone_head_are_left_alone() -> None:
    text = "class A:\n    def f(self):\n        a = 1\n        b = 2\n        return a + b\n"
    tree = syntax.parse(text, "python")
    assert tree is not None
    for part in ("        a = 1\n        b = 2", "class A:", "    def f(self):", text):
        span = Span(text.index(part), text.index(part) + len(part))
        assert untorn(tree, text, span) == span


def test_half_a_class_is_not_taken_for_all_of_it() -> None:
    methods = "".join(f"    def f{at}(self):\n        return {at}\n\n" for at in range(9))
    text = f"class A:\n{methods}"
    tree = syntax.parse(text, "python")
    assert tree is not None
    span = Span(0, text.index("    def f2"))
    assert untorn(tree, text, span) == span


def test_places_all_over_a_text_are_in_what_is_found() -> None:
    for file in FILES:
        text, _ = _places(file)
        if is_known(file["language"]):
            continue
        tree = syntax.parse(text, file["language"])
        assert tree is not None
        for at in range(len(text) + 1):
            found = definition_at(tree, text, Span(at, at))
            around = enclosing_definition(tree, text, Span(at, at))
            assert around is None or found is not None
            assert found is None or text[found.start : found.end].strip()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("yaml", "".join(" " * (at % 400) + "a:\n" for at in range(20_000))),
        ("markdown", "# a\n" * 20_000),
        ("swift", "func f() {\n" * 20_000),
        ("lua", "function f()\n" * 20_000),
        ("sql", "create function f() begin\n" * 20_000),
        ("clojure", "(" * 100_000),
        ("vue", "const " + "a" * 200_000),
        ("dart", "static " * 20_000),
    ],
)
def test_the_lines_of_hostile_texts_are_read_in_time(language: str, text: str) -> None:
    started = time.process_time()
    lexical_definition_at(text, language, Span(len(text) // 2, len(text) // 2))
    assert time.process_time() - started < 5
