"""The top of a file, and its imports, are found in time that grows with the text alone."""

from __future__ import annotations

import time

import pytest

from herdmate.context.file_header import all_imports, header_of
from herdmate.context.imported_names import imports_in

N = 10_000


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("c", "/*\n" * N),
        ("python", "'''\n" + '"""\n' * (2 * N + 1)),
        ("python", "from a import (\n" * N),
        ("typescript", "import {\n" * N),
        ("vue", "<script\n" * N),
        ("csharp", f"using{' ' * 5 * N}("),
    ],
)
def test_a_hostile_file_takes_no_longer_than_it_is(language: str, text: str) -> None:
    start = time.process_time()
    header_of(text, language)
    all_imports(text, language)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("language", "statement"),
    [("typescript", f"import a{' ' * N}from"), ("rust", f"use a::{{{'x' * 40 * N}}};")],
)
def test_a_hostile_import_takes_no_longer_than_it_is(language: str, statement: str) -> None:
    start = time.process_time()
    assert imports_in(statement, language)
    assert time.process_time() - start < 2


def test_a_comment_that_is_never_closed_hides_no_import() -> None:
    text = "/* one\n/* two\n#include <a.h>\n"
    assert [text[it.span.start : it.span.end] for it in header_of(text, "c").imports] == [
        "#include <a.h>"
    ]


def test_parts_of_a_tree_of_imports_are_told_apart() -> None:
    names = [item.name for item in imports_in("use a::{b, c::{d as e, f}, g};", "rust")]
    assert names == ["b", "e", "f", "g"]


def test_a_default_import_stands_beside_others() -> None:
    names = [item.name for item in imports_in("import a , { b as c } from 'd';", "typescript")]
    assert names == ["a", "c"]
