"""Conversations: what is sent, what fits, what is kept."""

from __future__ import annotations

import json

import pytest

from herdmate.actions.conversation import (
    Attachment,
    Conversation,
    Exchange,
    answered,
    from_json,
    prepared,
    to_json,
)
from herdmate.errors import SelectionError
from herdmate.generation import Text
from tests.fake_model import fake_actions


def _words(question: object) -> str:
    segments = question.question.request.prompt.segments  # type: ignore[attr-defined]
    return "".join(item.text for item in segments if isinstance(item, Text))


async def test_a_follow_up_begins_with_all_that_was_sent() -> None:
    code = "\n".join(f"x{at} = {at}" for at in range(20))
    conversation = Conversation(attached=(Attachment("a.py", "python", code),))
    async with fake_actions({"": "It adds."}, context=8192) as context:
        first = await prepared(conversation, "What is it?", context.host)
        assert "x19 = 19" in _words(first)
        assert first.taken == (("a.py", 20, 20),)
        second = await prepared(answered(first, "It adds."), "And then?", context.host)
    assert _words(second).startswith(_words(first).rstrip())
    assert "It adds." in _words(second)
    assert second.question.request.lane == first.question.request.lane
    assert second.tokens < second.context


async def test_secrets_are_neither_sent_nor_kept() -> None:
    attached = (Attachment("a.py", "python", 'password = "Xk39fj2L0q"\ntotal = 1\n'),)
    async with fake_actions({"": "x"}, context=8192) as context:
        found = await prepared(
            Conversation(attached=attached), 'Why api_key = "9sJ2kfLq81"?', context.host
        )
    kept = json.dumps(to_json(answered(found, "It is.")))
    assert "total = 1" in kept
    assert "Why api_key" in kept
    for secret in ("Xk39fj2L0q", "9sJ2kfLq81"):
        assert secret not in kept
        assert secret not in _words(found)


async def test_what_does_not_fit_is_cut_at_a_line_and_told() -> None:
    code = "\n".join(f"line_{at} = {at}" for at in range(400))
    attached = (Attachment("long.py", "python", code), Attachment("b.py", "python", "y = 1"))
    async with fake_actions({"": "x"}, context=2048) as context:
        found = await prepared(Conversation(attached=attached), "Why?", context.host, 200)
    (name, taken, lines), other = found.taken
    assert (name, lines) == ("long.py", 400)
    assert 0 < taken < 400
    assert other == ("b.py", 1, 1)
    said = _words(found)
    assert f"line_{taken - 1} = " in said
    assert f"line_{taken} = " not in said
    assert f"{taken} of its 400 lines" in said
    assert len(said.encode()) + 200 < 2048  # the fake engine's tokens are bytes


async def test_the_oldest_exchanges_make_room() -> None:
    conversation = Conversation()
    async with fake_actions({"": "x"}, context=2048) as context:
        for at in range(30):
            found = await prepared(conversation, f"Question {at}? " * 5, context.host, 200)
            conversation = answered(found, f"Answer {at}. " * 5)
        assert found.dropped or len(conversation.exchanges) < 30
        assert "Question 29" in _words(found)
        assert "Question 0?" not in _words(found)
        kept = from_json(to_json(conversation)).exchanges
        assert [item.said.split("?")[0] for item in kept] == [f"Question {at}" for at in range(30)]
        with pytest.raises(SelectionError, match="only"):
            await prepared(conversation, "long " * 2000, context.host, 200)


def test_conversations_are_kept() -> None:
    conversation = Conversation()
    assert from_json(to_json(conversation)) == conversation
    wrongs: list[object] = [None, [], {}, {"version": 2}]
    for wrong in [*wrongs, {"version": 1, "exchanges": [{"said": 1}]}]:
        with pytest.raises(ValueError, match=r"version|damaged"):
            from_json(wrong)


def test_of_a_very_long_conversation_the_end_is_kept() -> None:
    said = tuple(Exchange(f"{at}", "x" * 400_000, "") for at in range(5))
    kept = from_json(to_json(Conversation(said[3:], earlier=said[:3]))).exchanges
    assert [item.said for item in kept] == ["3", "4"]
    huge = Exchange("a", "x" * 2_000_000, "")
    assert from_json(to_json(Conversation((said[0], huge)))).exchanges == (huge,)


async def test_fences_in_the_text_do_not_end_it() -> None:
    attached = (Attachment("a.md", "markdown", "```python\nx\n```"),)
    async with fake_actions({"": "x"}, context=8192) as context:
        found = await prepared(Conversation(attached=attached), "Why?", context.host)
    assert "````markdown" in _words(found)
