"""Bugs put into documented functions: each one fails a test that the original passes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from herdmate.errors import SelectionError
from herdmate.eval.documented_functions import documented_functions
from herdmate.eval.flaws import failure_of, half_of
from herdmate.eval.mutations import mutations
from herdmate.eval.planted import planted

LIBRARY = '''\
from itertools import islice
import os

_LEAST = 1


def firsts(items, count=_LEAST):
    """The first items.

    >>> firsts([1, 2, 3], 2)
    [1, 2]
    >>> firsts('')  # none
    []
    >>> print(firsts([1]))
    [1]
    """
    if count < _LEAST:
        return list(items)
    found = islice(items, count)
    return list(found)


def clear(path):
    """Remove a file.

    >>> clear('/nothing')
    1
    """
    if path:
        os.remove(path)
    return 1


def short(x):
    """
    >>> short(1)
    1
    """
    return x


def twice(x):
    """No examples."""
    y = x
    y += x
    return y


def both(left, right, is_swapped=False):
    """A pair.

    >>> both(1, 2)
    [1, 2]
    >>> both(1, 2, True)
    [2, 1]
    """
    found = [left]
    found.append(right)
    if is_swapped:
        found.reverse()
    return found
'''


def _folder(tmp_path: Path) -> Path:
    (tmp_path / "library.py").write_text(LIBRARY)
    return tmp_path


def test_a_documented_function_is_a_file_of_its_own(tmp_path: Path) -> None:
    firsts, both = documented_functions(_folder(tmp_path) / "library.py")
    assert (firsts.name, both.name) == ("firsts", "both")  # nothing harmful, short or untested
    assert firsts.code.startswith("from itertools import islice\n\n\n_LEAST = 1\n\n\ndef firsts(")
    assert firsts.tests.splitlines() == [
        "assert firsts([1, 2, 3], 2) == [1, 2]",
        "assert firsts('') == []",
        "assert print(firsts([1])) == [1]",
    ]


def test_each_kind_of_bug_is_one_small_change() -> None:
    code = (
        "def f(a, b):\n"
        '    """Of two: 1 + 1."""\n'
        "    total = [a, b][0] + len(b)\n"
        "    for item in range(3):\n"
        "        if not a and item < 1:\n"
        "            total -= g(a, item)\n"
        "            continue\n"
        "        else:\n"
        "            total = min(total, True)\n"
        "    return total\n"
    )
    found = mutations(code, "f")
    kinds = {item.operator for item in found}
    assert kinds == {
        *("comparison", "arithmetic", "boolean operator", "negated condition", "off by one"),
        *("wrong constant", "swapped arguments", "wrong index", "wrong variable"),
        *("missing keyword", "lost statement", "lost else", "wrong function", "wrong jump"),
    }
    for item in found:
        ast.parse(item.code)
        assert item.code != code
        assert item.code.startswith(code[: code.index("    total")])  # head and docstring
    changed = {item.operator: item.code for item in found}
    assert "item <= 1" in changed["comparison"]
    assert "            break\n" in changed["wrong jump"]
    assert "else" not in changed["lost else"]
    assert "\n    total\n" in changed["missing keyword"]


async def test_every_bug_fails_a_test_and_the_same_seed_plants_the_same(tmp_path: Path) -> None:
    flaws = await planted(_folder(tmp_path), 0, 10)
    assert {flaw.function for flaw in flaws} == {"both"}  # the others' examples fail as they are
    (flaw,) = flaws
    assert await failure_of(flaw.code, flaw.tests) is not None
    assert flaw.kind
    assert flaw.differs_in(LIBRARY)
    assert not flaw.differs_in(flaw.code.replace("found", "found", 1) + "# a comment\n")
    assert await planted(tmp_path, 0, 10) == flaws
    other = "first" if half_of(flaw.name) == "second" else "second"
    assert await planted(tmp_path, 0, 10, other) == []  # type: ignore[arg-type]
    with pytest.raises(SelectionError):
        await planted(tmp_path / "missing", 0, 1)


async def test_an_assertion_says_what_was_wrong_and_where() -> None:
    code = "def f(x):\n    return x[0]\n"
    said = await failure_of(code, "assert f([1]) == 1\nassert f([]) == 2")
    assert said == "IndexError: list index out of range at `return x[0]` in `assert f([]) == 2`"
    long = await failure_of(code, "assert f([[1] * 500]) == 2")
    assert long is not None
    assert long.startswith("AssertionError: got [1, 1, ")
    assert len(long) < 400
    said = await failure_of(code, "assert f([2]) > 3")
    assert said == "AssertionError in `assert f([2]) > 3`"
