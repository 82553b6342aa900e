"""A conversation with the real starter: a further question costs its own tokens, little more."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from herdmate.actions.context import ActionContext
from herdmate.actions.conversation import Attachment, Conversation, answered, prepared
from herdmate.actions.explain import answer_to
from herdmate.cli import action_context
from herdmate.settings import Settings

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
