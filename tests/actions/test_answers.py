"""What becomes of a file with a reply: golden cases as data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from herdmate.actions.rewrite import checked
from herdmate.errors import RefusedError
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span, apply_edits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[1] / "golden" / "answers.toml"
CASES = [
    pytest.param(case, id=f"{case['language']}: {case['name']}")
    for case in tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["case"]
]


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_a_file(case: dict[str, Any]) -> None:
    start, end = case["file"].index("«"), case["file"].index("»") - 1
    text = case["file"].replace("«", "").replace("»", "")
    target = Selection(Document("file:///a", case["language"], text), Span(start, end))
    action = load_library()[0].get(case.get("action", "simplify"))
    finished = case.get("finished", True)
    if "refused" in case:
        with pytest.raises(RefusedError, match=case["refused"]):
            checked(target, action, case["reply"], finished)
    else:
        done = checked(target, action, case["reply"], finished)
        assert apply_edits(text, done.edits) == case["after"]
