"""``/diff`` in a conversation: what has changed, without running what the repository names."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from herdmate.cli import git_diff
from herdmate.cli.git_diff import changes
from herdmate.cli.locations import INPUT, Place, opened
from herdmate.errors import SelectionError


def _git(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one commit."""
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path / "project"
    (place / "inner").mkdir(parents=True)
    (place / "app.py").write_text("x = 1\n")
    (place / "inner" / "é b.txt").write_text("one\n")
    (place / ".env").write_text("KEY=1\n")
    _git(place, "init", "-q")
    _git(place, "add", "-f", ".")
    _git(place, "commit", "-qm", "first")
    return place


async def test_what_has_changed_in_the_whole_repository(folder: Path) -> None:
    (folder / "app.py").write_text("x = 2\n")
    (folder / "inner" / "é b.txt").write_text("two\n")
    _git(folder, "add", "app.py")
    text, withheld = await changes(folder / "inner")
    assert "-x = 1\n+x = 2\n" in text
    assert "-one\n+two\n" in text
    assert withheld == 0


async def test_files_that_hold_secrets_are_left_out(folder: Path) -> None:
    (folder / "app.py").write_text("x = 2\n")
    (folder / ".env").write_text("KEY=secret\n")
    text, withheld = await changes(folder)
    assert withheld == 1
    assert "+x = 2" in text
    assert ".env" not in text
    (folder / "app.py").write_text("x = 1\n")
    with pytest.raises(SelectionError, match="Nothing has changed"):
        await changes(folder)


async def test_only_files_of_the_repository_s_own_folder_are_compared(
    folder: Path, tmp_path: Path
) -> None:
    """Its settings can name another folder, such as the user's."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app.py").write_text("of the user's\n")
    _git(folder, "config", "core.worktree", str(elsewhere))
    (folder / "app.py").write_text("x = 2\n")
    text, _ = await changes(folder)
    assert "+x = 2" in text
    assert "of the user's" not in text


async def test_nothing_that_the_repository_names_is_run(folder: Path, tmp_path: Path) -> None:
    """A repository can come with settings in an archive."""
    program = tmp_path / "evil"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/run\ncat\n')
    program.chmod(0o755)
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-index-change").write_bytes(program.read_bytes())
    (hooks / "post-index-change").chmod(0o755)
    for key in (
        "core.fsmonitor", "diff.external", "diff.x.command", "diff.x.textconv", "filter.x.clean",
        "filter.x.smudge", "filter.y.process", "core.pager", "pager.diff", "core.sshCommand",
    ):  # fmt: skip
        _git(folder, "config", key, str(program))
    for key in ("filter.x.required", "filter.y.required"):
        _git(folder, "config", key, "true")
    (folder / ".gitattributes").write_text("*.py diff=x filter=x\n*.txt filter=y\n")
    (folder / "app.py").write_text("x = 2\n")
    (folder / "inner" / "é b.txt").write_text("two\n")
    ran = tmp_path / "run"
    ran.unlink(missing_ok=True)
    text, _ = await changes(folder)
    assert "+x = 2" in text
    assert "+two" in text
    assert not ran.exists(), ran.read_text()
    with suppress(subprocess.CalledProcessError):
        _git(folder, "diff", "HEAD")
    assert ran.exists()  # so these settings do have programs run


async def test_what_cannot_be_compared_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SelectionError, match="in no git repository"):
        await changes(tmp_path)
    bare = tmp_path / "new"
    bare.mkdir()
    _git(bare, "init", "-q")
    with pytest.raises(SelectionError, match="git says: "):
        await changes(bare)
    (folder / "app.py").write_text("x = 2\n" * 1000)
    monkeypatch.setattr(git_diff, "MOST_BYTES", 1000)
    with pytest.raises(SelectionError, match="have changed; name files"):
        await changes(folder)
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(SelectionError, match="no git on the search path"):
        await changes(folder)


@pytest.mark.parametrize(
    ("begins", "language"),
    [
        ("diff --git a/x b/x\n", "diff"),
        ("diff -ru old/x new/x\n--- old/x\n", "diff"),
        ("Index: x\n", "diff"),
        ("--- x\n+++ x\n", "diff"),
        (f"commit {'1' * 40}\n", "diff"),
        (f"commit {'1' * 64} (HEAD)\n", "diff"),
        (f"From {'1' * 40} Mon Sep 17 00:00:00 2001\n", "diff"),
        ("tag v1.0\nTagger: Someone\n", "diff"),
        ("diff -u old new\n", "plaintext"),
        ("From here on, all is prose.\n", "plaintext"),
        ("commitments\n", "plaintext"),
    ],
)
def test_a_diff_is_known_by_how_it_begins(
    begins: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(begins))
    assert opened(Place(INPUT)).document.language == language
