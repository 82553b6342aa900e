"""Holes whose answers lie in another file: calls of what other files in the same folder define."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from herdmate.context.files import readable_files
from herdmate.context.grammars import language_of
from herdmate.context.imports import imports_of
from herdmate.context.index import Index, is_indexed, kin_at
from herdmate.context.project import Project
from herdmate.context.syntax_queries import is_in_string_or_comment
from herdmate.eval.holes import Hole
from herdmate.eval.sources import sound_code

_CALL = re.compile(r"\b([^\W\d]\w{3,})\(")
_DEFINES = re.compile(
    r"^\s*(?:async |export |default |static |public |private |protected )*"
    r"(?:def|class|function|import|from|interface|type|const \w+ = \(|@|#|//|\*)"
)
_WORD_CHARACTER = re.compile(r"\w")
_FEWEST = 4  # characters of words after the call's bracket
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

    One to three other files define the name that is called; the file itself does not. It imports
    one of them, or mentions the class whose method is called.
    """
    for path in map(Path.absolute, paths):
        if (found := sound_code(path)) is None:
            continue
        text, tree = found
        places = [
            place
            for place in _places(text, path, index)
            if is_in_string_or_comment(tree, text, place[1]) is None
        ]
        for start, at, end, name in chance.sample(places, min(len(places), _MOST_IN_FILE)):
            begin = chance.choice((start, at, at + len(name) + 1))
            before, middle, after = text[:begin], text[begin:end], text[end:]
            yield Hole(f"{path}:{begin}", language_of(path), before, middle, after, path=path)


def _places(text: str, path: Path, index: Index) -> Iterator[tuple[int, int, int, str]]:
    """Each call: the offsets of its line's code, its name and the line's end; and the name."""
    kin = kin_at(path, "")
    imports = imports_of(text, path, kin, index)
    words = {*re.findall(r"\w+", text)}
    at = 0
    for line in text.splitlines(keepends=True):
        start, at = at, at + len(line)
        code = line.rstrip()
        if not _SHORTEST <= len(code.strip()) <= _LONGEST or _DEFINES.match(code):
            continue
        if any(code.count(one) != code.count(other) for one, other in ("()", "[]", "{}")):
            continue
        for call in _CALL.finditer(code):
            if len(_WORD_CHARACTER.findall(code, call.end())) < _FEWEST:
                break
            where = index.named(call[1], kin)
            meant = (
                item
                for file in where
                for item in where[file]
                if (file in imports.files and not item.head.holder and call[1] in imports.words)
                or (item.head.holder in words and code[: call.start()].endswith("."))
            )
            if path not in where and len(where) <= _MOST_DEFINERS and any(meant):
                indent = len(code) - len(code.lstrip())
                yield start + indent, start + call.start(1), start + len(code), call[1]
                break
