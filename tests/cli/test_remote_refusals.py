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
