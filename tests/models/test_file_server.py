"""The tests' own web server: what it prints."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest

from tests.models.file_server import _Server


@pytest.mark.parametrize(
    ("error", "is_printed"),
    [
        (ConnectionResetError, False),
        (BrokenPipeError, False),
        (ValueError, True),
        (TimeoutError, True),
    ],
)
def test_only_a_client_that_hangs_up_is_nothing_to_print(
    error: type[Exception], is_printed: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    with _Server(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        try:
            raise error
        except error:
            server.handle_error(None, ("127.0.0.1", 9))
    assert (error.__name__ in capfd.readouterr().err) == is_printed
