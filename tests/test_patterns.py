"""No regular expression of ours takes much longer than the text is long, whatever the text is.

Most are for text that others wrote, and while Python looks for one nothing else goes on. All are
found by themselves: those that have a name, and those that stand where they are used.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

import herdmate

_LENGTHS = (16, 400, 8_000)  # what takes years for the last shows itself before
_SUSPICIOUS = 0.02  # seconds; a linear one takes less than a thousandth
_USES = ("match", "fullmatch", "search", "finditer", "findall", "sub", "split")
_PACKAGE = Path(herdmate.__file__).parent
_SOURCES = {path: ast.parse(path.read_text("utf-8")) for path in sorted(_PACKAGE.rglob("*.py"))}


def _patterns() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Where a pattern stands, how it is used, and the pattern."""
    for path, tree in _SOURCES.items():
        name = ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts)
        if name.startswith(("herdmate.bench", "herdmate.eval")) or name.endswith("__main__"):
            continue  # of our own texts
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            use, owner = node.func.attr, node.func.value
            if use not in _USES or not isinstance(owner, ast.Name):
                continue
            if owner.id == "re" and isinstance(node.args[0], ast.Constant):
                said = node.args[0].value
                assert isinstance(said, str | bytes)
                flags = [eval(ast.unparse(item), {"re": re}) for item in node.args[3:]]
                yield f"{name}:{node.lineno}", use, _of_text(re.compile(said, *flags))
            elif owner.id != "re":
                found = getattr(importlib.import_module(name), owner.id, None)
                if isinstance(found, re.Pattern):
                    yield f"{name}.{owner.id}", use, _of_text(found)


def _of_text(pattern: re.Pattern[str] | re.Pattern[bytes]) -> re.Pattern[str]:
    """The same pattern for text if it is one for bytes: a search in either takes the same steps."""
    said = pattern.pattern
    if isinstance(said, str):
        return re.compile(said, pattern.flags)
    return re.compile(said.decode("latin-1"), pattern.flags)


_KNOWN = sorted({(where, use): (where, use, found) for where, use, found in _patterns()}.values(),
                key=lambda item: item[:2])  # fmt: skip


def _pumps(pattern: str) -> Iterator[tuple[str, str, str]]:
    """How a text may begin, what it may repeat, and how it may end so that nothing fits."""
    plain = re.sub(r"\\[wsSdbBZ]|\(\?P<\w+>|\(\?[:=!<]+", " ", pattern)
    words = [f"{word} " for word in dict.fromkeys(re.findall("[A-Za-z]{2,}", plain))]
    signs = list(dict.fromkeys(re.findall(r"[^\w\s]", plain)))
    marks = list(dict.fromkeys(re.findall(r"[^\w\s]{2,}", plain.replace("\\", ""))))
    many = 40 if os.environ.get("HERDMATE_LONG") else 8
    some = ["a", "1", " ", "\t", "\n", *signs[:many], *marks[: many // 2], *words[: many // 2]]
    starts = ["", "\n", *some[5:], *(f"{sign}a" for sign in signs[:many])]
    pairs = [one + other for one, other in product(["a", " ", "\n", *signs[:many]], repeat=2)]
    for start, unit in (*product(starts, some), *product(starts[:2], pairs)):
        yield start, unit, "b"
    for start, unit in product(starts[:3], some):
        yield start, unit, "!\0"


def _seconds(look: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    look(text)
    return time.process_time() - start


def _look(pattern: re.Pattern[str], use: str) -> Callable[[str], object]:
    if use == "finditer":
        return lambda text: list(pattern.finditer(text))
    if use == "sub":
        return lambda text: pattern.sub("", text)
    return getattr(pattern, use)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("use", "pattern"),
    [item[1:] for item in _KNOWN],
    ids=[f"{where} {use}" for where, use, _ in _KNOWN],
)
def test_a_pattern_takes_no_longer_than_the_text_is(use: str, pattern: re.Pattern[str]) -> None:
    look = _look(pattern, use)
    # The longest are for names of files, which are short.
    lengths = _LENGTHS if len(pattern.pattern) < 2_000 else _LENGTHS[:2]
    for length, (start, unit, end) in product(lengths, _pumps(pattern.pattern)):
        whole, longer = (start + unit * (n * length // len(unit)) + end for n in (1, 4))
        if _seconds(look, whole) > _SUSPICIOUS:  # was it only a slow machine?
            once, more = (min(_seconds(look, text) for _ in range(3)) for text in (whole, longer))
            # Four times as much, or sixteen: a busy machine tells them apart, too.
            assert more < max(8 * once, _SUSPICIOUS), f"{whole[:20]!r}: {once:.3f}, {more:.3f}"


def test_all_patterns_are_found() -> None:
    assert len(_KNOWN) > 60


def test_a_slow_pattern_would_be_found() -> None:
    with pytest.raises(AssertionError):
        test_a_pattern_takes_no_longer_than_the_text_is("search", re.compile(r"(?:a|b)*c"))
