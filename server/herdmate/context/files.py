"""Which files of a workspace may be read: not what git ignores, nothing that holds secrets."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from fnmatch import translate
from itertools import zip_longest
from pathlib import Path, PurePath

from herdmate.context.ignored import rules_in

MOST_FILES = 5_000
"""Files of a workspace that are looked at, nearest to its root first."""

LARGEST_FILE = 64_000
"""Bytes. What is larger was made by a program, or takes too long to parse between two keys."""

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
