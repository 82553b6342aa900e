"""The text that may be shown while bytes come in."""

import itertools

import pytest

from herdmate.engine.stream import TextStream


def _run(data: list[bytes], stop: tuple[str, ...]) -> tuple[str, bool]:
    stream = TextStream(stop)
    text = "".join(stream.push(part) for part in data) + stream.finish()
    return text, stream.stopped


def test_a_character_cut_in_two_comes_whole() -> None:
    stream = TextStream(())
    halves = "a😀b".encode()
    assert [stream.push(halves[:2]), stream.push(halves[2:])] == ["a", "😀b"]


def test_what_may_become_a_stop_string_is_held_back() -> None:
    stream = TextStream(("\n\n",))
    assert stream.push(b"x\n") == "x"
    assert stream.push(b"y") == "\ny"


@pytest.mark.parametrize("width", [1, 2, 3, 7])
def test_a_stop_string_ends_the_text_however_it_is_cut(width: int) -> None:
    data = b"first <EOT> second"
    parts = [data[at : at + width] for at in range(0, len(data), width)]
    assert _run(parts, ("<EOT>", "<END>")) == ("first ", True)


def test_all_cuts_give_the_same_text() -> None:
    data = "añ😀\n  <E <EO".encode()
    for cuts in itertools.combinations(range(1, len(data)), 2):
        edges = [0, *cuts, len(data)]
        parts = [data[start:end] for start, end in itertools.pairwise(edges)]
        assert _run(parts, ("<EOT>",)) == (data.decode(), False)


def test_wrong_bytes_do_not_stop_the_stream() -> None:
    assert _run([b"a\xff", b"b"], ()) == ("a�b", False)


def test_a_character_that_the_limit_cut_is_not_shown() -> None:
    stream = TextStream(())
    assert stream.push(b"a\xe2\x82") + stream.finish() == "a"
