"""Definitions by name: which is meant, and what can be completed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from herdmate.cli.definition_names import places_in, spans_of
from herdmate.cli.locations import opened, place_of, selected
from herdmate.errors import SelectionError
from herdmate.text import Span

CODE = """\
def total(x):
    return x


class Shop:
    def total(self):
        return 1

    def refund(self):
        return 2


class Bank:
    def refund(self):
        return 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(CODE)
    (tmp_path / "a:b.py").write_text(CODE)
    (tmp_path / "notes.txt").write_text("total\n")
    (tmp_path / "large.py").write_text(CODE + "#" * (1 << 20))
    os.mkfifo(tmp_path / "pipe.py")
    return tmp_path


def test_every_completed_name_means_one_definition() -> None:
    names = ["total", "Shop", "Shop.total", "Shop.refund", "Bank", "Bank.refund"]
    assert places_in("app.py:") == [f"app.py:{name}" for name in names]
    for name in names:
        text = selected(opened(place_of(f"app.py:{name}"))).text.strip()
        assert text.startswith(("def ", "class "))
        assert name.rpartition(".")[2] in text.splitlines()[0]


def test_one_in_no_other_comes_first() -> None:
    assert selected(opened(place_of("app.py:total"))).text.startswith("def total(x)")
    with pytest.raises(SelectionError, match="defines refund 2 times"):
        opened(place_of("app.py:refund"))


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("app.py", None), ("none.py:", None), ("", None), ("pipe.py:", None), ("large.py:", []),
        ("notes.txt:", []), ("app.py:Shop.", "app.py:Shop.refund"), ("a:b.py:", "a:b.py:Shop"),
        ("app\0.py:", None),
    ],
)  # fmt: skip
def test_only_short_files_of_code_have_names(word: str, found: str | list[str] | None) -> None:
    offered = places_in(word)
    assert (offered == found) if not isinstance(found, str) else found in (offered or [])


def test_many_definitions_of_one_name_take_no_longer() -> None:
    known = [("f", Span(at * 10, at * 10 + 9)) for at in range(5000)]
    started = time.process_time()
    assert spans_of(known, "f") == [span for _, span in known]
    assert time.process_time() - started < 2
