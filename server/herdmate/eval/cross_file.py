"""Holes whose answers lie in another file: calls of what other files in the same folder define."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from herdmate.context.files import readable_files
from herdmate.context.grammars import language_of
from herdmate.context.index import Index, is_indexed, kin_at
from herdmate.context.project import Project
from herdmate.eval.holes import Hole
from herdmate.eval.sources import sound_code

_CALL = re.compile(r"\b([^\W\d]\w{3,})\(")
_DEFINES = re.compile(
    r"^\s*(?:async |export |default |static |public |private |protected )*"
    r"(?:def|class|function|import|from|interface|type|const \w+ = \(|@|#|//|\*)"
)
_MOST_DEFINERS = 3
_MOST_IN_FILE = 2
_SHORTEST, _LONGEST = 12, 120


def workspace(folders: Sequence[Path]) -> Project:
    """The folders as a workspace, with what the files in them define."""
    roots = tuple(folder.absolute() for folder in folders)
    found = Project(folders=roots)
    for root in roots:
        for path in readable_files(root):
            if is_indexed(path):
                found.index.read(path, root)
    return found


def calls(paths: Iterable[Path], index: Index, chance: random.Random) -> Iterator[Hole]:
    """Up to two holes per file: a line's code from its start, a call or the call's arguments on.

    One to three other files define the name that is called; the file itself does not.
    """
    for path in map(Path.absolute, paths):
        if (found := sound_code(path)) is None:
            continue
        text, _ = found
        places = list(_places(text, path, index))
        for start, at, end, name in chance.sample(places, min(len(places), _MOST_IN_FILE)):
            begin = chance.choice((start, at, at + len(name) + 1))
            before, middle, after = text[:begin], text[begin:end], text[end:]
            yield Hole(f"{path}:{begin}", language_of(path), before, middle, after, path=path)


def _places(text: str, path: Path, index: Index) -> Iterator[tuple[int, int, int, str]]:
    """Each call: the offsets of its line's code, its name and the line's end; and the name."""
    kin = kin_at(path, "")
    at = 0
    for line in text.splitlines(keepends=True):
        start, at = at, at + len(line)
        code = line.rstrip()
        if not _SHORTEST <= len(code.strip()) <= _LONGEST or _DEFINES.match(code):
            continue
        if any(code.count(one) != code.count(other) for one, other in ("()", "[]", "{}")):
            continue
        for call in _CALL.finditer(code):
            where = index.named(call[1], kin)
            if path not in where and 0 < len(where) <= _MOST_DEFINERS:
                indent = len(code) - len(code.lstrip())
                yield start + indent, start + call.start(1), start + len(code), call[1]
                break
