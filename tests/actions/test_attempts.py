"""When the model is asked again, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from herdmate.actions import attempts
from herdmate.actions.attempts import attempted
from herdmate.actions.question import Question, question_for
from herdmate.errors import RefusedError
from herdmate.generation import Piece
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span
from tests.fake_model import fake_actions

CODE = "def f(x):\n    return x\n"


async def _asked(
    monkeypatch: pytest.MonkeyPatch, replies: list[str], repair: str = "syntax"
) -> tuple[str, list[float]]:
    """What is taken of the replies, "good" alone, and the temperature of each question."""
    temperatures: list[float] = []

    async def reply(question: Question, *_: Any) -> tuple[list[Piece], bool]:
        temperatures.append(question.request.sampling.temperature)
        return [Piece(replies[len(temperatures) - 1])], True

    def take(text: str, _finished: bool) -> str:
        if not text.endswith("good"):
            raise RefusedError(f"{text[-3:]} is bad.", repair, line="x")
        return text

    monkeypatch.setattr(attempts, "_reply", reply)
    selection = Selection(Document("file:///a.py", "python", CODE), Span(0, len(CODE)))
    async with fake_actions({}) as model:
        question = await question_for(load_library()[0].get("simplify"), selection, model)
        try:
            return await attempted(question, model.host, take), temperatures
        except RefusedError as refusal:
            return str(refusal), temperatures


async def test_a_third_attempt_is_made_with_chance_if_that_is_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, temperatures = await _asked(monkeypatch, ["one", "two", "good"])
    assert text.endswith("good")
    assert temperatures == [0.0, 0.0, 0.6]
    text, temperatures = await _asked(monkeypatch, ["one", "two", "six"])
    assert text == "two is bad. The model was told what was wrong but did not correct it."
    monkeypatch.setattr(attempts, "_LONGEST_WAIT", 0.0)
    text, temperatures = await _asked(monkeypatch, ["one", "two", "good"])
    assert text.startswith("two is bad.")
    assert temperatures == [0.0, 0.0]


async def test_what_no_word_can_correct_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, temperatures = await _asked(monkeypatch, ["one", "good"], repair="")
    assert text == "one is bad."
    assert temperatures == [0.0]


CIRCLE = "// The function is not affected by the type of the list items.\n"


async def test_a_circle_is_left_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    text, temperatures = await _asked(monkeypatch, [CIRCLE * 4, "good"], repair="")
    assert text.endswith("good")
    assert temperatures == [0.0, 0.6]
    text, _ = await _asked(monkeypatch, [CIRCLE * 4, "six"], repair="")
    assert text.startswith("The model went on repeating itself, so its answer is not used;")
    monkeypatch.setattr(attempts, "_LONGEST_WAIT", 0.0)
    text, temperatures = await _asked(monkeypatch, [CIRCLE * 4, "good"], repair="")
    assert text.startswith("The model went on repeating itself")
    assert temperatures == [0.0]


async def test_a_circle_is_left_soon() -> None:
    selection = Selection(Document("file:///a.py", "python", CODE), Span(0, len(CODE)))
    for again, is_left in ((90, True), (3, False)):
        async with fake_actions({"": CIRCLE * again}) as model:
            question = await question_for(load_library()[0].get("simplify"), selection, model)
            said, finished = await attempts._reply(question, model.host, lambda _: None)
        assert finished is not is_left
        assert (len("".join(piece.text for piece in said)) < 10 * len(CIRCLE)) or not is_left


async def test_a_refused_reply_is_logged_for_debugging_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "herdmate.actions.attempts")
    await _asked(monkeypatch, ["1\n" * 600 + "one", "two", "good"])
    said = [record for record in caplog.records if record.name == "herdmate.actions.attempts"]
    assert {record.levelname for record in said} == {"DEBUG"}
    assert "| 1" in caplog.messages
    assert "| two" in " ".join(caplog.messages)
    assert "good" not in " ".join(caplog.messages)
    assert len(said) < 600
