"""Runs ``herdmate`` with the fake engine: ``python -m tests.cli.fake_command REPLIES WORD...``."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from herdmate.cli import action_context
from herdmate.cli.main import main
from herdmate.engine.start import FakeStart
from herdmate.prompting.families import QWEN_PIECES


def use_fake_engine(
    patch: pytest.MonkeyPatch, replies: dict[str, str], record: str = "", doubtful: str = "",
    seconds: float = 0.0,
) -> None:  # fmt: skip
    """Have the commands ask the fake engine, with what else ``FakeStart`` takes."""
    start: Any = FakeStart(replies, QWEN_PIECES, seconds, record=record, doubtful=doubtful)
    patch.setattr(action_context, "first_message", lambda *_: (start, SimpleNamespace()))


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        use_fake_engine(patch, json.loads(sys.argv[1]))
        raise SystemExit(main(sys.argv[2:]))
