"""What a model thinks aloud before its answer is hidden, bounded, and told as progress."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator

import pytest

from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.engine.thoughts import Thought, without_thoughts
from herdmate.errors import EngineError
from herdmate.generation import THOUGHTS, Finished, ModelInfo, Piece, Prompt, Request, Text
from herdmate.prompting.families import QWEN_PIECES, Turn, family_of, instruct_prompt

CASES = {
    "<think>\nHm, `x` is 1.\n</think>\n\nIt is 1.": "It is 1.",
    "<think></think>\n\n```py\nx\n```": "```py\nx\n```",
    "\n<think>a</think><think>b</think>\nc": "c",
    "[THINK]a <think> b[/THINK]c": "c",
    "<seed:think>\nx\n</seed:think>yes": "yes",
    "No thought <think>in it</think>.": "No thought <think>in it</think>.",
    "<thinking is good": "<thinking is good",
    "\n\n  indented": "\n\n  indented",
    "<thi": "<thi",
    "": "",
    "<think>it never": "",
}


@pytest.mark.parametrize("said", CASES)
def test_a_thought_is_hidden_however_it_is_cut(said: str) -> None:
    dice = random.Random(1)
    for _ in range(20):
        thought, shown, at = Thought(THOUGHTS), "", 0
        while at < len(said):
            step = dice.randint(1, 6)
            shown += thought.push(said[at : at + step])
            at += step
        assert shown + thought.finish() == CASES[said]


def test_any_number_of_thoughts_can_come_at_once() -> None:
    assert Thought(THOUGHTS).push("<think></think>\n" * 50_000 + "Yes, that is so.").strip() == (
        "Yes, that is so."
    )


async def _ask(reply: str, thoughts: tuple[tuple[str, str], ...] = THOUGHTS) -> list[str]:
    host = EngineHost()
    await host.start(FakeStart({"": reply}, QWEN_PIECES))
    try:
        prompt = Prompt((Text("ask"),), thoughts=thoughts)
        events = [event async for event in host.generate(Request(prompt, "x", 200))]
    finally:
        await host.stop()
    return [event.text for event in events if isinstance(event, Piece)]


async def test_an_answer_has_no_thought_and_thinking_is_progress() -> None:
    pieces = await _ask("<think>hm, hm, hm</think>\n\nYes.")
    assert "".join(pieces) == "Yes."
    assert pieces[0] == ""  # which counts as progress


async def test_only_a_thought_is_an_error_that_says_so() -> None:
    with pytest.raises(EngineError, match="only thought aloud"):
        await _ask("<think>" + "hm " * 50)


async def test_a_model_that_does_not_think_may_write_of_it() -> None:
    assert "".join(await _ask("<think>x</think>", ())) == "<think>x</think>"


async def test_an_answer_that_is_closed_closes_what_it_comes_from() -> None:
    is_closed = False

    async def said() -> AsyncGenerator[Piece | Finished, None]:
        nonlocal is_closed
        try:
            while True:
                yield Piece("Yes.")
        finally:
            is_closed = True

    answer = without_thoughts(said(), THOUGHTS)
    await anext(answer)
    await answer.aclose()
    assert is_closed


def test_whose_thoughts_are_hidden() -> None:
    def asked(template: str) -> Prompt:
        info = ModelInfo("", "m", "", "bpe", 9, 9, 9, 1, 1, 1, {}, template=template)
        return instruct_prompt(family_of(info), "", (Turn("user", "a"),))

    assert asked("<|im_start|>{{ '<think>' }}").thoughts == THOUGHTS[:1]
    assert asked("<|im_start|>").thoughts == ()
