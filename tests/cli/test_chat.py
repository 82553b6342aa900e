"""``herdmate chat`` in pipes and on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herdmate.cli.answers import _whole
from herdmate.cli.chat import _parted
from herdmate.cli.main import main
from herdmate.errors import SelectionError
from tests.cli.fake_command import use_fake_engine
from tests.cli.pressed_keys import IN_A_SESSION

REPLIES = {
    "And in Go": "Go does.",
    "what changes": "A line **changes**.",
    "Tell me all": f"It begins.\n\nThen it<slowly>{'.' * 600}",
    "": "It adds.",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def total(x):\n    return x\n")
    (tmp_path / ".env").write_text("KEY=1\n")
    return tmp_path


def _piped(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_pipe_and_a_question(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = folder / "record.txt"
    use_fake_engine(monkeypatch, REPLIES, str(record))
    _piped("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n", monkeypatch)
    assert main(["chat", "app.py:1-1", "what changes?"]) == 0
    said = capsys.readouterr()
    assert said.out == "A line **changes**.\n"
    assert "With the question: app.py, line 1 (1 line), standard input (5 lines); " in said.err
    asked = record.read_text()
    assert "This diff, standard input, shows what the code was before" in asked
    assert "+new" in asked
    assert "def total" in asked
    assert "return x" not in asked


def test_a_conversation_is_resumed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = folder / "record.txt"
    use_fake_engine(monkeypatch, REPLIES, str(record))
    _piped("", monkeypatch)
    assert main(["chat", "app.py", "What is it?"]) == 0
    _piped("", monkeypatch)
    assert main(["chat", "--resume", "And in Go?"]) == 0
    assert capsys.readouterr().out == "It adds.\nGo does.\n"
    (kept,) = (folder / "own" / "state" / "chats").glob("*.json")
    assert [item["said"] for item in json.loads(kept.read_text())["exchanges"]] == [
        "What is it?", "And in Go?",
    ]  # fmt: skip
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["chat"], 2, "there is no question"), (["chat", "none/x.py", "why?"], 1, "cannot be read"),
        (["chat", "app.py:9", "why?"], 1, "no line 9"), (["chat", ".env", "why?"], 1, "secrets"),
        (["chat", "--saved", "lost", "why?"], 1, "There is no conversation 'lost'"),
        (["chat", "--saved", "../x", "why?"], 1, "cannot be a name"),
        (["chat", "--saved", "", "why?"], 1, "cannot be a name"),
        (["chat", ".", "why?"], 1, "is a folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(
    words: list[str], code: int, told: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    use_fake_engine(monkeypatch, REPLIES)
    _piped("", monkeypatch)
    try:
        assert main(words) == code
    except SystemExit as end:
        assert end.code == code  # noqa: PT017
    said = capsys.readouterr()
    assert told in said.err
    assert said.err.count("\n") == 1


def _until(descriptor: int, word: str, seconds: float = 40.0) -> str:
    said, end = "", time.monotonic() + seconds
    while word not in " ".join(said.split()) and time.monotonic() < end:
        if select.select([descriptor], [], [], 0.3)[0]:
            said += os.read(descriptor, 65536).decode("utf-8", "replace")
    assert word in " ".join(said.split()), said  # wrapped where the folder's path is long
    return said


def test_on_a_terminal(folder: Path) -> None:
    ours, theirs = pty.openpty()
    words = ["-m", "tests.cli.fake_command", json.dumps(REPLIES), "chat"]
    command = [sys.executable, "-c", IN_A_SESSION, sys.executable, *words]
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "TERM": "xterm",
        "PYTHONPATH": str(root),
        "COLUMNS": "80",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        _until(ours, "/help lists")
        os.write(ours, b"/help\r")
        _until(ours, "keep the conversation")
        os.write(ours, b"/fiel app.py\r")
        _until(ours, "did you mean /file?")
        os.write(ours, b"/file app.py\r")
        _until(ours, "With the next question: app.py")
        os.write(ours, b"/file .env\r")
        _until(ours, "secrets")
        os.write(ours, b"/diff\r")
        _until(ours, "is in no git repository")
        os.write(ours, b"What is it?\r")
        _until(ours, "It adds.")
        os.write(ours, b"Tell me all.\r")
        _until(ours, "Then it")
        os.write(ours, b"\x03")
        _until(ours, "Stopped; what came is kept.")
        os.write(ours, b"And in Go?\r")
        _until(ours, "Go does.")
        os.write(ours, b"/save mine\r")
        _until(ours, "mine.json")
        os.write(ours, b"/quit\r")
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    kept = json.loads((folder / "own" / "state" / "chats" / "mine.json").read_text())
    answers = [item["answer"].rstrip() for item in kept["exchanges"]]
    assert [text.rstrip(".") for text in answers] == [
        "It adds", "It begins.\n\nThen it", "Go does",
    ]  # fmt: skip
    assert len(answers[1]) < 600


def test_a_question_can_look_like_an_impossible_place() -> None:
    assert _parted(["why does it fail at 12:0"]) == ([], "why does it fail at 12:0")
    with pytest.raises(SelectionError, match="no line 0"):
        _parted(["app.py:0"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\n\ntwo", "one\n\n"),
        ("```py\na\n\nb", ""), ("```py\na\n\nb\n```\n\nend", "```py\na\n\nb\n```\n\n"),
        ("````md\n```py\na\n\nb\n```\n\n", ""), ("~~~\n```\n\nb\n", ""),
        ("```\n~~~\n```\n\nb", "```\n~~~\n```\n\n"), ("```a``` is\n\ncode", "```a``` is\n\n"),
    ],
)  # fmt: skip
def test_only_whole_paragraphs_stay_on_the_terminal(text: str, shown: str) -> None:
    assert text[: _whole(text, 0)] == shown


def test_a_dash_is_standard_input_and_no_word_of_the_question() -> None:
    assert _parted(["-", "what changes?"]) == ([], "what changes?")
    assert _parted(["is", "-", "an", "operator?"]) == ([], "is - an operator?")
