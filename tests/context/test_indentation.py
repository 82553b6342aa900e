"""Code put in place of other code, tried with each function and block of Herdmate's own source."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import herdmate
from herdmate.context.indentation import in_place

PACKAGE = Path(herdmate.__file__).parent


def _statements(path: Path) -> Iterator[str]:
    """The compound statements of a file, each in whole lines."""
    source = path.read_text(encoding="utf-8")
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If | ast.With | ast.For):
            continue
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", ()))])
        if not lines[first - 1].lstrip().startswith("elif"):
            yield "\n".join(lines[first - 1 : node.end_lineno])


def _in_tabs(code: str) -> str:
    return "\n".join(
        "\t" * ((len(line) - len(line.lstrip())) // 4) + line.lstrip() for line in code.split("\n")
    )


STATEMENTS = [code for path in sorted(PACKAGE.rglob("*.py")) for code in _statements(path)]


def test_there_is_something_to_try() -> None:
    assert sum(code.startswith(" ") for code in STATEMENTS) > 100


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_code_comes_back_as_it_was_however_a_model_indents_it(line_end: str) -> None:
    for code in STATEMENTS:
        original = code.replace("\n", line_end)
        for reply in (code, textwrap.dedent(code), code.lstrip(), textwrap.indent(code, "    ")):
            assert in_place(reply, original) == original


def test_spaces_become_the_tabs_of_the_file() -> None:
    for code in STATEMENTS:
        if all((len(line) - len(line.lstrip())) % 4 == 0 for line in code.split("\n")):
            assert in_place(textwrap.dedent(code), _in_tabs(code)) == _in_tabs(code)
            assert in_place(_in_tabs(textwrap.dedent(code)), code) == code
