"""Changes as patches: for people, ``git apply`` from any folder of the repository, and ``patch``.

A patch holds the file's own bytes, in whatever encoding they are, byte order mark included.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from herdmate.actions.edits import unified
from herdmate.cli.console import Console, show_diff
from herdmate.cli.terminal import write_bytes
from herdmate.context.git_config import repository_of


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of one file: ``data`` for other programs, ``shown`` for people."""

    data: bytes
    shown: str


def patch_of(path: Path, before: bytes | None, after: bytes, old: str, new: str) -> Patch:
    """The patch from ``before`` to ``after``, whose texts are ``old`` and ``new``.

    ``before`` is ``None`` for a new file.
    """
    name = _name(path)
    ours, theirs = _quoted(f"a/{name}"), _quoted(f"b/{name}")
    head = f"diff --git {ours} {theirs}\n"
    if before is None:
        head += "new file mode 100644\n"
    head += f"--- {_spaced('/dev/null' if before is None else ours)}\n+++ {_spaced(theirs)}\n"
    hunks = _hunks((before or b"").decode("latin-1"), after.decode("latin-1"))
    if not hunks:
        return Patch(b"", "")
    data = head.encode("utf-8", "surrogateescape") + hunks.encode("latin-1")
    return Patch(data, head + _hunks(old, new))


def show(patch: Patch) -> None:
    """Print a patch: in colours on a terminal, else its exact bytes."""
    if Console().is_terminal:
        show_diff(patch.shown)
    else:
        write_bytes(patch.data, patch.shown)


def out_of_reach(path: Path) -> str:
    """What to know before ``git apply``, which passes over files outside the folder it runs in."""
    real, here = Path(os.path.realpath(path)), Path(os.path.realpath(os.curdir))
    top = repository_of(real.parent)
    if top is None or here in real.parents or top not in here.parents:
        return ""
    return f"`git apply` passes over files outside its folder; run it in {top}"


def _hunks(old: str, new: str) -> str:
    return "".join(unified(old, new, "file").split("\n", 2)[2:])


def _name(path: Path) -> str:
    """The file's path from the top of its repository, else from here, else its name alone."""
    real = Path(os.path.realpath(path))
    for top in (repository_of(real.parent), Path(os.path.realpath(os.curdir))):
        if top is not None and top in real.parents:
            return real.relative_to(top).as_posix()
    return real.name


def _quoted(name: str) -> str:
    """A name as git writes it: characters that would end it or act are escaped."""
    if all(char.isprintable() and char not in '"\\' for char in name):
        return name
    escaped = "".join(
        _ESCAPES.get(char) or (char if char.isprintable() else _octal(char)) for char in name
    )
    return f'"{escaped}"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))


def _spaced(name: str) -> str:
    """A tab after a name with spaces tells ``patch`` where it ends."""
    return f"{name}\t" if " " in name and not name.startswith('"') else name
