"""``herdmate chat`` in pipes and on a terminal."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import select
import shlex
import subprocess
import sys
import termios
import time
from asyncio import CancelledError
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from herdmate.actions.context import ActionContext
from herdmate.actions.conversation import Conversation, Exchange
from herdmate.cli import chat_files
from herdmate.cli.answers import _whole
from herdmate.cli.chat import _ask, _Chat, _command, _told
from herdmate.cli.chat_files import (
    MOST,
    keep,
    keep_on,
    kept,
    last_name,
    name_to_go_on,
    names,
)
from herdmate.cli.chat_input import _history, typing_kept
from herdmate.cli.chat_places import parted
from herdmate.cli.main import main
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.errors import EngineError, SelectionError
from herdmate.generation import ModelInfo
from herdmate.settings import Settings
from tests.cli.fake_command import use_fake_engine
from tests.cli.pressed_keys import IN_A_SESSION
from tests.engine.remote.server import MODELS, STREAM, Asked, event, reply, serving
from tests.fake_model import fake_actions

REPLIES = {
    "And in Go": "Go does.",
    "what changes": "A line **changes**.",
    "Tell me all": f"It begins.\n\nThen it<slowly>{'.' * 600}",
    "Slowly": "It is<slowly>................ as it was.",
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
    said = capsys.readouterr()
    assert said.out == "It adds.\nGo does.\n"
    assert 'Going on after "What is it?".\n' in said.err
    (kept,) = (folder / "own" / "state" / "chats").glob("*.json")
    assert [item["said"] for item in json.loads(kept.read_text())["exchanges"]] == [
        "What is it?", "And in Go?",
    ]  # fmt: skip
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["chat"], 2, "there is no question; type one after the command"),
        (["chat", "app.py"], 2, "there is no question; type one after the files"),
        (["chat", "none/x.py", "why?"], 1, "cannot be read"),
        (["chat", "app.py:9", "why?"], 1, "no line 9"), (["chat", ".env", "why?"], 1, "secrets"),
        (["chat", "--saved", "lost", "why?"], 1, "There is no conversation 'lost'"),
        (["chat", "--saved", "../x", "why?"], 1, "cannot be a name"),
        (["chat", "--saved", "", "why?"], 1, "cannot be a name"),
        (["chat", "--resume", "why?"], 1, "There is no conversation to go on with yet."),
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


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (["--resume"], "--resume"), (["--saved", "my own"], '--saved "my own"'),
        (["--resume", "app.py"], "the files"),
    ],
)  # fmt: skip
def test_a_conversation_to_go_on_with_needs_a_question(
    words: list[str], after: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    keep_on(Conversation(), "", "chat")
    keep(Conversation(), "my own")
    _piped("", monkeypatch)
    with pytest.raises(SystemExit):
        main(["chat", *words])
    assert f"there is no question; type one after {after}; see" in capsys.readouterr().err


SAID = Exchange("What is it?", "What is it?", "It adds.")


def test_a_question_on_the_command_line_takes_no_conversations_place() -> None:
    with pytest.raises(SelectionError, match="no conversation to go on with"):
        last_name("chat")
    question = keep_on(Conversation((SAID,)), "", "question")
    assert last_name("chat") == last_name("question") == question
    chat = keep_on(Conversation((SAID,)), "", "chat")
    other = keep_on(Conversation((SAID,)), "", "question")
    assert len({question, chat, other}) == 3
    assert (last_name("chat"), last_name("question")) == (chat, other)
    keep(Conversation((SAID,)), "mine")
    assert last_name("chat") == "mine"


def test_going_on_changes_nothing_that_was_saved_or_asked_on_the_command_line() -> None:
    chat, question = (keep_on(Conversation((SAID,)), "", kind) for kind in ("chat", "question"))
    assert [name_to_go_on(chat, "chat"), name_to_go_on(chat, "question")] == [chat, chat]
    assert [name_to_go_on(question, "chat"), name_to_go_on(question, "question")] == ["", question]
    assert [name_to_go_on("mine", "chat"), name_to_go_on("", "chat")] == ["", ""]


def test_few_conversations_are_kept_and_all_that_were_saved(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_files, "MOST", 3)
    keep(Conversation((SAID,)), "mine")
    chat = keep_on(Conversation((SAID,)), "", "chat")
    asked = [keep_on(Conversation((SAID,)), "", "question") for _ in range(4)]
    assert set(names()) == {"mine", chat, *asked[1:]}
    assert MOST == 20


def test_what_was_said_in_two_places_is_all_kept() -> None:
    one, other = (Exchange(said, said, "It is.") for said in ("Is it?", "And \udcff?"))
    name = keep_on(Conversation((SAID,)), "", "chat")
    assert keep_on(Conversation((SAID, one)), name, "chat") == name
    apart = keep_on(Conversation((other,), earlier=(SAID,)), name, "chat")
    assert keep_on(Conversation((other, one), earlier=(SAID,)), apart, "chat") == apart
    assert [item.said for item in kept(name).exchanges] == ["What is it?", "Is it?"]
    assert [item.said for item in kept(apart).exchanges] == ["What is it?", "And ??", "Is it?"]


def test_questions_that_are_answered_in_the_same_second_are_all_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chat_files, "_new_names", lambda _: iter(["one", "two", "three"]))
    found = [keep_on(Conversation((SAID,)), "", "question") for _ in range(2)]
    assert found == names() == ["one", "two"]


def test_saving_takes_no_other_conversations_place() -> None:
    one = Exchange("Is it?", "Is it?", "It is.")
    keep(Conversation((SAID,)), "mine")
    keep(Conversation((SAID, one)), "mine")
    with pytest.raises(SelectionError, match="Another conversation is kept as 'mine'"):
        keep(Conversation((one,)), "mine")
    assert len(kept("mine").exchanges) == 2


def test_what_was_just_said_is_kept_if_the_clock_was_put_back() -> None:
    for at in range(MOST):
        path = keep(Conversation((SAID,)), f"chat-2030-01-01-0000{at:02}")
        os.utime(path, (2e9, 2e9))
    assert keep_on(Conversation((SAID,)), "", "chat") in names()
    assert len(names()) == MOST


def test_a_folder_that_cannot_be_made_ends_no_conversation(folder: Path) -> None:
    (folder / "own" / "state").mkdir(parents=True)
    (folder / "own" / "state" / "chats").write_text("")
    with pytest.raises(SelectionError, match="cannot be written"):
        keep_on(Conversation((SAID,)), "", "chat")


def test_the_conversations_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "--list"]) == 0
    assert capsys.readouterr().err == "No conversation has been kept yet.\n"
    keep(Conversation((SAID, SAID)), "my own")
    keep(Conversation(), "none")
    keep(Conversation(), "broken").write_text("{")
    assert main(["chat", "--list"]) == 0
    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines()]
    assert [row[0] for row in rows] == ["name", "broken", "none", "my"]
    assert rows[-1][-4:] == ["2", "What", "is", "it?"]
    assert "(cannot be read)" in said.out
    assert "`herdmate chat --saved NAME` goes on with one; they are kept in " in said.err
    assert main(["chat", "--list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["questions"], row["first"]) for row in told] == [
        ("broken", None, None), ("none", 0, None), ("my own", 2, "What is it?"),
    ]  # fmt: skip
    with pytest.raises(SystemExit):
        main(["chat", "--list", "why?"])


@pytest.mark.parametrize(
    ("path", "told"), [("/models/tiny.gguf", "tiny (tiny.gguf)\n"), ("", "tiny\n")]
)
async def test_a_model_of_a_server_has_no_file_to_name(
    path: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host, info = EngineHost(), ModelInfo(path, "tiny", "", "bpe", 9, 9, 9, 1, 1, 1)
    monkeypatch.setattr(host, "ready", AsyncMock(return_value=info))
    chat = _Chat(Settings(), ActionContext(host, Project()), 9)
    assert await _command(chat, "/model")
    assert capsys.readouterr().err == told


async def test_what_came_of_an_answer_before_an_error_is_kept() -> None:
    async def show(parts: AsyncIterator[str], _: EngineHost) -> str:
        await anext(parts)
        raise EngineError("The engine stopped while it was answering.")

    async def show_nothing(_parts: AsyncIterator[str], _: EngineHost) -> str:
        raise EngineError("The engine stopped before it answered.")

    async with fake_actions({"": "It adds."}) as context:
        chat = _Chat(Settings(), context, 9)
        with pytest.raises(EngineError):
            await _ask(chat, "Why?", show_nothing)
        assert not names()
        with pytest.raises(EngineError):
            await _ask(chat, "What is it?", show)
    (name,) = names()
    (exchange,) = kept(name).exchanges
    assert exchange.said == "What is it?"
    assert exchange.answer


async def test_a_question_that_was_stopped_before_it_was_asked_has_no_earlier_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host, info = EngineHost(), ModelInfo("", "tiny", "", "bpe", 9, 9, 9, 1, 1, 1)
    monkeypatch.setattr(host, "ready", AsyncMock(return_value=info))
    monkeypatch.setattr("herdmate.cli.chat.prepared", AsyncMock(side_effect=CancelledError))
    chat = _Chat(Settings(), ActionContext(host, Project()), 9, Conversation((SAID,)))
    assert not await _ask(chat, "And in Go?")
    assert (await _told(chat, "And in Go?"))["text"] == ""
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize(
    ("words", "given", "code", "told"),
    [
        (["what changes?"], "pipe", 1, "Standard input is empty, so there is nothing to ask"),
        (["-", "app.py", "why?"], "pipe", 1, "Standard input is empty, so there is nothing to ask"),
        (["what changes?"], "file", 1, "Standard input is empty, so there is nothing to ask"),
        (["app.py", "why?"], "pipe", 0, "Standard input is empty; it does not go with"),
        (["why?"], "nothing", 0, ""),
    ],
)  # fmt: skip
def test_a_pipe_that_gives_nothing(
    folder: Path, words: list[str], given: str, code: int, told: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ours, theirs = os.pipe()
    os.close(theirs)
    (folder / "empty.txt").touch()
    names: dict[str, int | str] = {
        "pipe": ours,
        "file": str(folder / "empty.txt"),
        "nothing": os.devnull,
    }
    use_fake_engine(monkeypatch, REPLIES)
    with open(names[given], encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert main(["chat", *words]) == code
    said = capsys.readouterr()
    assert told in said.err
    assert (said.out == "") == (code != 0)
    if given != "pipe":
        os.close(ours)


def _until(descriptor: int, word: str, seconds: float = 40.0) -> str:
    said, end = "", time.monotonic() + seconds
    while word not in " ".join(said.split()) and time.monotonic() < end:
        if select.select([descriptor], [], [], 0.3)[0]:
            said += os.read(descriptor, 65536).decode("utf-8", "replace")
    assert word in " ".join(said.split()), said  # wrapped where the folder's path is long
    return said


@contextmanager
def _terminal(folder: Path, *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Our end of a pseudo-terminal, and a chat that runs at the other one."""
    ours, theirs = pty.openpty()
    words = ["-m", "tests.cli.fake_command", json.dumps(REPLIES), "chat", *options]
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
        yield ours, process
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_on_a_terminal(folder: Path) -> None:
    with _terminal(folder) as (ours, process):
        _until(ours, "/help lists")
        os.write(ours, b"/help\r")
        _until(ours, "FILE.md: write it down")
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
        drawn = _until(ours, "Stopped; what came is kept.")
        assert "^C" not in drawn  # where a line is full, it would move what is drawn
        os.write(ours, b"And in Go?\r")
        _until(ours, "Go does.")
        os.write(ours, b"/save mine\r")
        _until(ours, "mine.json; `herdmate chat --saved mine` goes on with it.")
        os.write(ours, b"/save my own\r")
        _until(ours, '`herdmate chat --saved "my own"` goes on')
        os.write(ours, b"/save\r")
        _until(ours, "`herdmate chat --resume` goes on")
        os.write(ours, b"/save ./talk.md\r")
        _until(ours, "talk.md.")
        os.write(ours, b"/save talk.md\r")
        _until(ours, "exists already; take another name.")
        os.write(ours, b"/chats\r")
        _until(ours, "`herdmate chat --saved NAME` goes on with one")
        os.write(ours, b"/quit\r")
        assert process.wait(30) == 0
    kept = json.loads((folder / "own" / "state" / "chats" / "mine.json").read_text())
    answers = [item["answer"].rstrip() for item in kept["exchanges"]]
    assert [text.rstrip(".") for text in answers] == [
        "It adds", "It begins.\n\nThen it", "Go does",
    ]  # fmt: skip
    assert len(answers[1]) < 600
    written = (folder / "talk.md").read_text("utf-8")
    assert written.startswith("> What is it?\n\nIt adds.\n\n> Tell me all.\n\nIt begins.")


