"""A conversation with the real starter: a further question costs its own tokens, little more."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys
import threading
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

import pytest

from herdmate.actions.context import ActionContext
from herdmate.actions.conversation import Attachment, Conversation, answered, prepared
from herdmate.actions.explain import answer_to
from herdmate.cli import action_context
from herdmate.settings import Settings
from tests.cli.pressed_keys import IN_A_SESSION
from tests.waiting import until

pytestmark = pytest.mark.model

CODE = """\
def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
"""
QUESTIONS = (
    "What does this function return for an empty list?",
    "How would you change that?",
    "Write a test for two values.",
    "Which name would be better than middle?",
)


async def _turn(
    conversation: Conversation, said: str, context: ActionContext, pieces: int = 1_000_000
) -> tuple[Conversation, int, str]:
    """The conversation after a turn, tokens evaluated for it, and the answer's first pieces."""
    question = await prepared(conversation, said, context.host, 80)
    answer = ""
    async with aclosing(answer_to(question.question, context.host)) as parts:
        async for part in parts:
            answer += part
            pieces -= 1
            if not pieces:  # as Ctrl-C stops it
                break
    record = context.host.last_request
    ended = record.finished if record else None  # ``None``: it was stopped just now
    return answered(question, answer), ended.usage.evaluated_tokens if ended else 0, answer


async def test_four_turns_and_a_stop(starter_model: Path) -> None:
    conversation = Conversation(attached=(Attachment("median.py", "python", CODE),))
    async with action_context.running(Settings(model=str(starter_model)), []) as context:
        conversation, evaluated, answer = await _turn(conversation, QUESTIONS[0], context)
        assert answer
        for said in QUESTIONS[1:]:
            (own,) = await context.host.count_tokens([said])
            conversation, evaluated, answer = await _turn(conversation, said, context)
            assert evaluated <= own + 32, (said, evaluated, own)
            assert answer
        stopped, _, begun = await _turn(conversation, "Explain it line by line.", context, 6)
        (own,) = await context.host.count_tokens(["Go on."])
        _, evaluated, answer = await _turn(stopped, "Go on.", context)
        assert begun
        assert answer
        assert evaluated <= own + 32, (evaluated, own)


class _Shown(threading.Thread):
    """Reads what comes on a terminal, so that the program is never held up."""

    def __init__(self, terminal: int) -> None:
        super().__init__(daemon=True)
        self._terminal, self.text = terminal, ""
        self.start()

    def run(self) -> None:
        with suppress(OSError):  # how Linux tells that the other side is closed
            while data := os.read(self._terminal, 65536):
                self.text += data.decode("utf-8", "replace")


async def test_at_a_terminal_it_is_stopped_and_resumed(
    starter_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three turns about a file, a fourth that Ctrl-C stops, and one more from a pipe."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "median.py").write_text(CODE)
    herdmate = str(Path(sys.executable).with_name("herdmate"))
    words = [herdmate, "chat", "--model", str(starter_model), "--max-tokens", "24"]
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IN_A_SESSION, *words, "median.py", cwd=tmp_path,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = _Shown(ours)
    try:
        await until(lambda: "Ctrl-D leaves" in shown.text)
        for count, said in enumerate(QUESTIONS[:3], 1):
            os.write(ours, f"{said}\r".encode())
            await until(partial(_has_kept, tmp_path, count), 120)
        os.write(ours, b"Explain it line by line.\r")
        await until(lambda: "line by line." in shown.text)
        await until(lambda: _is_answering(shown.text), 120)
        os.write(ours, b"\x03")
        await until(lambda: "Stopped" in shown.text)
        os.write(ours, b"/quit\r")
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(ours)
    assert "median.py (6 lines)" in shown.text
    assert [item["said"] for item in _kept(tmp_path)][:3] == list(QUESTIONS[:3])
    piped = await asyncio.create_subprocess_exec(
        *words, "--resume", "--json", "Is this its end?", cwd=tmp_path,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(piped.communicate(b"return (ordered[middle - 1])\n"), 120)
    assert json.loads(out)["text"]
    assert len(_kept(tmp_path)) == 5


def _kept(folder: Path) -> list[dict[str, str]]:
    """The exchanges of the conversation that was kept last."""
    with suppress(OSError, StopIteration):
        path = next((folder / "own" / "state" / "chats").glob("chat-*.json"))
        return list(json.loads(path.read_text())["exchanges"])
    return []


def _has_kept(folder: Path, count: int) -> bool:
    return len(_kept(folder)) == count


def _is_answering(shown: str) -> bool:
    """Has the question's prompt ended, which turns bracketed paste off, and anything come since?"""
    since = shown.rpartition("line by line.")[2].partition("\x1b[?2004l")[2]
    return bool(re.search(r"[A-Za-z]{3}", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", since)))
