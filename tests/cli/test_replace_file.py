"""Files that are written: whole or not at all, and through nobody's link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from herdmate import atomic_write
from herdmate.atomic_write import create_whole, open_named, write_whole
from herdmate.cli.replace_file import refuse_links, replace
from herdmate.errors import RefusedError


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "project" / "a.py"
    path.parent.mkdir()
    path.write_bytes(b"before")
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere"
    path.write_bytes(b"before")
    return path


def test_its_permissions_stay_and_nothing_else_is_left(target: Path) -> None:
    for mode in (0o600, 0o644, 0o755):
        target.chmod(mode)
        replace(target, target.read_bytes(), b"after %o" % mode)
        assert target.read_bytes() == b"after %o" % mode
        assert stat.S_IMODE(target.stat().st_mode) == mode
    assert os.listdir(target.parent) == ["a.py"]


def test_a_new_file_is_as_open_as_the_users_mask_says(target: Path) -> None:
    mask = os.umask(0o027)
    try:
        replace(target.with_name("new.py"), None, b"new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(target.with_name("new.py").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", [".a.py.herdmate", ".a.py.tmp", "a.py.part", "a.py~", "a.new"])
def test_a_link_that_waits_under_the_temporary_name_is_not_written(
    target: Path, elsewhere: Path, name: str
) -> None:
    target.with_name(name).symlink_to(elsewhere)
    replace(target, b"before", b"after")
    assert elsewhere.read_bytes() == b"before"
    assert target.read_bytes() == b"after"


def test_a_link_under_the_very_name_is_not_followed(
    target: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where somebody could guess it."""
    monkeypatch.setattr(atomic_write.secrets, "token_hex", lambda _: "guessed")  # type: ignore[attr-defined]
    target.with_name(".herdmate-guessed").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        replace(target, b"before", b"after")
    assert elsewhere.read_bytes() == target.read_bytes() == b"before"


def test_a_link_is_refused_with_the_path_to_give(target: Path, elsewhere: Path) -> None:
    link = target.with_name("link.py")
    link.symlink_to(elsewhere)
    with pytest.raises(RefusedError, match=f"link to {elsewhere}"):
        replace(link, b"before", b"after")
    with pytest.raises(RefusedError, match=f"link to {elsewhere}"):
        refuse_links(link)
    link.unlink()
    link.symlink_to(target.parent / "none")
    with pytest.raises(RefusedError, match="link to"):
        replace(link, None, b"after")
    assert elsewhere.read_bytes() == b"before"
    assert not (target.parent / "none").exists()


def test_a_link_among_a_projects_folders_is_refused(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = target.parent
    (project / "src").symlink_to(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.py").touch()
    with monkeypatch.context() as patch:
        patch.chdir(project)
        for name in ("src/deep/b.py", str(project / "src" / "deep" / "b.py"), "src/../a.py"):
            with pytest.raises(RefusedError, match="through a link"):
                refuse_links(Path(name))
        refuse_links(Path("a.py"))
    refuse_links(target)
    (project / ".git").mkdir()
    with pytest.raises(RefusedError, match="through a link"):
        refuse_links(project / "src" / "deep" / "b.py")
    (tmp_path / "way").symlink_to(project)  # whoever made it could write all below
    refuse_links(tmp_path / "way" / "a.py")


def test_another_name_of_the_file_keeps_the_old_text(target: Path, elsewhere: Path) -> None:
    target.unlink()
    os.link(elsewhere, target)
    replace(target, b"before", b"after")
    assert (target.read_bytes(), elsewhere.read_bytes()) == (b"after", b"before")


@pytest.mark.parametrize("change", ["other", "longer", "gone", "link", "pipe", "folder"])
@pytest.mark.parametrize("is_late", [False, True])
def test_what_has_changed_meanwhile_is_left(
    target: Path, elsewhere: Path, change: str, is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``is_late``: it changes while the new text is written."""

    def do() -> None:
        target.unlink()
        if change == "other":
            target.write_bytes(b"theirs")
        elif change == "longer":
            target.write_bytes(b"before and more")
        elif change == "link":
            target.symlink_to(elsewhere)
        elif change == "pipe":
            os.mkfifo(target)
        elif change == "folder":
            target.mkdir()

    sync = os.fsync

    def late(descriptor: int) -> None:
        sync(descriptor)
        if is_late and target.exists() and target.is_file() and not target.is_symlink():
            do()
            monkeypatch.setattr(os, "fsync", sync)

    monkeypatch.setattr(os, "fsync", late)
    if not is_late:
        do()
    with pytest.raises(RefusedError, match=r"changed in the meantime|through a link"):
        replace(target, b"before", b"after")
    assert elsewhere.read_bytes() == b"before"
    assert not target.is_file() or target.read_bytes() != b"after"
    assert not list(target.parent.glob(".herdmate*"))


def test_a_file_that_came_meanwhile_is_left(target: Path) -> None:
    with pytest.raises(RefusedError, match="changed in the meantime"):
        replace(target, None, b"after")
    assert target.read_bytes() == b"before"


def test_a_read_only_file_is_left(target: Path) -> None:
    target.chmod(0o444)
    with pytest.raises(RefusedError, match="read-only"):
        replace(target, b"before", b"after")
    assert target.read_bytes() == b"before"


def test_a_full_disk_leaves_the_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace(target, b"before", b"after")
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, b"after")
    with pytest.raises(OSError, match="No space left"):
        create_whole(target.with_name("new"), b"after")
    assert os.listdir(target.parent) == ["a.py"]
    assert target.read_bytes() == b"before"


def test_files_of_ours_are_private_and_replace_a_link(target: Path, elsewhere: Path) -> None:
    target.unlink()
    target.symlink_to(elsewhere)
    write_whole(target, b"after")
    assert elsewhere.read_bytes() == b"before"
    assert not target.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.unlink()
    target.symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        create_whole(target, b"after")
    with pytest.raises(OSError, match="symbolic links"):
        open_named(target)
    assert elsewhere.read_bytes() == b"before"
