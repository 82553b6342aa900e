"""A fix for code that the model at first gives back unchanged, with the fake engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

import pytest

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.context import ActionContext
from herdmate.actions.rewrite import rewrite
from herdmate.engine.interface import OnRead, unheard
from herdmate.errors import UnchangedError
from herdmate.generation import Finished, Piece, Request
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span, apply_edits
from tests.fake_model import fake_completion

CODE = 'def half(x):\n    """A third: 3."""\n    # 3 of them\n    return x // 3\n'
START = "<|im_start|>assistant\n```python\n"
UNTIL = CODE[: CODE.rindex("3")]


async def _fixed(
    replies: Mapping[str, str],
    rejected: tuple[str, ...] = (),
    code: str = CODE,
    doubtful: str = "3",
    language: str = "python",
) -> tuple[str, list[Request]]:
    document = Document("file:///a", language, code)
    problem = Diagnostic(Span(0, 5), "got 1 instead of 2")
    asked: list[Request] = []
    async with fake_completion(replies, doubtful=doubtful) as state:
        generate = state.host.generate

        def noted(
            request: Request, on_read: OnRead = unheard
        ) -> AsyncGenerator[Piece | Finished, None]:
            asked.append(request)
            return generate(request, on_read)

        state.host.generate = noted  # type: ignore[method-assign]
        given = ActionInput(problems=(problem,), rejected=rejected)
        fix = load_library()[0].get("fix")
        context = ActionContext(state.host, state.project)
        try:
            done = await rewrite(Selection(document, Span(0, 4)), fix, context, given)
        except UnchangedError:
            return "", asked
    return apply_edits(code, done.edits), asked


async def test_the_second_choice_where_the_model_hesitated_becomes_the_fix() -> None:
    replies = {f"{START}{UNTIL}": "2", START: f"{CODE}```\n"}
    text, asked = await _fixed(replies)
    assert text == CODE.replace("// 3", "// 2")
    first, at = asked
    assert (first.logprobs, first.alternatives, first.drafting) == (True, 1, True)
    assert (at.logprobs, at.stop, at.sampling.temperature) == (True, ("\n",), 0.0)


async def test_a_choice_that_did_not_help_is_not_suggested_again() -> None:
    replies = {f"{START}{UNTIL}": "2", START: f"{CODE}```\n"}
    rejected = CODE.replace("// 3", "// 2")
    text, _ = await _fixed(replies, (rejected,))
    assert text == CODE.replace("// 3", "// 4")  # the next choice


async def test_another_beginning_of_a_line_may_be_one_more_line() -> None:
    code = "def half(x):\n    return x\n"
    head = "def half(x):\n    "
    more = "x = x or 1\n    return x\n```\n"
    replies = {f"{START}{head}x = x or 1\n": "    return x\n```\n", f"{START}{head}": more}
    text, asked = await _fixed({**replies, START: f"{code}```\n"}, code=code, doubtful="r")
    assert text == "def half(x):\n    x = x or 1\n    return x\n"
    assert len(asked) == 4  # the reply, two places, and what follows the new line


@pytest.mark.parametrize("code", [CODE, "def f():\n    return 1\n"])
async def test_without_a_usable_choice_the_model_is_asked_with_chance(code: str) -> None:
    replies = {f"{START}{UNTIL}": ")", START: f"{code}```\n"}
    text, asked = await _fixed(replies, code=code)
    assert text in ("", CODE.replace("// 3", "// *"))
    if not text:
        assert asked[-1].sampling.temperature > 0


async def test_no_other_words_are_tried_in_prose() -> None:
    text = "There are 3 of them.\n"
    fixed, asked = await _fixed({"": f"{text}`````\n"}, code=text, language="markdown")
    assert fixed == ""
    assert [request.alternatives for request in asked] == [1, 1]
