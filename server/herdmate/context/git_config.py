"""Finds git's folder for a repository, and the ignore settings that apply there.

Never runs git: it may not be installed, and it would run programs named in the repository's
settings.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path

from herdmate import bounded_read
from herdmate.user_folders import expanded

_DEEPEST_INCLUDE = 8
_MOST_SETTINGS_FILES = 50  # of one repository and the user; each can include the others
_MOST_SETTINGS = 500  # in all of these files, counting only those in ``_WANTED``
_MOST_RULE_FILES = 20  # named by conditional settings
_LARGEST = 1024 * 1024  # bytes of a settings file; all together get twice that
_LONGEST_PATH = 4096  # characters in ``gitdir`` and ``commondir``

Stamp = tuple[int, int, int, int]
"""Changes whenever a file is written."""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """Ignore settings: the rule files that apply everywhere, and whether to ignore case.

    ``read`` is every file that this depends on, whether it exists or not.
    """

    files: tuple[Path, ...]
    folds_case: bool
    read: tuple[Path, ...]


def repository_of(folder: Path) -> Path | None:
    """The top folder of the git repository that contains a folder, or the folder itself."""
    return next((at for at in (folder, *folder.parents) if os.path.exists(at / ".git")), None)


def git_folder(top: Path) -> Path | None:
    """The folder with a repository's settings and ``info``, which all its worktrees share."""
    at = top / ".git"
    if os.path.isfile(at):  # a worktree or submodule: the file names the folder
        mark, _, named = _text(at, _LONGEST_PATH).partition("gitdir:")
        place = _place(top, named.strip())
        if mark or place is None:
            return None
        at = place
    if not os.path.isdir(at):
        return None
    return _place(at, _text(at / "commondir", _LONGEST_PATH).strip()) or at


def ignoring_in(top: Path) -> Ignoring:
    """The ignore settings of the user and of a repository.

    The last ``core.excludesFile`` counts, as in git. Conditional ones (``includeIf``) count in
    addition: ignoring too much does no harm.
    """
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or expanded("~/.config")) / "git"
    files = [Path("/etc/gitconfig"), configured / "config", Path(expanded("~/.gitconfig"))]
    if (named := os.environ.get("GIT_CONFIG_GLOBAL")) is not None:
        files.append(Path(named))
    if (own := git_folder(top)) is not None:
        files.append(own / "config")
    everywhere, conditional, folds_case = configured / "ignore", list[Path](), False
    read = list(files)
    budget = _Budget(_MOST_SETTINGS_FILES, 2 * _LARGEST)
    said = chain.from_iterable(_all_settings(path, budget) for path in files)
    for key, value, is_certain, at in islice(said, _MOST_SETTINGS):
        read.append(at)
        if key == "core.ignorecase":
            folds_case = value.lower() in ("true", "yes", "on", "1")
        elif key == "core.excludesfile" and (place := _place(top, expanded(value))) is not None:
            if is_certain:
                everywhere = place
            else:
                conditional.append(place)
    found = tuple(dict.fromkeys((*conditional[-_MOST_RULE_FILES:], everywhere)))
    return Ignoring(found, folds_case, tuple(dict.fromkeys((*read, *found))))


def stamp_of(path: Path) -> Stamp | None:
    """A file's stamp; ``None`` if the file does not exist."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


@dataclass(slots=True)
class _Budget:
    """How many more settings files may be read, and how many bytes: each file can name many."""

    files: int
    size: int

    def spend(self, size: int) -> bool:
        """Take one file of ``size`` bytes; was there enough left?"""
        self.files -= 1
        self.size -= size
        return self.files >= 0 and self.size >= 0


def _all_settings(
    path: Path, budget: _Budget, is_certain: bool = True, depth: int = 0
) -> Iterator[tuple[str, str, bool, Path]]:
    """Settings in order, those of included files where the include is.

    Each comes as name, value, whether it is unconditional, and its file.
    """
    stamp = stamp_of(path) if depth <= _DEEPEST_INCLUDE and budget.files > 0 else None
    if stamp is None or stamp[2] > _LARGEST or not budget.spend(stamp[2]):
        return
    for key, value in _settings(path, stamp):
        yield key, value, is_certain, path
        if key in ("include.path", "includeif.path"):
            certain = is_certain and key == "include.path"
            if (included := _place(path.parent, expanded(value))) is not None:
                yield from _all_settings(included, budget, certain, depth + 1)


_WANTED = ("core.excludesfile", "core.ignorecase", "include.path", "includeif.path")


@lru_cache(maxsize=256)
def _settings(path: Path, _stamp: Stamp) -> tuple[tuple[str, str], ...]:
    """Names (lower-case ``section.name``) and values of the ``_WANTED`` settings in one file."""
    found, section = [], ""
    for line in re.sub(r"\\\r?\n", "", _text(path, _LARGEST)).splitlines():
        rest = line
        if header := _SECTION.match(line):
            section, rest = header[1].lower(), header[2]
        if (setting := _SETTING.match(rest)) is None:
            continue
        if (key := f"{section}.{setting[1].lower()}") in _WANTED:
            found.append((key, "true" if setting[2] is None else _plain(setting[2])))
    return tuple(found)


# No two adjacent parts of these can match the same text, so matching takes linear time.
_SECTION = re.compile(r'\s*\[\s*([\w.-]+)\s*(?:"(?:[^"\\]|\\.)*"\s*)?\](.*)')
_SETTING = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:=(.*)|[#;].*)?$")


def _plain(value: str) -> str:
    """A value without quotes, escapes and a trailing comment."""
    plain, is_quoted = "", False
    for piece in re.findall(r"\\.|.", value):
        if piece == '"':
            is_quoted = not is_quoted
        elif piece in ("#", ";") and not is_quoted:
            break
        else:
            plain += piece[-1]
    return plain.strip()


def _text(path: Path, most: int) -> str:
    try:
        return bounded_read.read_text(path, most)
    except (OSError, ValueError):  # also for characters that no path can have
        return ""


def _place(folder: Path, named: str) -> Path | None:
    """A path from the settings, resolved against a folder; ``None`` if it is on another machine."""
    if not 0 < len(named) <= _LONGEST_PATH or "\0" in named or named.startswith(("//", "\\\\")):
        return None
    return folder / named
