"""Globs that others wrote: what they match, and that none takes longer than it is."""

from __future__ import annotations

import pytest

from herdmate.context.globs import Globs, tokens_of


def _matches(glob: str, path: str, bounded_deep: bool = True) -> bool:
    tokens = tokens_of(glob, bounded_deep)
    return tokens is not None and Globs([tokens]).last(path) == 0


@pytest.mark.parametrize(
    ("glob", "matched", "others"),
    [
        ("a*b", ["ab", "axb", "a*b", "abb"], ["a/b", "ab/", "aab/b", "b"]),
        ("a?c", ["abc", "a?c"], ["ac", "a/c"]),
        ("**/a", ["a", "x/a", "x/y/a"], ["xa", "x/ya", "a/x"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "a/b/c"]),
        ("**/**/a/**/**", ["a/b", "x/a/b/c"], ["a"]),
        ("[a-c][!x]", ["ab", "c-"], ["ax", "db", "a/", "a"]),
        ("[[:digit:]_][]x]", ["1]", "_x"], ["ax", "1"]),
        (r"[a\]-]\*", ["a*", "]*", "-*"], ["ab", r"\*"]),
        ("*.a*.b", [".a.b", "x.a.b.a.b"], [".a.bb", "a.b"]),
    ],
)
def test_what_a_glob_matches(glob: str, matched: list[str], others: list[str]) -> None:
    assert [path for path in matched if not _matches(glob, path)] == []
    assert [path for path in others if _matches(glob, path)] == []


def test_two_stars_go_over_slashes_anywhere_where_that_is_wished() -> None:
    assert _matches("lib/**.js", "lib/a/b.js", bounded_deep=False)
    assert not _matches("lib/**.js", "lib/a/b.js")
    assert not _matches("lib/*.js", "lib/a/b.js", bounded_deep=False)


@pytest.mark.parametrize("glob", ["[a", "[!", "a\\", "[[:nothing:]]", "[a-", "[\\"])
def test_what_has_no_end_matches_nothing(glob: str) -> None:
    assert tokens_of(glob, bounded_deep=True) is None


def test_the_last_one_counts() -> None:
    globs = Globs(tokens for glob in ("*.py", "a*", "b.*") if (tokens := tokens_of(glob, True)))
    assert [globs.last(path) for path in ("x.py", "a.py", "b.py", "c.c")] == [0, 1, 2, None]
    assert globs.last("a.py", but_not=globs.ends([1])) == 0


@pytest.mark.parametrize(
    "glob",
    ["a*" * 30 + "b", "**/a/" * 15 + "b", "*[ab]" * 30 + "c", "*?*" * 20 + "b", "**a" * 30 + "b"],
)
def test_many_stars_are_no_more_work_than_other_characters(glob: str) -> None:
    # A matcher that goes back would not end in this century.
    assert not _matches(glob, "a/" * 100 + "a" * 3_000)
    assert not _matches(glob, "a" * 4_000 + "/", bounded_deep=True)


def test_the_work_is_the_length_of_the_path_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    closed = Globs._closed

    def counted(self: Globs, states: int) -> int:
        nonlocal steps
        steps += 1
        return closed(self, states)

    monkeypatch.setattr(Globs, "_closed", counted)
    assert not _matches("*a*" * 200 + "b", "a" * 2_000)
    assert steps == 2_001
