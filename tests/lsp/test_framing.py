"""Bytes that claim to be messages."""

from __future__ import annotations

from random import Random

import pytest

from herdmate.lsp.framing import MOST_BYTES, Framing, FramingError


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 2\r\n\r\n",
        b"content-length:2\r\n\r\n",
        b"CONTENT-LENGTH:   2  \r\n\r\n",
        b"Content-Length: 2\n\n",
        b"Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: 2\r\n\r\n",
        b"X-Other: value\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 0002\r\n\r\n",
    ],
)
def test_headers_of_all_clients_are_read(header: bytes) -> None:
    assert list(Framing().feed(header + b"{}")) == [b"{}"]


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://127.0.0.1/ HTTP/1.1\r\n",
        b"\r\n",
        b"\n\n",
        b"Content-Type: application/vscode-jsonrpc\r\n\r\n",
        b"Content-Length: -2\r\n\r\n",
        b"Content-Length: +2\r\n\r\n",
        b"Content-Length: 0x2\r\n\r\n",
        b"Content-Length: 2.0\r\n\r\n",
        b"Content-Length: two\r\n\r\n",
        b"Content-Length: \r\n\r\n",
        b"Content-Length: 1_0\r\n\r\n",
        "Content-Length: ٢\r\n\r\n".encode(),
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"Content-Length: 104857600\r\n\r\n",
        b"Content-Length: 9" + b"9" * 40 + b"\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: x; charset=utf-16\r\n\r\n",
        b"Content-Length 2\r\n\r\n",
        b": 2\r\n\r\n",
        b"Content-Length: 2\r\n more\r\n\r\n",
        b"X" * 5000,
        b"X: " + b"y" * 5000 + b"\r\n",
        b"X: y\r\n" * 2000,
        b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}\r\n\r\n',
        b"\0" * 100 + b"\r\n",
    ],
)
def test_what_is_no_header_ends_the_connection(header: bytes) -> None:
    framing = Framing()
    with pytest.raises(FramingError) as raised:
        list(framing.feed(header))
    assert str(raised.value)


def test_a_body_of_the_wrong_length_is_noticed_at_the_next_header() -> None:
    for length in range(20):
        framing = Framing()
        message = b"Content-Length: %d\r\n\r\n" % length + b'{"a": "bcdefgh"}'
        if length == len(b'{"a": "bcdefgh"}'):
            assert len(list(framing.feed(message * 3))) == 3
        else:
            with pytest.raises(FramingError):
                list(framing.feed(message * 3))


def test_bytes_may_come_in_any_pieces() -> None:
    random, bodies = Random(7), [b"", b"{}", b"\r\n\r\n", b"Content-Length: 5\r\n\r\n", b"x" * 300]
    stream = b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies)
    for _ in range(200):
        framing, found, at = Framing(), [], 0
        while at < len(stream):
            size = random.choice((1, 2, 3, 17, 200))
            found += list(framing.feed(stream[at : at + size]))
            at += size
        assert found == bodies
        assert not framing.is_inside


def test_a_message_that_is_not_whole_is_known() -> None:
    framing = Framing()
    for part in (b"Content", b"-Length: 2\r\n", b"\r\n", b"{"):
        assert list(framing.feed(part)) == []
        assert framing.is_inside
    assert list(framing.feed(b"}")) == [b"{}"]
    assert not framing.is_inside


def test_only_what_came_is_kept() -> None:
    """A length is a claim: nothing is set aside for it."""
    framing = Framing()
    assert list(framing.feed(b"Content-Length: %d\r\n\r\n{" % MOST_BYTES)) == []
    assert len(framing._came) == 1


def test_any_bytes_are_messages_or_an_error() -> None:
    random, parts = (
        Random(11),
        [b"Content-Length: ", b"2", b"\r\n", b"\n", b"{}", b":", b"\0", b"9"],
    )
    for _ in range(3000):
        data = b"".join(random.choices(parts, k=random.randrange(12)))
        try:
            bodies = list(Framing().feed(data))
        except FramingError:
            continue
        assert all(len(body) <= len(data) for body in bodies)
