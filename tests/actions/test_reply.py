"""Code out of replies: golden cases as data."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
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
    place = Place(
        case.get("language", ""), rows, case.get("may_remove", False), above=case.get("above", "")
    )

    def code() -> str:
        return code_of(case["reply"], case["original"], finished, line_end, place=place).code

    if "refused" in case:
        with pytest.raises(RefusedError, match=case["refused"]):
            code()
    else:
        assert code() == case["code"]


@pytest.mark.parametrize("language", ["markdown", "python"])
@pytest.mark.parametrize(
    "reply",
    [
        "```\n" * 100_000,
        "```\nwords here\n```\n" * 50_000,
        "```x\ncode\n``` words\n" * 50_000,
        "`````\n# A\n" + "```\nwords\n```\n" * 50_000 + "`````\n",
    ],
)
def test_replies_of_many_fences_are_read_in_time(language: str, reply: str) -> None:
    started = time.process_time()
    with suppress(RefusedError):
        code_of(reply, "# A\n\nsome words here to keep\n", True, place=Place(language))
    assert time.process_time() - started < 4


@pytest.mark.parametrize("line", [f"# A{' ' * 3_000}b", f"{'`' * 20_000}x`"])
def test_prose_with_a_long_line_is_read_in_time(line: str) -> None:
    text = f"# A\n\nsome words here to keep\n\n{line}\n"
    started = time.process_time()
    with suppress(RefusedError):
        code_of(f"~~~~\n{text}~~~~\n", text, True, place=Place("markdown"))
    assert time.process_time() - started < 4


def test_a_comment_that_moved_above_its_line_stays_the_only_one() -> None:
    original = "limit = 3  # of all tries\nrun(limit)\n"
    reply = "```python\n# of all tries\nlimit = 3\nrun(limit * 2)\n```\n"
    found = code_of(reply, original, True, place=Place("python"))
    assert found.code == "# of all tries\nlimit = 3\nrun(limit * 2)\n"


def test_patterns_of_a_shell_are_no_comment() -> None:
    original = 'case "$1" in\n  /*) a ;;\n  ?*) b ;;\nesac\n'
    now = 'case "$1" in\n  /*) one ;;\n  *) two ;;\nesac\n'
    place = Place("shellscript")
    assert code_of(f"```sh\n{now}```\n", original, True, place=place).code == now
