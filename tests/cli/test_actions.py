"""``herdmate actions`` on narrow terminals, and ``refactor`` before ``git apply``."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from herdmate.cli import tables
from herdmate.cli.console import Console
from herdmate.cli.tables import Column, show_table

ROOT = Path(__file__).parents[2]


class _Terminal(Console):
    @property
    def is_terminal(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (28, ["name           does", "one            a b", "two_and_three  several words",
              "               here", "Not shown for lack of room:", "more."]),
        (60, ["name           does                more", "one            a b                 x y z",
              "two_and_three  several words here"]),
    ],
)  # fmt: skip
def test_a_column_wraps_at_words_before_it_is_left_out(
    columns: int, lines: list[str], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(tables, "Console", _Terminal)
    shape = (Column("name"), Column("does", 1, wraps=True), Column("more", 2))
    show_table(shape, [("one", "a b", "x y z"), ("two_and_three", "several words here", "")])
    shown = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    assert [line.rstrip() for line in shown.splitlines()] == lines


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_before_git_apply_a_sentence_says_that_there_is_no_patch(tmp_path: Path) -> None:
    """git alone would leave it at "No valid patches in input"."""
    code = "def total(x):\n    return x\n"
    (tmp_path / "app.py").write_text(code)
    replies = json.dumps({"": f"{code}```\n"})
    command = [sys.executable, "-m", "tests.cli.fake_command", replies, "refactor", "simplify"]
    environment = {"HERDMATE_HOME": str(tmp_path / "own"), "PYTHONPATH": str(ROOT)}
    for options, failed in (("", True), (" --allow-empty", False)):
        done = subprocess.run(
            f"{shlex.join(command)} app.py | git apply{options}", shell=True, cwd=tmp_path,
            capture_output=True, text=True, check=False, env={**os.environ, **environment},
        )  # fmt: skip
        assert "There is no patch; `git apply` complains only of that.\n" in done.stderr
        assert ("No valid patches" in done.stderr) == failed
        assert (done.returncode != 0) == failed
    assert (tmp_path / "app.py").read_text() == code
