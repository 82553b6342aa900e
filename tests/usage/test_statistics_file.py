"""The file of the statistics, when things go wrong."""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.usage.statistics import Key
from herdmate.usage.statistics_file import StatisticsFile, statistics_path

KEY = Key(date.today().isoformat(), "python", "asked")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    assert statistics_path() == tmp_path / "state" / "statistics.json"
    return statistics_path()


def test_counts_add_up(path: Path) -> None:
    assert not StatisticsFile(path).read()
    assert StatisticsFile(path).add(Counter({KEY: 2}))
    assert StatisticsFile(path).add(Counter({KEY: 3}))
    assert StatisticsFile(path).read() == {KEY: 5}


def test_servers_at_once_lose_nothing(path: Path) -> None:
    files = [StatisticsFile(path) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda file: file.add(Counter({KEY: 1})), files * 5))
    assert StatisticsFile(path).read() == {KEY: 20}


@pytest.mark.parametrize("broken", [b"{", b"\xff\xfe", b'{"version": 9, "days": {}}'])
def test_a_broken_file_is_kept_aside(path: Path, broken: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(broken)
    assert not StatisticsFile(path).read()
    assert StatisticsFile(path).add(Counter({KEY: 1}))
    assert StatisticsFile(path).read() == {KEY: 1}
    assert (path.parent / "statistics.broken.json").read_bytes() == broken


def test_a_folder_that_cannot_be_written_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.write_text("a file in the place of the folder")
    file = StatisticsFile(path)
    with caplog.at_level(logging.WARNING):
        assert not file.add(Counter({KEY: 1}))
        assert not file.add(Counter({KEY: 1}))
    assert len(caplog.messages) == 1
    assert not file.read()


def test_what_is_no_regular_file_is_told_and_not_waited_for(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with caplog.at_level(logging.WARNING):
        assert not StatisticsFile(path).add(Counter({KEY: 1}))
    assert "is not a regular file" in caplog.text
    assert not StatisticsFile(path).read()


def test_a_full_disk_costs_the_counts_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(os, "fsync", full)
        assert not StatisticsFile(path).add(Counter({KEY: 1}))
    assert "No space left on device" in caplog.text
    assert StatisticsFile(path).add(Counter({KEY: 1}))


def test_the_command(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats"]) == 0
    assert "Nothing has been counted yet." in capsys.readouterr().out
    assert main(["stats", "--erase"]) == 0
    assert "nothing to erase" in capsys.readouterr().out
    StatisticsFile(path).add(Counter({KEY: 7}))
    assert main(["stats"]) == 0
    assert "Python" in capsys.readouterr().out
    assert main(["stats", "--json"]) == 0
    assert '"asked": 7' in capsys.readouterr().out
    path.with_suffix(".broken.json").write_text("{")
    assert main(["stats", "--erase"]) == 0
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".json"] == []
    assert main(["stats", "--json"]) == 0
    assert '"days": {}' in capsys.readouterr().out
