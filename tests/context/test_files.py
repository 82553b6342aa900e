"""Which files may be read."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from herdmate.context import files
from herdmate.context.files import readable_files


def _write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", "utf-8")


def _readable(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in readable_files(root)}


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, "a.py", "b/c.py", "b/keep.log", "b/x.log", "out/d.py", ".env", ".hidden/e.py",
           "node_modules/f.js", "b/deep/g.tmp", "local/h.py")  # fmt: skip
    (tmp_path / ".gitignore").write_text("*.log\n/out/\nlocal\n", "utf-8")
    (tmp_path / "b" / ".gitignore").write_text("!keep.log\n*.tmp\n", "utf-8")
    assert _readable(tmp_path) == {".gitignore", "a.py", "b/.gitignore", "b/c.py", "b/keep.log"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, "outside/a.py", "root/b.py")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "root" / "c.py").symlink_to(tmp_path / "outside" / "a.py")
    assert _readable(tmp_path / "root") == {"b.py"}


def _write_flat(folder: Path, count: int, ending: str = "") -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"f{number}{ending}").touch()


def test_the_walk_looks_at_a_bounded_number_of_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few of them are files that may be read."""
    monkeypatch.setattr(files, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(files, "_MOST_IN_FOLDER", 60)
    looked_at = 0
    scan = os.scandir

    class Counted:
        def __init__(self, folder: Path) -> None:
            self._entries = scan(folder)

        def __enter__(self) -> Counted:
            return self

        def __exit__(self, *_: object) -> None:
            self._entries.close()

        def __iter__(self) -> Counted:
            return self

        def __next__(self) -> os.DirEntry[str]:
            nonlocal looked_at
            looked_at += 1
            return next(self._entries)

    monkeypatch.setattr(os, "scandir", Counted)
    for name in ("a", "b", "c", "d"):
        _write_flat(tmp_path / name, 200, ".pem")
    _write(tmp_path, "e/x.py")
    assert _readable(tmp_path) == set()
    assert 90 <= looked_at <= 105


def test_one_large_folder_leaves_room_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(files, "_MOST_IN_FOLDER", 60)
    _write_flat(tmp_path / "a", 200, ".pem")
    _write(tmp_path, "b/x.py")
    assert _readable(tmp_path) == {"b/x.py"}


def test_the_walk_compares_with_rules_for_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_WORK", 20_000)
    _write_flat(tmp_path, 300)
    many = len(_readable(tmp_path))
    (tmp_path / ".gitignore").write_text("a*b?c\n" * 5_000, "utf-8")
    assert 0 < len(_readable(tmp_path)) < many / 3


def test_folders_deeper_than_a_path_is_long(tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(700):
        os.mkdir("folder", dir_fd=at)
        below = os.open("folder", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    _write(tmp_path, "folder/a.py")
    assert _readable(tmp_path) == {"folder/a.py"}
    while (tmp_path / "folder").exists():  # from the middle: no path reaches the end
        middle = tmp_path.joinpath(*["folder"] * 400)
        if middle.exists():
            middle.rename(tmp_path / "rest")
            shutil.rmtree(tmp_path / "folder")
            (tmp_path / "rest").rename(tmp_path / "folder")
        else:
            shutil.rmtree(tmp_path / "folder")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, "a.py")
    os.mkfifo(tmp_path / "b.py")
    (tmp_path / "c.py").symlink_to("/dev/zero")
    (tmp_path / "d").symlink_to(tmp_path)
    (tmp_path / "e.py").symlink_to("e.py")
    with open(os.path.join(os.fsencode(tmp_path), b"\xff\n.py"), "wb"):
        pass
    assert _readable(tmp_path) == {"a.py", "\udcff\n.py"}


def test_a_folder_that_vanishes_while_it_is_looked_at(tmp_path: Path) -> None:
    _write(tmp_path, "a.py", "b/c.py", "d/e.py")
    found = readable_files(tmp_path)
    assert next(found) == tmp_path / "a.py"
    shutil.rmtree(tmp_path / "b")
    assert list(found) == [tmp_path / "d" / "e.py"]
    assert _readable(tmp_path / "b") == set()
