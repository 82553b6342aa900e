"""Which files of a workspace may be read: not what git ignores, nothing that holds secrets."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from fnmatch import translate
from itertools import islice, zip_longest
from pathlib import Path, PurePath
from typing import Literal

from herdmate.context.ignored import rules_in

MOST_FILES = 5_000
"""Files of a workspace that are looked at, nearest to its root first."""

LARGEST_FILE = 64_000
"""Bytes. What is larger was made by a program, or takes too long to parse between two keys."""

_MOST_ENTRIES = 100_000  # of all folders of a workspace, of which most are files to be left out
_MOST_IN_FOLDER = 20_000
_MOST_WORK = 20_000_000  # characters of paths that are compared with rules; some seconds
_STATES_AT_ONCE = 2_000  # of rules, in the time that it takes to look at a character at all
_PRICE_OF_RULES = 20_000  # that cannot be read, in the same measure

_KINDS = ("json", "yaml", "yml", "toml", "ini", "cfg", "conf", "txt", "xml", "properties", "csv")
_SECRET = (
    *(".env", ".env[-_.]*", "*.env", "*.env.local", ".envrc", ".flaskenv"),
    *("*.pem", "*.key", "*.pfx", "*.p12", "*.jks", "*.keystore", "*.kdbx", "*.ppk"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*"),
    *(".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".htpasswd", ".s3cfg"),
    *(".git-credentials", ".vault-token", ".vault[-_]pass*", ".dockercfg", ".dockerconfigjson"),
    *("kubeconfig", "*.kubeconfig", "*.tfvars", "*.tfvars.json", "*.tfstate", "*.tfstate.*"),
    *("*.secret", "*.secrets", "*.token"),
    *("credentials", "secret", "secrets", "password", "passwords", "passwd"),
    *(
        f"{name}.{kind}"
        for word in ("credential", "secret", "password", "service[-_]account", "serviceaccount")
        for name in (f"{word}", f"{word}s", f"{word}[-_.]*", f"{word}s[-_.]*", f"*[-_.]{word}",
                     f"*[-_.]{word}s")
        for kind in _KINDS
    ),
)  # fmt: skip
_NO_SECRET = (
    "*.pub",
    *(
        f"*[-_.]{word}{ending}"
        for word in ("example", "sample", "template", "dist")
        for ending in ("", *(f".{kind}" for kind in _KINDS))
    ),
)
_SECRET_NAME, _NO_SECRET_NAME = (
    re.compile("|".join(map(translate, patterns))) for patterns in (_SECRET, _NO_SECRET)
)
_BACKUP = re.compile(r"(?:\.(?:bak|backup|old|orig|save|sw[a-p]|tmp|copy|\d)|~|#)$")
_FOLDERS = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "bower_components", "vendor"}
    | {"target", "dist", "build"}
)
_MARK = re.compile(r"-{4,5} ?(BEGIN|END) [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_AS_IN_A_KEY = re.compile(
    # Base64 with what may stand around it in code, or a blank line, or a field of the key's own.
    r"""[ \t]*(?:(?:[#;*>|]|//|--)[ \t]*)*[bru]{0,2}["'`]*(?:[A-Za-z0-9+/=]|\\[nr])*"""
    r"""["'`]*[ \t]*[+.,;)\]}\\]*[ \t]*"""
    r"|[ \t]*(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject):.*"
)
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")


def is_secret(path: str | PurePath) -> bool:
    """Does a file's name, or that of the file that it is a copy of, tell of passwords or keys?"""
    name = PurePath(path).name.lower().removeprefix("#")
    while (original := _BACKUP.sub("", name)) != name:
        name = original
    return bool(_SECRET_NAME.match(name)) and not _NO_SECRET_NAME.match(name)


def redacted(text: str) -> str:
    """The text with stars in the place of private keys, of the same length.

    Of a key without an end, as in code that looks for one, that is what looks like a key.
    """
    marks = [*_MARK.finditer(text)] if "PRIVATE KEY" in text else []
    for mark, following in zip_longest(marks, marks[1:]):
        if mark[1] == "BEGIN":
            start, end = mark.end(), following.start() if following else len(text)
            has_end = following is not None and following[1] == "END"
            body = text[start:end]
            text = text[:start] + (_stars if has_end else _without_start_of_key)(body) + text[end:]
    return text


def _without_start_of_key(text: str) -> str:
    # The rest of the header's line first: a key in one line has ``\n`` in the place of line ends.
    first, *lines = text.splitlines(keepends=True) or [""]
    hidden = _stars(first) if re.search(r"\w", first) else first
    count = 0
    while count < len(lines) and _AS_IN_A_KEY.fullmatch(lines[count].rstrip("\r\n")):
        count += 1
    rest = _LONG_BASE64.sub(lambda run: _stars(run[0]), "".join(lines[count:]))
    return hidden + _stars("".join(lines[:count])) + rest


def _stars(text: str) -> str:
    return re.sub(r"[^\r\n]", "*", text)


def readable_files(root: Path) -> Iterator[Path]:
    """The files below a folder that may be read, its own first; those that git ignores are not.

    Links are not followed, and hidden folders and what packages are installed in are left out. It
    ends early in a folder that is larger than any that people work in.
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
                if not _is_left_out(entry.name) and not rules.ignore(path, is_folder=True):
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


def is_in_left_out_folder(path: Path, root: Path) -> bool:
    """Is one of the folders between ``root`` and a file below it never looked into?"""
    return any(_is_left_out(name) for name in path.relative_to(root).parts[:-1])


def _is_left_out(folder: str) -> bool:
    return folder.startswith(".") or folder in _FOLDERS


def _entries(folder: Path, most: int) -> list[os.DirEntry[str]]:
    """In the order of their names; some of them where there are more."""
    try:
        with os.scandir(folder) as entries:
            return sorted(islice(entries, most), key=lambda entry: entry.name)
    except (OSError, ValueError):
        return []


def _is(entry: os.DirEntry[str], kind: Literal["dir", "file"]) -> bool:
    """Is it a folder, or a file? A link is neither, nor is what has just gone."""
    try:
        if kind == "dir":
            return entry.is_dir(follow_symlinks=False)
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False
