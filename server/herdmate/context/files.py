"""Which files of a workspace may be read: not what git ignores, nothing that holds secrets."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from herdmate.context.ignored import rules_in
from herdmate.context.secret_names import is_secret

MOST_FILES = 5_000
"""Files of a workspace that are looked at, nearest to its root first."""

LARGEST_FILE = 64_000
"""Bytes. What is larger was made by a program, or takes too long to parse between two keys."""

_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "bower_components", "vendor"}
    | {"target", "dist", "build"}
)


def readable_files(root: Path) -> Iterator[Path]:
    """The files below a folder that may be read, its own first; those that git ignores are not.

    Links are not followed, and hidden folders and what packages are installed in are left out.
    """
    rules = rules_in(root, root)
    waiting = deque([(root, rules)] if rules is not None else [])
    count = 0
    while waiting:
        folder, rules = waiting.popleft()
        for entry in _entries(folder):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if not _is_left_out(entry.name) and not rules.ignore(path, is_folder=True):
                    waiting.append((path, rules.within(path)))
            elif entry.is_file(follow_symlinks=False) and not is_secret(path):
                if rules.ignore(path, is_folder=False):
                    continue
                yield path
                count += 1
                if count == MOST_FILES:
                    return


def is_in_left_out_folder(path: Path, root: Path) -> bool:
    """Is one of the folders between ``root`` and a file below it never looked into?"""
    return any(_is_left_out(name) for name in path.relative_to(root).parts[:-1])


def _is_left_out(folder: str) -> bool:
    return folder.startswith(".") or folder in _FOLDERS


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