def test_what_was_said_last_is_shown_where_a_conversation_is_resumed(folder: Path) -> None:
    long = Exchange("Tell me\nall.", "Tell me all.", "\n".join(f"Line {at}." for at in range(99)))
    keep(Conversation((SAID, long)), "mine")
    with _terminal(folder, "--resume") as (ours, process):
        shown = _until(ours, "Line 7. …")
        assert "Going on after 2 questions; the last one:\r\nYou: Tell me all.\r\n" in shown
        assert "Answer: Line 0.\r\nLine 1." in shown
        os.write(ours, b"And in Go?\r")
        _until(ours, "Go does.")
        os.write(ours, b"/clear\r")
        os.write(ours, b"What is it?\r")
        _until(ours, "It adds.")
        os.write(ours, b"/quit\r")
        assert process.wait(30) == 0
    said = {name: [item.said for item in chat_files.kept(name).exchanges] for name in names()}
    assert said.pop("mine") == ["What is it?", "Tell me\nall."]
    assert sorted(said.values()) == [
        ["What is it?"], ["What is it?", "Tell me\nall.", "And in Go?"],
    ]  # fmt: skip


def test_what_was_typed_is_kept_without_secrets_and_not_forever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "own" / "state" / "chat_history"
    typed = _history()
    typed.append_string('Why\napi_key = "9sJ2kfLq81"?')
    typed.append_string("x" * 1_000_000)
    assert list(_history().load_history_strings()) == ['Why\napi_key = "**********"?']
    assert file.stat().st_mode & 0o077 == 0
    for at in range(30):
        typed.append_string(f"Question {at}?{' very' * 3000}")
    assert file.stat().st_size < 1_000_000
    monkeypatch.setattr("herdmate.cli.chat_input._MOST_KEPT", 50_000)
    kept_strings = [text.partition(" very")[0] for text in _history().load_history_strings()]
    assert kept_strings == ["Question 29?", "Question 28?", "Question 27?"]
    assert file.stat().st_mode & 0o077 == 0
    file.unlink()
    file.mkdir()
    typed.append_string("Why?")  # and no error


