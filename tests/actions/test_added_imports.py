"""Where the imports of a reply go: golden cases as data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from herdmate.actions.rewrite import checked
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span, apply_edits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[1] / "golden" / "imports.toml"
CASES = [
    pytest.param(case, id=f"{case['language']}: {case['name']}")
    for case in tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["case"]
]
SIMPLIFY = load_library()[0].get("change")


def _target(marked: str, language: str) -> Selection:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    return Selection(Document("file:///a", language, text), Span(start, end))


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("case", CASES)
def test_imports_of_a_reply(case: dict[str, Any], line_end: str) -> None:
    target = _target(case["file"].replace("\n", line_end), case["language"])
    done = checked(target, SIMPLIFY, f"```x\n{case['reply'].strip()}\n```\n", True)
    text = apply_edits(target.document.text, done.edits)
    assert text == case["after"].replace("\n", line_end)
    outside = [edit for edit in done.edits if edit.span.start < target.span.start]
    assert len(outside) <= 1
    assert all(edit.span.is_empty for edit in outside)
