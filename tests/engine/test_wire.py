"""What goes over the pipe comes back the same."""

from typing import Any

import pytest

from herdmate.engine import wire
from herdmate.engine.start import FakeStart, LlamaStart, StartMessage
from herdmate.errors import ContextFullError, EngineError
from herdmate.generation import (
    Finished,
    ModelInfo,
    Piece,
    Priority,
    Prompt,
    Request,
    Sampling,
    Special,
    Text,
    Usage,
)

ODD_MODELS: list[dict[str, Any]] = [
    {"path": None}, {"context": "4096"}, {"context": True}, {"weights": "odd"}, {"kv_type": []},
    {"lock_memory": 1}, {"control_pieces": "<a>"}, {"control_pieces": [1]}, {"unheard_of": 1},
    {"threads": float("nan")},
]  # fmt: skip
ODD_FAKES: list[Any] = [
    {"replies": []}, {"replies": {"": 1}}, {"seconds": "1"}, {"seconds": 1e400}, {"record": None},
    [],
]  # fmt: skip


@pytest.mark.parametrize(
    "start",
    [
        LlamaStart(
            "/home/\udce4/m.gguf",
            8192,
            3,
            0,
            ("<step>",),
            "mapped",
            "q8_0",
            True,
            ("/a.gguf",),
            (0.5,),
        ),
        FakeStart({"": "x"}, ("<a>", "<b>"), 0.5, 512, "/tmp/record", 2.0, "?"),
    ],
)
def test_starts(start: LlamaStart | FakeStart) -> None:
    message = StartMessage(start, 10)
    assert wire.start_from_wire(wire.decode(wire.encode(wire.start_to_wire(message)))) == message


def test_what_a_start_leaves_out_has_its_default() -> None:
    message = wire.start_from_wire({"log_level": 40, "load": {"path": "m.gguf"}})
    assert message == StartMessage(LlamaStart("m.gguf"), 40)


@pytest.mark.parametrize(
    "value",
    [
        {}, {"log_level": 10}, {"load": {"path": "m"}}, {"log_level": "debug", "fake": {}},
        {"log_level": True, "fake": {}}, {"log_level": 10, "load": None},
        {"log_level": 10, "load": ["m"]}, {"log_level": 10, "load": {}},
        *({"log_level": 10, "load": {"path": "m", **odd}} for odd in ODD_MODELS),
        *({"log_level": 10, "fake": odd} for odd in ODD_FAKES),
    ],
    ids=str,
)  # fmt: skip
def test_an_odd_start_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        wire.start_from_wire(value)


def test_requests() -> None:
    request = Request(
        Prompt(
            (Special("bos"), Text("a\n😀\u2028\ud83d", True), Text("")),
            ("▁<EOT>",),
            ("<EOT>",),
            1,
            "so far",
        ),
        lane="file:///a b.py",
        max_tokens=7,
        stop=("\n",),
        sampling=Sampling(temperature=0.5, seed=3),
        priority=Priority.TYPING,
        alternatives=3,
        exact=True,
        drafting=True,
        logprobs=True,
    )
    line = wire.encode(wire.request_to_wire(request))
    assert line.count(b"\n") == 1
    assert wire.request_from_wire(wire.decode(line)) == request


def test_answers() -> None:
    finished = Finished("length", Usage(5, 2, 3, 1, 0.5, 0.25, 1), ("end", "stop"))
    assert wire.finished_from_wire(wire.finished_to_wire(finished)) == finished
    info = ModelInfo("p", "n", "llama", "spm", 32016, 4096, 16384, 32, 7, 4, {"▁<PRE>": 32007})
    assert wire.info_from_wire(wire.decode(wire.encode(wire.info_to_wire(info)))) == info


@pytest.mark.parametrize(
    "piece",
    [
        Piece("a"),
        Piece("\ud83d\n", 2, -0.5),
        Piece("b", 0, 0.0),
        Piece("c", 1, -1e4),
        Piece("a b c", tokens=3),
    ],
)
def test_pieces(piece: Piece) -> None:
    assert wire.piece_from_wire(wire.decode(wire.encode(wire.piece_to_wire(piece)))) == piece


def test_a_probability_above_one_counts_as_one() -> None:
    assert wire.piece_from_wire({"text": "a", "index": 0, "logprob": 1e-7}).logprob == 0.0


@pytest.mark.parametrize(
    "odd", ["-1", True, float("nan"), float("-inf"), -1e300, [-1.0], {}, {"a": 1}], ids=str
)
def test_an_odd_probability_is_refused(odd: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        wire.piece_from_wire({"text": "a", "index": 0, "logprob": odd})


def test_errors_keep_their_class_and_sentence() -> None:
    error = wire.error_from_wire(wire.error_to_wire(ContextFullError("too long")))
    assert isinstance(error, ContextFullError)
    assert str(error) == "too long"
    assert isinstance(wire.error_from_wire({"kind": "Path", "message": "odd"}), EngineError)
