"""What is counted: how it is put together, kept, and shown."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.context.withheld import WithheldReason
from herdmate.usage import statistics
from herdmate.usage.statistics import Counts, Key, figures, from_json, page, silences, to_json

DAY = "2026-01-31"


def _counts(language: str = "python", **numbers: int) -> Counts:
    return Counter({Key(DAY, language, name): number for name, number in numbers.items()})


def test_json_there_and_back() -> None:
    counts = _counts(asked=3) + _counts("go", shown=1)
    counts[Key(DAY, "go", statistics.silent(SilenceReason.EMPTY_FILE))] = 2
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
        counts[Key(DAY, "python", statistics.within(seconds, is_cached=False))] += 1
    counts[Key(DAY, "python", statistics.within(0.004, is_cached=True))] += 9
    counts[Key(DAY, "python", "within 5000")] += 99  # of both kinds: from an older version
    python, go, every = figures(counts).rows
    assert python[:6] == ("Python", "40", "10", "4 (40%)", "3 (75%)", "90")
    assert python[6:] == ("5 (25%)", "≤ 10 ms", "≤ 250 ms", "900 (90%)")
    assert go[:3] == ("Go", "1", "0")
    assert every[:2] == ("All", "41")


def test_languages_have_the_names_that_people_use() -> None:
    counts = sum(
        (_counts(name, asked=1) for name in ("json", "jsonc", "shellscript", "restructuredtext")),
        Counter[Key](),
    )
    rows = {row[:2] for row in figures(counts).rows}
    assert rows == {("JSON", "2"), ("Shell", "1"), ("reStructuredText", "1"), ("All", "4")}


def test_the_page_tells_of_silences_and_where_there_is_nothing() -> None:
    counts = _counts(asked=2)
    counts[Key(DAY, "python", statistics.silent(SilenceReason.EMPTY_FILE))] = 2
    assert silences(counts).rows == (("empty file", "2"),)
    assert "| empty file | 2 |" in page(counts, "A note.")
    assert page(Counter(), "A note.").endswith("Nothing has been counted yet.\n\nA note.\n")


def test_every_reason_is_counted_by_a_code_that_a_file_keeps() -> None:
    """The code says nothing of the user's files, whatever the sentence's detail is."""
    reasons = [*SilenceReason, *WithheldReason]
    codes = {reason.code for reason in reasons}
    assert len(codes) == len(reasons) >= 10
    counts = Counter({Key(DAY, "go", statistics.silent(reason)): 1 for reason in reasons})
    assert from_json(to_json(counts)) == counts
    shown = {"code after the cursor" if "behind" in code else code for code in codes}
    assert {row[0] for row in silences(counts).rows} == shown
    assert statistics.silent(None) == "silent: error"


def test_a_file_of_an_older_version_is_added_to() -> None:
    """These names were written before the reasons had codes."""
    old = """{"version": 1, "days": {"2026-01-31": {"python": {
        "asked": 90, "silent: switched off": 1, "silent: ignored by git": 2, "silent: secrets": 3,
        "silent: large file": 4, "silent: empty file": 5, "silent: statement complete": 6,
        "silent: inside a word": 7, "silent: code behind the cursor": 8,
        "silent: nothing useful": 9, "silent: error": 10, "silent: other": 11}}}}"""
    now = (
        SilenceReason.DISABLED, WithheldReason.IGNORED_BY_GIT, WithheldReason.SECRET_NAME,
        SilenceReason.LARGE_FILE, SilenceReason.EMPTY_FILE, SilenceReason.STATEMENT_COMPLETE,
        SilenceReason.INSIDE_WORD, SilenceReason.CODE_AFTER_CURSOR, SilenceReason.NOTHING_USEFUL,
        None,
    )  # fmt: skip
    counts = from_json(old)
    counts += Counter(Key(DAY, "python", statistics.silent(reason)) for reason in now)
    names = {key.name: number for key, number in counts.items()}
    assert [names[statistics.silent(reason)] for reason in now] == list(range(2, 12))
    assert names["silent: other"] == 11
    assert len(silences(counts).rows) == 11


def test_the_sentence_names_what_the_code_leaves_out() -> None:
    silence = Silence(WithheldReason.UNREADABLE_RULES, "/home/{me}/.gitignore")
    assert "the rules in /home/{me}/.gitignore cannot be read" in str(silence)
    assert str(Silence(SilenceReason.PAUSED, "14:30")) == "it is paused until 14:30"


def test_a_language_id_is_no_text() -> None:
    assert statistics.language_of("c++") == "c++"
    assert statistics.language_of("def secret():") == "other"
    assert statistics.language_of("/home/me") == "other"
    assert statistics.language_of("") == "other"
