"""What the terminal adds to a remote server's refusal: the way back to this machine's own model."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.cli.main import main
from tests.models.file_server import serving


def test_a_server_without_the_api_is_told_with_the_way_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    with serving({}) as server:
        said = ["--set", f"remote.url={server.url}"]
        assert main(["explain", str(tmp_path / "app.py"), *said]) == 1
    shown = " ".join(capsys.readouterr().err.split())
    assert "does not have the requested API or model" in shown
    assert shown.endswith("For a model on this machine, add --model auto.")


def test_a_server_named_in_the_file_is_told_with_the_way_back_for_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    assert main(["config", "set", "remote.url", "http://127.0.0.1:1"]) == 0
    assert main(["explain", str(tmp_path / "app.py")]) == 1
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.endswith(
        "set remote.fallback to true. `herdmate config unset remote.url` goes back to it for good."
    )
    monkeypatch.setenv("HERDMATE_REMOTE_URL", "http://127.0.0.1:2")
    assert main(["explain", str(tmp_path / "app.py")]) == 1
    assert "unset" not in capsys.readouterr().err
