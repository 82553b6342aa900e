"""What Windows does otherwise, tested anywhere: paths, drives, other machines, command lines.

The extension's part is in ``tests/extension/programs.test.mjs`` and ``windows.test.mjs``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from herdmate import child_process, text
from herdmate.cli.config import words_of
from herdmate.cli.editor import Editor, editors, file_of
from herdmate.text import file_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/c%3A/Users/me/a%20b.py", r"c:\Users\me\a b.py"),  # as VS Code writes it
        ("/C:/x/%C3%A9.py", r"C:\x\é.py"),
        ("/c%3a/", "c:\\"),
        ("/c%3A/a%2Fb%5Cc.py", r"c:\a\b\c.py"),
        ("/c%3A", None),  # a folder of its own on each drive
        ("/c%3Aa.py", None),
        ("/x/a.py", None),
        ("a.py", None),
        ("", None),
        ("//server/share/a.py", None),  # reading it would send the user's name to that machine
        ("/%5C%5Cserver/share/a.py", None),
        ("//%3F/C:/a.py", None),
        ("//./pipe/x", None),
    ],
)
def test_the_file_of_a_uri_is_on_a_drive(path: str, name: str | None) -> None:
    assert file_name(path, is_windows=True) == name


@pytest.mark.parametrize("uri", ["file://server/share/a.py", "file://server/c%3A/a.py"])
def test_a_file_of_another_machine_is_none_of_ours(uri: str) -> None:
    assert text.path_of(uri) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("notepad", ["notepad"]),
        (r"C:\Tools\vim.exe --nofork", [r"C:\Tools\vim.exe", "--nofork"]),
        (r'"C:\Program Files\Code\code.exe" --wait', [r"C:\Program Files\Code\code.exe", "--wait"]),
    ],
)
def test_the_words_of_a_command_line(line: str, words: list[str]) -> None:
    assert words_of(line, is_windows=True) == words


@pytest.mark.parametrize(
    ("variables", "shell"),
    [({}, r"C:\Windows\System32\cmd.exe"), ({"COMSPEC": r"D:\cmd.exe"}, r"D:\cmd.exe")],
)
def test_the_users_line_runs_in_the_shell_of_windows(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], shell: str
) -> None:
    monkeypatch.setattr(child_process, "os", SimpleNamespace(name="nt", environ=variables))
    assert child_process.shell_command("a & b") == (shell, "/d", "/s", "/c", "a & b")


def test_configurations_go_where_editors_look_on_windows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    files = {one.name: file_of(one, {}, tmp_path) for one in editors()}
    assert files["neovim"] == tmp_path / "AppData/Local/nvim/plugin/herdmate.lua"
    assert files["vim"] == tmp_path / "vimfiles/plugin/herdmate.vim"
    assert not [file for file in files.values() if file and ".config" in file.parts]
    assert file_of(_named("vim"), {}, Path("/other")) == Path("/other/vimfiles/plugin/herdmate.vim")
    moved = {"APPDATA": str(tmp_path / "roaming"), "LOCALAPPDATA": str(tmp_path / "local")}
    assert file_of(_named("neovim"), moved, tmp_path) == tmp_path / "local/nvim/plugin/herdmate.lua"


def _named(name: str) -> Editor:
    return next(one for one in editors() if one.name == name)
