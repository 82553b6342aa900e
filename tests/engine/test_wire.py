"""What goes over the pipe comes back the same."""

from herdmate.engine import wire
from herdmate.errors import ContextFullError, EngineError
from herdmate.generation import (
    Finished,
    ModelInfo,
    Priority,
    Prompt,
    Request,
    Sampling,
    Special,
    Text,
    Usage,
)


def test_requests() -> None:
    request = Request(
        Prompt(
            (Special("bos"), Text("a\n😀\u2028\ud83d", True), Text("")), ("▁<EOT>",), ("<EOT>",), 1
        ),
        lane="file:///a b.py",
        max_tokens=7,
        stop=("\n",),
        sampling=Sampling(temperature=0.5, seed=3),
        priority=Priority.TYPING,
        alternatives=3,
        exact=True,
        drafting=True,
    )
    line = wire.encode(wire.request_to_wire(request))
    assert line.count(b"\n") == 1
    assert wire.request_from_wire(wire.decode(line)) == request


def test_answers() -> None:
    finished = Finished("length", Usage(5, 2, 3, 1, 0.5, 0.25, 1), ("end", "stop"))
    assert wire.finished_from_wire(wire.finished_to_wire(finished)) == finished
    info = ModelInfo("p", "n", "llama", "spm", 32016, 4096, 16384, 32, 7, 4, {"▁<PRE>": 32007})
    assert wire.info_from_wire(wire.decode(wire.encode(wire.info_to_wire(info)))) == info


def test_errors_keep_their_class_and_sentence() -> None:
    error = wire.error_from_wire(wire.error_to_wire(ContextFullError("too long")))
    assert isinstance(error, ContextFullError)
    assert str(error) == "too long"
    assert isinstance(wire.error_from_wire({"kind": "Path", "message": "odd"}), EngineError)
