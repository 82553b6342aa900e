"""Where Herdmate's own files are, and what ``~`` stands for."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from herdmate import user_folders
from herdmate.user_folders import cache_folder, config_folder, data_folder, state_folder


def test_one_variable_moves_what_herdmate_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = config_folder()
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    assert data_folder() == tmp_path
    assert (cache_folder(), state_folder()) == (tmp_path / "cache", tmp_path / "state")
    assert config_folder() == theirs


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HERDMATE_HOME", raising=False)
    known = data_folder(), cache_folder(), state_folder()
    monkeypatch.setenv("HERDMATE_HOME", "")
    assert (data_folder(), cache_folder(), state_folder()) == known
    assert all(folder.name and folder.is_absolute() for folder in known)


@pytest.mark.skipif(sys.platform == "win32", reason="homes are known by other variables there")
@pytest.mark.parametrize("path", ["~nobody-of-this-name/x", "~\0/x", "a/~/x", "x", "", "~~"])
def test_what_is_no_home_stays_as_it_is(path: str) -> None:
    assert user_folders.expanded(path) == path


@pytest.mark.skipif(sys.platform == "win32", reason="homes are known by other variables there")
def test_without_a_home_nothing_is_looked_up_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose user has no entry: a folder named ``~`` could be a stranger's."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    (tmp_path / "~").mkdir()
    monkeypatch.chdir(tmp_path)
    found = user_folders.home_folder() / ".ollama"
    assert found.is_absolute()
    assert not os.path.exists(found)
