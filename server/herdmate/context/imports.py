"""What a file imports: the words in its import statements, and the indexed files they refer to.

This relies on what import statements look like across languages, not on any language's rules for
finding modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from herdmate.context.files import MOST_LEVELS
from herdmate.context.index import Index, module_name

_REACH = 20_000
_LONGEST = 2_000
_MOST_WORDS = 400
_MOST_COMPARED = 4_000  # files of one module name

_STATEMENT = re.compile(
    r"^[ \t]*(?:from|import|use|using|require\w*|include|#include|mod|export|\}[ \t]*from)\b.*|"
    r"^[ \t]*(?:source|\.)[ \t]+[^=\s].*|"
    r"^.*\b(?:require|import)\(.*",
    re.MULTILINE,
)
_WORD = re.compile(r"\w+")
_CLOSING = {"(": ")", "{": "}"}

_Fit = tuple[int, int, int]
"""How many words lead to a file, how many folders it shares with the importing file, and how few
folders its path has."""

_NONE: _Fit = (0, 0, -MOST_LEVELS)


@dataclass(frozen=True, slots=True)
class Imports:
    """The words in a file's import statements, and the files and folders that they refer to.

    ``new`` are words that occur nowhere else in the file, so what they name has not been used yet.
    """

    words: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    files: frozenset[Path] = frozenset()
    folders: frozenset[Path] = frozenset()


def imports_of(text: str, path: Path, kin: str, index: Index) -> Imports:
    """What the file at ``path``, in a language of ``kin``, imports from those in the index."""
    start = text[:_REACH]
    spans = list(statements_in(start))
    lines = [_WORD.findall(start, begin, end)[:_MOST_WORDS] for begin, end in spans]
    words = frozenset(word for line in lines for word in line)
    files = frozenset(file for line in lines for file in _meant(line, path, kin, index))
    folders = frozenset(file.parent for file in files if module_name(file) != file.stem)
    ends = [0, *(end for _, end in spans)]
    between = zip(ends, [*(begin for begin, _ in spans), len(start)], strict=True)
    elsewhere = {word for at, to in between for word in _WORD.findall(start, at, to)}
    new = words - elsewhere if len(text) <= _REACH else frozenset()
    return Imports(words, new, files - {path}, folders)


def statements_in(text: str) -> Iterator[tuple[int, int]]:
    """The spans of import statements, including all lines that their brackets enclose.

    Only the start of the text is searched, as imports are there.
    """
    done, text = 0, text[:_REACH]
    for found in _STATEMENT.finditer(text):
        if found.start() < done:
            continue
        done = found.end()
        for opening, closing in _CLOSING.items():
            if found.group().count(opening) > found.group().count(closing):
                end = text.find(closing, done, done + _LONGEST)
                done = done if end < 0 else _line_end(text, end)
        yield found.start(), done


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _meant(line: list[str], own: Path, kin: str, index: Index) -> Iterator[Path]:
    """For each word that is a module's name, the files that best fit the words before it.

    Among equals, those nearest to the importing file win.
    """
    best: dict[str, dict[Path, _Fit]] = {}
    for at, word in enumerate(line):
        known = index.modules(word, kin)
        ranks = best.setdefault(word, {})
        for file in islice(known, _MOST_COMPARED):
            ranks[file] = max(_fit(file, line[:at], own), ranks.get(file, _NONE))
    for ranks in best.values():
        top = max(ranks.values(), default=None)
        yield from (file for file, rank in ranks.items() if rank == top)


def _fit(file: Path, before: list[str], own: Path) -> _Fit:
    folders = file.parts[:-1] if module_name(file) == file.stem else file.parts[:-2]
    fits = 0
    for folder, word in zip(reversed(folders), reversed(before), strict=False):
        if folder != word:
            break
        fits += 1
    shared = 0
    for mine, other in zip(own.parts[:-1], file.parts[:-1], strict=False):
        if mine != other:
            break
        shared += 1
    return fits, shared, -len(file.parts)
