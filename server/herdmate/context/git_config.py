"""Where git keeps what a repository has beside its files, and what its settings say of ignoring.

git itself is never run: there may be none, and it would run what a repository's settings name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_DEEPEST_INCLUDE = 8

Stamp = tuple[int, int, int, int]
"""Differs where a file was written anew."""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """What settings say of ignoring: the rule files that hold everywhere, and whether case counts.

    ``read`` are all files on which that depends, whether they are there or not.
    """

    files: tuple[Path, ...]
    folds_case: bool
    read: tuple[Path, ...]


def repository_of(folder: Path) -> Path | None:
    """The top folder of the git repository that a folder lies in or is."""
    return next((at for at in (folder, *folder.parents) if (at / ".git").exists()), None)


def git_folder(top: Path) -> Path | None:
    """The folder of a repository's settings and of its ``info``; all its worktrees share it."""
    at = top / ".git"
    if at.is_file():  # a worktree or a submodule: a line says where
        named = re.match(r"gitdir:[ \t]*(.+)", _text(at))
        if named is None:
            return None
        at = top / named[1].strip()
    if not at.is_dir():
        return None
    shared = _text(at / "commondir").strip()
    return at / shared if shared else at


def ignoring_in(top: Path) -> Ignoring:
    """What the user's settings and those of a repository say.

    The last ``core.excludesFile`` counts, as in git. Where one stands under a condition
    (``includeIf``) it counts beside that one: to ignore too much does no harm.
    """
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or _expanded("~/.config")) / "git"
    files = [Path("/etc/gitconfig"), configured / "config", Path(_expanded("~/.gitconfig"))]
    if (named := os.environ.get("GIT_CONFIG_GLOBAL")) is not None:
        files.append(Path(named))
    if (own := git_folder(top)) is not None:
        files.append(own / "config")
    everywhere, conditional, folds_case = configured / "ignore", list[Path](), False
    read = list(files)
    for path in files:
        for key, value, is_certain, at in _all_settings(path):
            read.append(at)
            if key == "core.excludesfile" and is_certain:
                everywhere = top / _expanded(value)
            elif key == "core.excludesfile":
                conditional.append(top / _expanded(value))
            elif key == "core.ignorecase":
                folds_case = value.lower() in ("true", "yes", "on", "1")
    found = tuple(dict.fromkeys((*conditional, everywhere)))
    return Ignoring(found, folds_case, tuple(dict.fromkeys((*read, *found))))


def stamp_of(path: Path) -> Stamp | None:
    """``None`` where there is no such file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _all_settings(
    path: Path, is_certain: bool = True, depth: int = 0
) -> Iterator[tuple[str, str, bool, Path]]:
    """Settings in their order, those of included files in their place.

    Each with whether it holds under no condition, and with its file.
    """
    stamp = stamp_of(path)
    if stamp is None or depth > _DEEPEST_INCLUDE:
        return
    for key, value in _settings(path, stamp):
        yield key, value, is_certain, path
        if key in ("include.path", "includeif.path"):
            included = path.parent / _expanded(value)
            certain = is_certain and key == "include.path"
            yield from _all_settings(included, certain, depth + 1)


@lru_cache(maxsize=256)
def _settings(path: Path, _stamp: Stamp) -> tuple[tuple[str, str], ...]:
    """Names (``section.name`` in small letters) and values of one file."""
    found, section = [], ""
    for line in re.sub(r"\\\r?\n", "", _text(path)).splitlines():
        rest = line
        if header := _SECTION.match(line):
            section, rest = header[1].lower(), header[2]
        if setting := _SETTING.match(rest):
            value = "true" if setting[2] is None else _plain(setting[2])
            found.append((f"{section}.{setting[1].lower()}", value))
    return tuple(found)


_SECTION = re.compile(r'\s*\[\s*([\w.-]+)\s*(?:"(?:[^"\\]|\\.)*")?\s*\](.*)')
_SETTING = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:=(.*)|[#;].*)?$")


def _plain(value: str) -> str:
    """A value without quotes, escapes and what is a comment behind it."""
    plain, is_quoted = "", False
    for piece in re.findall(r"\\.|.", value):
        if piece == '"':
            is_quoted = not is_quoted
        elif piece in ("#", ";") and not is_quoted:
            break
        else:
            plain += piece[-1]
    return plain.strip()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig", "replace")
    except OSError:
        return ""


def _expanded(path: str) -> str:
    return os.path.expanduser(path)
