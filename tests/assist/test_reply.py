"""Code out of replies: golden cases as data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from herdmate.assist.reply import code_of
from herdmate.errors import RefusedError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[1] / "golden" / "replies" / "replies.toml"
CASES = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_reply(case: dict[str, Any]) -> None:
    finished = case.get("finished", True)
    if "refused" in case:
        with pytest.raises(RefusedError, match=case["refused"]):
            code_of(case["reply"], case["original"], finished)
    else:
        assert code_of(case["reply"], case["original"], finished) == case["code"]
