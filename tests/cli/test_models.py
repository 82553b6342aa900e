"""What ``herdmate models list`` shows, at several widths."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.models.catalogue import models
from tests.models.gguf_file import gguf


@pytest.mark.parametrize("columns", ["60", "80", "120", "200"])
def test_names_are_never_cut(
    columns: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("TERM", "dumb")
    assert main(["models", "list", "--all"]) == 0
    shown = capsys.readouterr().out
    assert [model.name for model in models() if model.name not in shown] == []


def test_a_pipe_gets_whole_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["models", "list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert any("codellama-7b-instruct-q4_k_m" in row and "Community License" in row for row in rows)


def test_rm_asks_and_removes_what_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    path = tmp_path / "models" / "my.gguf"
    path.parent.mkdir()
    path.write_bytes(gguf())
    assert main(["models", "rm", "my.gguf"]) == 1
    assert f"Add --yes to remove {path} (0.01 GB)." in capsys.readouterr().err
    assert path.exists()
    assert main(["models", "rm", "my.gguf", "--yes"]) == 0
    assert capsys.readouterr().err == f"Removed {path}\n"
    assert not path.exists()
