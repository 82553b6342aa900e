"""What is typed again: where, and in which rhythm."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from herdmate.eval.sources import code_files
from herdmate.eval.stretches import Stretch, stretches
from tests.eval.test_holes import CODE


def _one(path: Path, characters: int = 100, pauses: bool = True, seed: int = 0) -> Stretch:
    (found,) = stretches([path], characters, pauses, seed)
    return found


def test_a_stretch_is_whole_lines_cut_out_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(CODE)
    for seed in range(30):
        found = _one(path, seed=seed)
        text, at = found.document.text, found.offset
        assert text[:at] + found.text + text[at:] == CODE
        assert text[:at].rpartition("\n")[2].strip() == ""
        assert text[at : at + 1] in ("\n", "")
        assert 100 <= len(found.text) < 140
        assert not found.text[0].isspace()
        assert len(found.gaps) == len(found.text)


def test_a_file_and_a_seed_give_one_stretch(tmp_path: Path) -> None:
    first, other = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text(CODE)
    other.write_text(CODE)
    assert _one(first) == _one(first)
    assert list(stretches([other, first], 100, True, 0))[1] == _one(first)
    assert len({_one(first, seed=seed).offset for seed in range(10)}) > 1


def test_keys_come_between_80_and_200_ms_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(CODE)
    steady, paused = _one(path, 800, pauses=False), _one(path, 800)
    assert all(0.08 <= gap <= 0.2 for gap in steady.gaps)
    inside = [gap for char, gap in zip(paused.text, paused.gaps, strict=True) if char.isalnum()]
    assert all(0.08 <= gap <= 0.2 for gap in inside)
    assert max(paused.gaps) > 0.6
    assert (steady.text, steady.offset) == (paused.text, paused.offset)


def test_nothing_of_what_is_short_broken_or_secret(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text("value_of_all = 1\n")
    (tmp_path / "broken.py").write_text(CODE + "\ndef (")
    (tmp_path / "old.py").write_bytes(CODE.replace("\n", "\r").encode())
    (tmp_path / "large.py").write_text(CODE + "\n" + "# much\n" * 200_000)
    (tmp_path / "bytes.py").write_bytes(b"\xff" + CODE.encode())
    (tmp_path / "windows.py").write_bytes(CODE.replace("\n", "\r\n").encode())
    found = list(stretches(sorted(tmp_path.iterdir()), 100, True, 0))
    assert [item.document.uri.rpartition("/")[2] for item in found] == ["windows.py"]
    assert "\r" not in found[0].text + found[0].document.text


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
def test_a_hostile_folder_is_walked_like_a_workspace(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "far.py").write_text(CODE)
    (folder / "seen.py").write_text(CODE)
    (folder / "to_far.py").symlink_to(outside / "far.py")
    (folder / "around").symlink_to(folder)
    os.mkfifo(folder / "pipe.py")
    (folder / ".gitignore").write_text("ignored.py\n")
    (folder / "ignored.py").write_text(CODE)
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "b.py").write_text(CODE)
    assert code_files(folder, ("python",), random.Random(0)) == [folder / "seen.py"]
    assert list(stretches([folder / "pipe.py"], 100, True, 0)) == []
