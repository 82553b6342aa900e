"""How the code of a file is written: by the project's ``.editorconfig``, else by what is there."""

from __future__ import annotations

import configparser
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a file keeps to; ``None`` where nothing tells.

    ``indent`` is the number of spaces, 0 for tabs; ``width`` the most characters of a line.
    """

    indent: int | None = None
    quotes: str | None = None
    width: int | None = None


def conventions_of(text: str, path: Path | None) -> Conventions:
    """The conventions of a file with this text."""
    given = editorconfig(path) if path is not None else {}
    width = given.get("max_line_length", "")
    return Conventions(
        _indent(given) if _indent(given) is not None else _indent_of(text),
        _quotes_of(text),
        int(width) if width.isdecimal() else None,
    )


_TOP = "before the first section"


def editorconfig(path: Path) -> dict[str, str]:
    """What the ``.editorconfig`` files above a path say of it (editorconfig.org), nearest first.

    Number ranges in patterns are not known here.
    """
    found: list[dict[str, str]] = []
    for folder in path.parents:
        try:
            text = (folder / ".editorconfig").read_text("utf-8", "replace")
        except OSError:
            continue
        parser = configparser.RawConfigParser(strict=False, delimiters=("=", ":"))
        try:
            parser.read_string(f"[{_TOP}]\n{text}")
        except configparser.Error:
            continue
        name = path.relative_to(folder).as_posix()
        found += [
            {key: value.lower() for key, value in parser.items(section)}
            for section in reversed(parser.sections())
            if section != _TOP and _matches(name, section)
        ]
        if parser.get(_TOP, "root", fallback="").lower() == "true":
            break
    return {key: value for values in reversed(found) for key, value in values.items()}


def _matches(name: str, pattern: str) -> bool:
    if (choice := re.search(r"\{([^{}]*,[^{}]*)\}", pattern)) is not None:
        head, tail = pattern[: choice.start()], pattern[choice.end() :]
        return any(_matches(name, head + item + tail) for item in choice[1].split(","))
    if "/" not in pattern:
        return fnmatchcase(name.rpartition("/")[2], pattern)
    return fnmatchcase(name, pattern.lstrip("/"))


def _indent(given: dict[str, str]) -> int | None:
    if given.get("indent_style") == "tab":
        return 0
    size = given.get("indent_size", "")
    return int(size) if size.isdecimal() else None


def _indent_of(text: str) -> int | None:
    """By how much most lines that stand further right than the one above do so."""
    lines = [line for line in text.splitlines()[:2000] if line.strip()]
    if sum(line.startswith("\t") for line in lines) * 2 > sum(line[:1].isspace() for line in lines):
        return 0
    widths = [len(line) - len(line.lstrip(" ")) for line in lines]
    steps = Counter(after - before for before, after in pairwise(widths) if after > before)
    likely = [(count, step) for step, count in steps.items() if step in (2, 3, 4, 8)]
    return max(likely)[1] if likely else None


def _quotes_of(text: str) -> str | None:
    """Which quotes at least two thirds of the short strings have, where there are some."""
    double = len(re.findall(r'(?<!")"[^"\n]{0,80}"(?!")', text))
    single = len(re.findall(r"(?<![\w'])'[^'\n]{0,80}'(?!')", text))
    if double + single < 3:
        return None
    if double >= 2 * single:
        return '"'
    return "'" if single >= 2 * double else None
