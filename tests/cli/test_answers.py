"""What is said below an answer that is not whole."""

from __future__ import annotations

import pytest

from herdmate.cli.answers import cut_off
from herdmate.generation import Finished, FinishReason, Usage


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        ((), ""),
        (("end", "stop"), ""),
        (("end", "length"), "cut off after 9 tokens; --max-tokens allows more"),
        (("context",), "the model's context is full"),
        (("repeating", "end"), "began to repeat itself and was stopped after 9 tokens"),
    ],
)
def test_why_an_answer_stops_before_its_end(reasons: tuple[FinishReason, ...], words: str) -> None:
    said = cut_off(Finished(reason, Usage(generated_tokens=9)) for reason in reasons)
    assert words in said
    assert bool(words) is bool(said)
