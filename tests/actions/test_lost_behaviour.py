"""A simplification that does less is refused; one that only puts it otherwise never is."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from herdmate.actions.rewrite_validation import validate_rewrite
from herdmate.errors import RefusedError
from herdmate.prompting.library import load_library
from herdmate.prompting.words import words
from herdmate.text import Document, Selection, Span

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[1] / "golden"
BODY = ("body", "documentation")

Case = dict[str, str]


def _cases(name: str) -> list[Case]:
    found: list[Case] = tomllib.loads((GOLDEN / name).read_text(encoding="utf-8"))["case"]
    return found


LOST, KEPT = _cases("lost_behaviour.toml"), _cases("simplifications.toml")


def _validate(language: str, before: str, after: str, above: str = "", keeps: bool = True) -> None:
    span = Span(len(above), len(above) + len(before))
    target = Selection(Document("a", language, above + before), span)
    validate_rewrite(target, after, BODY, keeps_behaviour=keeps)


@pytest.mark.parametrize("case", LOST, ids=[f"{case['language']}: {case['lost']}" for case in LOST])
def test_what_is_lost(case: Case) -> None:
    with pytest.raises(RefusedError, match="would no longer") as caught:
        _validate(case["language"], case["before"], case["wrong"])
    assert caught.value.repair == "behaviour"
    assert caught.value.values == {"names": case["lost"]}
    assert "$names" in words("repair")["behaviour"]
    _validate(case["language"], case["before"], case["wrong"], keeps=False)


@pytest.mark.parametrize("case", LOST, ids=[f"{case['language']}: {case['lost']}" for case in LOST])
def test_what_is_put_otherwise(case: Case) -> None:
    _validate(case["language"], case["before"], case["right"])


@pytest.mark.parametrize("case", KEPT, ids=[case["before"] for case in KEPT])
def test_a_correct_simplification_is_never_refused(case: Case) -> None:
    _validate(case["language"], case["before"], case["after"])


def test_there_are_enough_correct_simplifications_of_both_kinds() -> None:
    held_out = sum(bool(case["held_out"]) for case in KEPT)
    assert min(held_out, len(KEPT) - held_out) >= 30


def test_the_file_says_what_a_function_is() -> None:
    above = "def normal(x):\n    return x.strip()\n\n\n"
    before = "def f(x):\n    y = normal(x)\n    return y + y\n"
    _validate("python", before, "def f(x):\n    return normal(x) * 2\n", above)
    _validate("python", before, "def f(x):\n    return x + x\n", "from a import normal\n\n\n")
    with pytest.raises(RefusedError, match=r"no longer call normal\(\)"):
        _validate("python", before, "def f(x):\n    return x + x\n", above)


def test_which_actions_keep_the_behaviour() -> None:
    actions = load_library()[0].actions
    assert {action.name for action in actions if action.keeps_behaviour} == {
        "simplify", "extract_function", "loop_to_comprehension", "loop_to_stream",
        "remove_duplication",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", f"def f(x):\n    raise {'not ' * 1500}x\n"),
        ("javascript", f"function f(x) {{ throw {'!' * 1500}x; }}\n"),
    ],
)
def test_what_nests_deeply_is_compared(language: str, code: str) -> None:
    _validate(language, code, code.replace("f(x)", "f( x)"))


def test_a_long_table_takes_no_longer() -> None:
    table = f"TABLE = [{'1, ' * 4000}]\n"
    started = time.process_time()
    _validate("python", table, table.replace(", ]", "]"))
    assert time.process_time() - started < 3
