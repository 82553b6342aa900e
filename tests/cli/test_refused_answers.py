"""An answer that is refused can be read in the terminal, where somebody asks for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from herdmate.cli import serve
from herdmate.cli.main import main
from tests.cli.fake_command import use_fake_engine

WRONG = "def total(x):\n    return x(\n```\n"


@pytest.fixture
def log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[pytest.LogCaptureFixture]:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def total(x):\n    y = x\n    return y\n")
    use_fake_engine(monkeypatch, {"": WRONG})
    logging.getLogger("herdmate.actions.attempts").setLevel(logging.NOTSET)  # -v in another test
    caplog.set_level("INFO")
    caplog.handler.setLevel("DEBUG")
    yield caplog
    logging.getLogger("herdmate.actions.attempts").setLevel(logging.NOTSET)


def test_verbose_shows_it(
    log: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["refactor", "simplify", "app.py:total"]) != 0
    assert "return x(" not in log.text + capsys.readouterr().err
    assert main(["-v", "refactor", "simplify", "app.py:total"]) != 0
    assert "| " + "    return x(" in log.messages
    said = " ".join(capsys.readouterr().err.split())
    assert "so nothing was changed; name a larger model with --model; -v shows the answer" in said


def test_the_log_of_a_server_never_shows_it(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_run", lambda _: 0)
    assert main(["serve", "-v"]) == 0
    assert logging.getLogger("herdmate.actions.attempts").level == logging.NOTSET
    assert not log.messages
