"""What of failures is logged."""

from __future__ import annotations

import asyncio
import logging

import pytest

from herdmate.errors import HerdmateError
from herdmate.lsp.failures import log_failure


@pytest.mark.parametrize("error", [HerdmateError("No model."), asyncio.CancelledError()])
def test_what_is_expected_is_no_error(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    log_failure("hover", error)
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_second_ctrl_c_while_the_server_ends_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_failure("shutdown", KeyboardInterrupt())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_others_are_errors_without_the_text_that_they_carry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log_failure("hover", ValueError("password = 1"))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "password" not in caplog.text
