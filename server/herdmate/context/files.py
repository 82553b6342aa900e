"""Which files of a workspace may be read: not what git ignores, nothing that holds secrets.

Ignore rules are git's own, by the pathspec package.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from pathspec import GitIgnoreSpec

MOST_FILES = 5_000
"""Files of a workspace that are looked at, nearest to its root first."""

LARGEST_FILE = 64_000
"""Bytes. What is larger was made by a program, or takes too long to parse between two keys."""

_SECRET = (
    *(".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.pfx", "*.p12", "*.jks"),
    *("*.keystore", "*.kdbx", "*.ppk", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
    *(".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc", ".htpasswd", ".git-credentials"),
    *("credentials", "secret", "secrets", "*.tfvars"),
    *(
        f"{name}.{kind}"
        for name in ("credentials", "secret", "secrets", "*[-_.]secrets")
        for kind in ("json", "yaml", "yml", "toml", "ini", "cfg", "txt", "xml", "properties", "csv")
    ),
    *("*.secret", "*.secrets", "*.token", ".dockercfg", ".dockerconfigjson", "kubeconfig"),
)
_NO_SECRET = ("*.example", "*.sample", "*.template", "*.dist", "*.pub")
_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "bower_components", "vendor"}
    | {"target", "dist", "build"}
)
_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)(.*?)"
    r"(-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)


def is_secret(path: str | PurePath) -> bool:
    """Does a file's name say that it holds passwords, tokens or keys?"""
    name = PurePath(path).name.lower()
    if any(fnmatchcase(name, pattern) for pattern in _NO_SECRET):
        return False
    return any(fnmatchcase(name, pattern) for pattern in _SECRET)


def redacted(text: str) -> str:
    """The text with stars in the place of private keys, of the same length."""
    if "PRIVATE KEY" not in text:
        return text
    return _KEY.sub(lambda key: key[1] + re.sub(r"[^\r\n]", "*", key[2]) + key[3], text)


def readable_files(root: Path) -> Iterator[Path]:
    """The files below a folder that may be read, its own first; those that git ignores are not.

    Links are not followed, and hidden folders and what packages are installed in are left out.
    """
    waiting: list[tuple[Path, tuple[_Rules, ...]]] = [(root, ())]
    count = 0
    while waiting:
        folder, rules = waiting.pop(0)
        rules = (*rules, *_rules(folder))
        for entry in _entries(folder):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                hidden = entry.name.startswith(".") or entry.name in _FOLDERS
                if not hidden and not _is_ignored(path, rules, is_folder=True):
                    waiting.append((path, rules))
            elif entry.is_file(follow_symlinks=False) and not is_secret(path):
                if _is_ignored(path, rules, is_folder=False):
                    continue
                yield path
                count += 1
                if count == MOST_FILES:
                    return


def is_ignored(path: Path, root: Path) -> bool:
    """Does git ignore a file, by the rules of the folders from ``root`` down to it?"""
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return False
    rules: tuple[_Rules, ...] = ()
    at = root
    for part in parts:
        rules = (*rules, *_rules(at))
        at = at / part
        if _is_ignored(at, rules, is_folder=at != path):
            return True
    return False


def repository_of(path: Path) -> Path | None:
    """The top folder of the git repository that a file lies in."""
    return next((folder for folder in path.parents if (folder / ".git").exists()), None)


_Rules = tuple[Path, GitIgnoreSpec]
"""A folder and the ignore rules that hold below it."""


def _rules(folder: Path) -> tuple[_Rules, ...]:
    found = []
    for name in (".git/info/exclude", ".gitignore", ".ignore"):
        try:
            lines = (folder / name).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        found.append((folder, GitIgnoreSpec.from_lines(lines)))
    return tuple(found)


def _is_ignored(path: Path, rules: tuple[_Rules, ...], is_folder: bool) -> bool:
    """The nearest rules that say anything decide."""
    for folder, spec in reversed(rules):
        name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
        if (said := spec.check_file(name).include) is not None:
            return said
    return False


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