def test_what_is_typed_while_the_model_loads_is_shown_at_the_prompt_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    with open(theirs, encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with typing_kept():
            os.write(ours, b"Why?\n")
            assert not select.select([ours], [], [], 0.3)[0]
        assert termios.tcgetattr(theirs) == before
        assert stream.readline() == "Why?\n"
    os.close(ours)


def test_the_end_of_input_during_an_answer_ends_the_chat_after_it(folder: Path) -> None:
    with _terminal(folder) as (ours, process):
        modes = termios.tcgetattr(ours)
        _until(ours, "/help lists")
        os.write(ours, b"Slowly.\r")
        _until(ours, "It is")
        os.write(ours, b"\x04")
        _until(ours, "as it was")
        assert process.wait(30) == 0
        assert termios.tcgetattr(ours) == modes
    (kept,) = (folder / "own" / "state" / "chats").glob("*.json")
    assert [item["answer"] for item in json.loads(kept.read_text())["exchanges"]] == [
        REPLIES["Slowly"].replace("<slowly>", "")
    ]


async def _says_much(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(STREAM)
    for at in range(1000):
        said = {"delta": {"content": f"word {at} "}, "text": f"word {at} ", "finish_reason": None}
        writer.write(event({"choices": [said]}))
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("is_remote", "words"),
    [(True, "chat why?"), (True, "explain app.py"), (False, "chat why?")],
)
async def test_a_reader_that_ends_during_an_answer_ends_it_without_a_word(
    is_remote: bool, words: str
) -> None:
    long = json.dumps({"": f"It<slowly> is{'.' * 200}"})
    paths = ("/v1/completions", "/v1/chat/completions")
    answers = dict.fromkeys(paths, _says_much)
    async with serving({"/v1/models": reply(200, MODELS), **answers}) as server:
        options = ["--set", f"remote.url={server.url}"] if is_remote else []
        line = [sys.executable, "-m", "tests.cli.fake_command", long, *words.split(), *options]
        process = await asyncio.create_subprocess_shell(
            f"set -o pipefail; {shlex.join(line)} < /dev/null | head -c 5", executable="/bin/bash",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
    assert len(out) == 5
    assert not err.decode()
    assert process.returncode == 141


def test_a_question_can_look_like_an_impossible_place() -> None:
    assert parted(["why does it fail at 12:0"]) == ([], "why does it fail at 12:0")
    with pytest.raises(SelectionError, match="no line 0"):
        parted(["app.py:0"])


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
    assert parted(["-", "what changes?"]) == ([], "what changes?")
    assert parted(["is", "-", "an", "operator?"]) == ([], "is - an operator?")
