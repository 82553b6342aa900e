"""Which files of a workspace may be read: none that git ignores, none that hold secrets."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

from herdmate.context.ignored import Rules, rules_in
from herdmate.context.secret_names import is_secret

MOST_FILES = 5_000
"""The most files of a workspace that are read, those nearest its root first."""

LARGEST_FILE = 64_000
"""Bytes. Larger files are generated, or take too long to parse between two keystrokes."""

_MOST_ENTRIES = 100_000  # in all folders of a workspace; most are files that are left out
_MOST_IN_FOLDER = 20_000
MOST_LEVELS = 100
"""Levels of nested folders; what is deeper is neither read nor shown to the model, because checking
a path against the rules of each folder costs the square of its depth."""

_MOST_WORK = 20_000_000  # characters of paths matched against rules; takes a few seconds
_STATES_AT_ONCE = 2_000  # rule states that are matched in the time of one bare character
_PRICE_OF_RULES = 20_000  # characters charged for rules that cannot be read

_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "bower_components", "vendor"}
    | {"target", "dist", "build"}
)


def readable_files(root: Path) -> Iterator[Path]:
    """The files below a folder that may be read and that git does not ignore, its own first.

    Does not follow links, and skips hidden folders and those of installed packages. Stops early in
    a folder larger than any that people work in.
    """
    return islice(_walk(root), MOST_FILES)


def _walk(root: Path) -> Iterator[Path]:
    rules = rules_in(root, root)
    waiting = deque([(root, rules)] if rules is not None else [])
    entries, work = _MOST_ENTRIES, _MOST_WORK
    while waiting and entries > 0:
        folder, rules = waiting.popleft()
        found = _entries(folder, min(entries, _MOST_IN_FOLDER))
        entries -= len(found) + 1
        price = 1 + rules.states // _STATES_AT_ONCE
        for entry in found:
            path = Path(entry.path)
            work -= len(entry.path) * price
            if work < 0:
                return
            if _is(entry, "dir"):
                if _may_be_entered(path, rules):
                    below = rules.within(path)
                    work -= _PRICE_OF_RULES if below.unreadable else 2 * below.states
                    if not below.unreadable:
                        waiting.append((path, below))
            elif (
                _is(entry, "file")
                and not is_secret(path)
                and not rules.ignore(path, is_folder=False)
            ):
                yield path


def _may_be_entered(folder: Path, rules: Rules) -> bool:
    is_deep = len(folder.parts) >= MOST_LEVELS
    return not (is_deep or _is_left_out(folder.name) or rules.ignore(folder, is_folder=True))


def is_in_left_out_folder(path: Path, root: Path) -> bool:
    """Is a file in a folder below ``root`` that is never searched?"""
    return any(_is_left_out(name) for name in path.relative_to(root).parts[:-1])


def _is_left_out(folder: str) -> bool:
    return folder.startswith(".") or folder in _FOLDERS


def _entries(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """A folder's entries by name, an arbitrary ``most`` of them if there are more."""
    try:
        with os.scandir(folder) as entries:
            return sorted(islice(entries, most), key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []


def _is(entry: os.DirEntry[str], kind: Literal["dir", "file"]) -> bool:
    """Is it a folder, or a file? A link is neither, and so is an entry that has just gone."""
    try:
        if kind == "dir":
            return entry.is_dir(follow_symlinks=False)
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False
