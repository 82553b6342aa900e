"""What ``herdmate models list`` shows, at several widths."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from herdmate.cli.main import main
from herdmate.models.catalogue import elsewhere, models
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


def _rows(shown: str) -> list[str]:
    """The first column, and the names of the groups."""
    return [line.split("  ")[0] for line in shown.splitlines() if line]


def test_the_list_is_short_and_grouped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    memory = psutil.virtual_memory()._replace(total=16 << 30, available=12 << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    path = tmp_path / "models" / "my.gguf"
    path.parent.mkdir()
    path.write_bytes(gguf())
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr()
    assert _rows(shown.out) == [
        "name",
        "On this machine",
        "my.gguf",
        "Recommended for this machine",
        "codellama-7b-instruct-q4_k_m",
        "qwen2.5-coder-0.5b-instruct-q4_k_m",
        "qwen2.5-coder-1.5b-instruct-q4_k_m",
    ]
    hidden = len(models()) - 3 + len(elsewhere())
    assert f"{hidden} more can be fetched" in shown.err


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["codestral"], ["Codestral 22B", "codestral-22b-q4_k_m"]),
        (["star"], ["Known by address only: the hash is pinned at the first download",
                    "starcoder2-3b"]),
        (["GRANITE", "--all"], ["Granite 8B Code Instruct", "granite-8b-code-instruct-q4_k_m",
                                "Granite 4.0 H Tiny", "granite-4.0-h-tiny-q4_k_m"]),
        (["starter"], ["Recommended for this machine", "qwen2.5-coder-0.5b-instruct-q4_k_m"]),
    ],
)  # fmt: skip
def test_a_word_finds_all_models_of_that_name(
    words: list[str],
    rows: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["models", "list", *words]) == 0
    shown = capsys.readouterr()
    assert _rows(shown.out) == ["name", *rows]
    assert "more can be fetched" not in shown.err
    for column in shown.out.splitlines()[0].split()[2:6]:
        assert f"{column}: " in shown.err  # needs, fits, can and context are explained


def test_a_word_that_nothing_contains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    assert main(["models", "list", "gpt"]) == 1
    assert "No model has 'gpt' in its name; see --all." in capsys.readouterr().err


def test_a_terminal_shows_no_empty_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["models", "list", "codestral"]) == 0
    shown = capsys.readouterr().out
    assert "place" not in shown  # no other program has it
    assert "path" not in shown


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
