"""Code out of replies: golden cases as data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from herdmate.actions.reply import Place, code_of
from herdmate.errors import RefusedError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[1] / "golden" / "replies"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(GOLDEN.glob("*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]


@pytest.mark.parametrize("case", CASES)
def test_reply(case: dict[str, Any]) -> None:
    finished, line_end = case.get("finished", True), case.get("line_end")
    rows = frozenset(case.get("rows_in_strings", ()))
    place = Place(case.get("language", ""), rows, case.get("may_remove", False))

    def code() -> str:
        return code_of(case["reply"], case["original"], finished, line_end, place=place).code

    if "refused" in case:
        with pytest.raises(RefusedError, match=case["refused"]):
            code()
    else:
        assert code() == case["code"]
