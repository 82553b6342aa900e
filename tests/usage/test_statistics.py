"""What is counted: how it is put together, kept, and shown."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from herdmate.completion import complete, trigger
from herdmate.context import withheld
from herdmate.usage import statistics
from herdmate.usage.statistics import Counts, Key, figures, from_json, page, silences, to_json

DAY = "2026-01-31"


def _counts(language: str = "python", **numbers: int) -> Counts:
    return Counter({Key(DAY, language, name): number for name, number in numbers.items()})


def test_json_there_and_back() -> None:
    counts = _counts(asked=3) + _counts("go", shown=1)
    counts[Key(DAY, "go", statistics.silent("the file is empty"))] = 2
    assert from_json(to_json(counts)) == counts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "null",
        "[" * 100_000,
        '{"version": 2, "days": {}}',
        '{"version": 1}',
        '{"version": 1, "days": {"2026-01-31": 3}}',
        '{"version": 1, "days": {"today": {"go": {"asked": 1}}}}',
        '{"version": 1, "days": {"2026-01-31": {"/home/me": {"asked": 1}}}}',
        '{"version": 1, "days": {"2026-01-31": {"go": {"asked": -1}}}}',
        '{"version": 1, "days": {"2026-01-31": {"go": {"asked": true}}}}',
        '{"version": 1, "days": {"2026-01-31": {"go": {"asked": "x"}}}}',
    ],
)
def test_anything_else_is_no_statistics(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        from_json(text)


def test_a_newer_name_is_kept() -> None:
    text = '{"version": 1, "days": {"2026-01-31": {"go": {"somethingNew": 1}}}}'
    assert '"somethingNew": 1' in to_json(from_json(text))


def test_what_is_old_goes() -> None:
    old, new = Key("2024-01-01", "go", "asked"), Key(DAY, "go", "asked")
    assert statistics.recent(Counter({old: 1, new: 1}), date(2026, 2, 1)) == {new: 1}


def test_figures() -> None:
    counts = _counts(
        asked=40, answered=20, cached=5, shown=10, accepted=4, acceptedCharacters=90, kept=3,
        promptTokens=1000, reusedTokens=900,
    ) + _counts("go", asked=1)  # fmt: skip
    for seconds in (0.01, 0.2, 0.2, 9.0):
        counts[Key(DAY, "python", statistics.within(seconds))] += 1
    python, go, every = figures(counts).rows
    assert python[:6] == ("python", "40", "10", "4 (40%)", "3 (75%)", "90")
    assert python[6:] == ("5 (25%)", "≤ 250 ms", "900 (90%)")
    assert go[:3] == ("go", "1", "0")
    assert every[:2] == ("all", "41")


def test_the_page_tells_of_silences_and_where_there_is_nothing() -> None:
    counts = _counts(asked=2)
    counts[Key(DAY, "python", statistics.silent("the file is empty"))] = 2
    assert silences(counts).rows == (("empty file", "2"),)
    assert "| empty file | 2 |" in page(counts, "A note.")
    assert page(Counter(), "A note.").endswith("Nothing was counted yet.\n\nA note.\n")


def test_every_reason_has_a_name() -> None:
    """What has none is counted as other: a reason might hold a part of the code one day."""
    returned = {text for module in (trigger, withheld) for text in _texts(module, "return")}
    reasons = _texts(complete, "Silence") | returned | {trigger.IN_A_WORD}
    assert len(reasons) >= 10
    assert not [reason for reason in reasons if statistics.silent(reason) == "silent: other"]
    assert statistics.silent("password = 'secret'") == "silent: other"


def test_a_language_id_is_no_text() -> None:
    assert statistics.language_of("c++") == "c++"
    assert statistics.language_of("def secret():") == "other"
    assert statistics.language_of("/home/me") == "other"
    assert statistics.language_of("") == "other"


def _texts(module: object, where: str) -> set[str]:
    """Literals in calls of ``Silence`` and in what ``silence_reason`` returns."""
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text("utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        value: ast.expr | None = None
        if where == "return" and isinstance(node, ast.Return):
            value = node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == where and node.args:
            value = node.args[0]
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            found.add(value.value)
    return found
