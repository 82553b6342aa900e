"""What an action is told in words: by an option, or by what is piped in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from herdmate.actions.action_input import LONGEST_OUTPUT, shortened
from herdmate.cli.main import main
from tests.cli.fake_command import use_fake_engine

CODE = "def total(x):\n    return x\n\n\nprint(total(1))\n"
MENDED = "def total(x):\n    return x + 1\n```\n"
OUTPUT = "\x1b[31mFAILED\x1b[0m test_app.py\n>   assert total(1) == 2\nE   assert 1 == 2\n"
SHOWN = "    FAILED test_app.py\n    >   assert total(1) == 2\n    E   assert 1 == 2\n"

Pipe = Callable[[str], int]


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipe:
    """Gives a text as standard input, and returns the end that is read."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(CODE)
    use_fake_engine(monkeypatch, {"": MENDED}, str(tmp_path / "record.txt"))

    def piped(text: str) -> int:
        ours, theirs = os.pipe()
        os.write(theirs, text.encode())
        os.close(theirs)
        monkeypatch.setattr(sys, "stdin", open(ours, encoding="utf-8"))  # noqa: SIM115
        return ours

    return piped


def _asked(tmp_path: Path) -> str:
    return (tmp_path / "record.txt").read_text()


def test_what_a_tool_prints_is_piped_in(
    pipe: Pipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(OUTPUT)
    assert main(["refactor", "fix", "app.py:total"]) == 0
    assert "+    return x + 1" in capsys.readouterr().out
    assert f"A tool printed this about it:\n{SHOWN}" in _asked(tmp_path)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["refactor", "change", "app.py:total"], "assert total(1) == 2"),
        (["refactor", "fix", "--select", "app.py:1-2"], SHOWN),
        (["explain", "--action", "explain-diagnostic", "app.py:total"], SHOWN),
        (["refactor", "fix", "app.py:total", "--instruction", "a\nb"], "about it:\n    a\n    b\n"),
    ],
)
def test_every_action_that_needs_words_takes_them(
    words: list[str], asked: str, pipe: Pipe, tmp_path: Path
) -> None:
    pipe(OUTPUT)
    assert main(words) == 0
    assert asked in _asked(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["refactor", "fix", "app.py:total", "--instruction", "it is one too low"],
        ["refactor", "simplify", "app.py:total"],
        ["explain", "app.py:total"],
    ],
)
def test_standard_input_is_left_alone_otherwise(
    words: list[str], pipe: Pipe, tmp_path: Path
) -> None:
    """A loop of a shell may go on reading it."""
    left = pipe(OUTPUT)
    assert main(words) == 0
    assert os.read(left, 9) == b"\x1b[31mFAIL"
    assert "FAILED" not in _asked(tmp_path)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["refactor", "change", "app.py:total"], ""),
        (["refactor", "fix", "-", "--language", "python"], CODE),  # that is the code
    ],
)
def test_who_says_nothing_is_told_how(
    words: list[str], text: str, pipe: Pipe, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe(text)
    assert main(words) == 2
    assert "needs to know what" in (said := capsys.readouterr().err)
    assert ': --instruction "…", or text piped in.' in said


@pytest.mark.parametrize(
    "words",
    [
        ["refactor", "fix", "app.py:total"],
        ["refactor", "fix_all", "app.py"],
        ["refactor", "fix", "app.py", "--write"],
        ["explain", "--action", "explain_diagnostic", "app.py:total"],
    ],
)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "==== 3 passed in 0.02s ====\n",
            "reports no failure, so it names nothing to fix; pass on",
        ),
        ("All checks passed!\n", "reports no failure"),
        (" \n", "Standard input is empty, so it names nothing to fix; pipe in what a failing run"),
    ],
)
def test_where_all_is_well_the_model_is_not_asked(
    words: list[str], text: str, said: str, pipe: Pipe, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pipe(text)
    assert main(words) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "record.txt").exists()


@pytest.mark.parametrize(
    "said",
    [
        "it says 3 passed in 0.1s although nothing ran",
        f"app.py:2: error: {'it is wrong, ' * 25}and keep the retry",
        "Mend this:\napp.py:2: error: bad\n\nand keep the retry.",
    ],
)
def test_the_users_own_words_are_never_taken_for_what_a_tool_printed(
    said: str, pipe: Pipe, tmp_path: Path
) -> None:
    pipe("")
    assert main(["refactor", "fix", "app.py:total", "--instruction", said]) == 0
    asked = " ".join(_asked(tmp_path).split())
    assert " ".join(said.split()) in asked


def test_only_what_failed_goes_to_the_model_and_verbose_says_how_much_is_left_out(
    pipe: Pipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pipe("collected 900 items\n\nother.py ....\n\n" + OUTPUT)
    caplog.set_level("INFO")
    assert main(["-v", "refactor", "fix", "app.py:total"]) == 0
    assert f"A tool printed this about it:\n{SHOWN}" in (asked := _asked(tmp_path))
    assert "collected" not in asked
    assert "of 7 lines that a tool printed, 3 go to the model" in caplog.text


def test_a_long_output_is_shortened(
    pipe: Pipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe("first\n" + "between\n" * 2000 + "last\n")
    assert main(["refactor", "fix", "app.py:total"]) == 0
    asked = _asked(tmp_path)
    assert "it:\n    first\n    between\n" in asked
    assert "between\n    …\n    between" in asked
    assert "between\n    last\n" in asked
    asked = asked.rpartition("A tool printed")[2]
    assert asked.count("between\n") * len("between\n") < LONGEST_OUTPUT
    assert "the beginning and the end of the output, which is long" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["x" * 5000, "a\n" * 3000, "é" * 1999, "", "\n" * 4000])
def test_a_shortened_text_is_short(text: str) -> None:
    short = shortened(text, LONGEST_OUTPUT)
    assert len(short) <= LONGEST_OUTPUT
    assert shortened(short, LONGEST_OUTPUT) == short
    assert (short == text) == (len(text) <= LONGEST_OUTPUT)
