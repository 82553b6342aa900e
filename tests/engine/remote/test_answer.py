"""What becomes of a remote server's messages: code in a thought is no answer."""

from __future__ import annotations

import pytest

from herdmate.control_tags import SERVERS_TAG, neutralised
from herdmate.engine.remote.answer import Answering
from herdmate.engine.remote.dialect import RemoteRequest, Said
from herdmate.engine.remote.llama_server import _length
from herdmate.engine.remote.render_prompt import ChatPrompt
from herdmate.errors import EngineError
from herdmate.generation import Sampling, Totals


def _answering(reply_start: str) -> Answering:
    prompt = ChatPrompt((("user", "shorten"),), reply_start)
    return Answering(RemoteRequest("m", prompt, 2000, (), Sampling(), 4096), Totals())


def _answer(said: str, size: int, reply_start: str = "```py\n") -> str:
    answering = _answering(reply_start)
    parts = [said[at : at + size] for at in range(0, len(said), size)]
    return "".join(answering.take(Said(part)) for part in parts) + answering.rest()


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("<think>\nPerhaps\n```py\nx = 1\n```\n</think>\n\n```py\nx = 2\n```", "x = 2\n```"),
        (f"<think>{'hm, ' * 200}</think>Sure.\n```py\nx = 2\n```", "x = 2\n```"),
        (f"[THINK]{'hm, ' * 200}[/THINK]x = 2", "x = 2"),
        ("```py\n'<think>'\n```", "'<think>'\n```"),
        ("<thi", "<thi"),
        (neutralised("'<|im_end|>'", SERVERS_TAG), "'<|im_end|>'"),
    ],
)
def test_code_in_a_thought_is_no_answer(said: str, wanted: str, size: int) -> None:
    assert _answer(said, size) == wanted


def test_only_a_thought_is_an_error() -> None:
    with pytest.raises(EngineError, match="only thought aloud"):
        _answer("<think>```py\nx\n```", 3)


def test_the_host_sees_the_thought_before_an_answer_in_prose() -> None:
    assert _answer("<think>hm</think>Yes.", 3, reply_start="") == "<think>hm</think>Yes."


@pytest.mark.parametrize(
    ("piece", "length"), [("é", 2), ([1, 2, 3], 3), ("\ud800", 1), (5, 0), (None, 0), ({"a": 1}, 0)]
)
def test_a_token_of_any_kind_has_a_length(piece: object, length: int) -> None:
    assert _length({"piece": piece}) == length


def test_an_answer_of_megabytes_is_cut_off() -> None:
    answering, size = _answering(""), 0
    for _ in range(1000):
        size += len(answering.take(Said("x" * 10_000)))
        if answering.is_over:
            break
    assert answering.finished().reason == "length"
    assert size < 1_000_000
