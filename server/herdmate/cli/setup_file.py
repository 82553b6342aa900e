"""An editor's own file: read, and changed after the user has seen the change and agreed."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from herdmate.actions.edits import unified
from herdmate.bounded_read import UnsuitableFileError, read_bytes
from herdmate.cli.confirm import agrees
from herdmate.cli.console import Console, show_diff
from herdmate.cli.editor import settings_folders
from herdmate.cli.replace_file import remove, replace
from herdmate.errors import SetupError, reason_of
from herdmate.printable import counted
from herdmate.user_folders import home_folder

LARGEST = 8 << 20
"""Bytes of a file that is read."""


@dataclass(frozen=True, slots=True)
class EditorFile:
    """A file's bytes and text; both are ``None`` if there is no file."""

    path: Path
    data: bytes | None = None
    text: str | None = None


def read(path: Path, to_remove: bool = False) -> EditorFile:
    """Read a file that may have to be changed.

    What is no text and does not name Herdmate holds nothing ``to_remove``, as if it were not there.
    Raises ``SetupError`` if it cannot be read or is not text.
    """
    by_hand = "take the lines out yourself" if to_remove else "add the lines yourself"
    try:
        data = read_bytes(path, LARGEST)
        if to_remove and b"herdmate" not in data.lower():
            return EditorFile(path)
        text = data.decode("utf-8")
    except FileNotFoundError:
        return EditorFile(path)
    except UnsuitableFileError as error:
        raise SetupError(f"{error}; {by_hand}.") from error
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"{path} is not UTF-8 text; {by_hand}.") from error
    return EditorFile(path, data, text)


def change(file: EditorFile, after: str | None, prints: str, yes: bool, console: Console) -> bool:
    """Show a change, and make it if the user agrees; ``None`` deletes the file.

    Returns whether it was made. ``prints`` is the command that prints what a new file would hold.
    Raises ``SetupError`` if it cannot be written.
    """
    path, verb = file.path, "Delete" if after is None else "Write"
    if file.text is not None and not _is_writable(path):
        raise SetupError(
            f"{path} is read-only; make it writable, or name another file with --file."
        )
    if file.text is None:
        lines = counted((after or "").count("\n"), "line")
        console.print(f"{path} is new: {lines}, which `{prints}` prints.", soft_wrap=True)
    elif after is None:
        lines = counted(file.text.count("\n"), "line")
        console.print(f"{path} holds nothing but Herdmate's {lines}.", soft_wrap=True)
    else:
        diff = unified(file.text, after, "").split("\n", 2)[2]
        show_diff(f"--- {path}\n+++ {path}\n{diff}")
    if not yes and not _user_agrees(f"{verb} {path}?", console):
        return False
    try:
        real = _own_file(path)
        if after is None:
            remove(real, file.data or b"")
            _remove_empty_folders(path)
        else:
            real.parent.mkdir(parents=True, exist_ok=True)
            replace(real, file.data, after.encode("utf-8"))
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written ({reason_of(error)}); change it yourself."
        ) from error
    console.print(f"{'Deleted' if after is None else 'Wrote'} {path}", soft_wrap=True)
    return True


def _is_writable(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IWUSR) and os.access(path, os.W_OK)
    except OSError:  # it has just gone, which is said when it is written
        return True


def _remove_empty_folders(path: Path) -> None:
    """Remove the folders that held only this file, below those of all programs; never a link."""
    bases = set(map(Path, settings_folders(os.environ, home_folder()).values()))
    above = path.absolute().parents
    depth = next((at for at, folder in enumerate(above) if folder in bases), 0)
    with suppress(OSError):  # of the first one that is not empty
        for folder in above[:depth]:
            if folder.is_symlink():
                return
            folder.rmdir()


def _own_file(path: Path) -> Path:
    """Where the editor's file really is.

    Many users keep it in a repository and link to it from here, so such a link is followed, unless
    another user made it. Raises ``SetupError`` in that case.
    """
    if path.is_symlink() and hasattr(os, "geteuid") and path.lstat().st_uid not in (
        0, os.geteuid(),
    ):  # fmt: skip
        raise SetupError(f"{path} is a link that another user made; change it yourself.")
    return path.resolve()


def _user_agrees(question: str, console: Console) -> bool:
    is_asked = sys.stdin.isatty()
    if is_asked and agrees(question, console):
        return True
    console.print("Nothing was written" + ("." if is_asked else "; add --yes to do it."))
    return False
