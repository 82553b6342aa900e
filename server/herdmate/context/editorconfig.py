"""What ``.editorconfig`` files set for a file (editorconfig.org)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from herdmate import bounded_read
from herdmate.context.git_config import repository_of
from herdmate.context.globs import Globs, tokens_of

_NAME = ".editorconfig"
_LARGEST = 256 * 1024  # bytes of a file; all together get twice that
_MOST_FOLDERS = 100  # above a path
_LONGEST_PATTERN = 4096  # from the standard
_LONGEST_EXPANDED = 20_000  # characters of a pattern with its braces expanded
_MOST_EXPANDED = 200_000  # the same for all patterns for a path
_PRICE = 50  # characters charged for each section, whatever its pattern


def editorconfig(path: Path) -> dict[str, str]:
    """The settings for a path from all files above it; the nearest file wins."""
    found: list[dict[str, str]] = []
    top, room, left = repository_of(path.parent), 2 * _LARGEST, _MOST_EXPANDED
    for folder in islice(path.parents, _MOST_FOLDERS):
        is_in_repository = top is not None and (top == folder or top in folder.parents)
        try:
            within = top if is_in_repository else folder
            text = bounded_read.read_text(folder / _NAME, min(_LARGEST, room), within)
        except (OSError, ValueError):  # also for characters that no path can have
            continue
        room -= len(text)
        name, own, is_root = path.relative_to(folder).as_posix(), list[dict[str, str]](), False
        for pattern, values in _sections(text):
            if pattern is None:
                is_root = values.get("root") == "true"
                continue
            does_match, cost = _match(pattern, name, min(left, _LONGEST_EXPANDED))
            left -= cost
            if does_match:
                own.append(values)
        found += reversed(own)
        if is_root:
            break
    return {key: value for values in reversed(found) for key, value in values.items()}


def _sections(text: str) -> Iterator[tuple[str | None, dict[str, str]]]:
    """Each section's pattern and what it sets; ``None`` is the pattern of the file's preamble."""
    pattern, values = None, dict[str, str]()
    for line in map(str.strip, text.split("\n")):
        if line.startswith(("#", ";")):
            continue
        if line.startswith("[") and line.endswith("]"):
            yield pattern, values
            pattern, values = line[1:-1], {}
        elif (place := re.search("[=:]", line)) is not None:
            key = line[: place.start()].strip().lower()
            values[key] = line[place.end() :].strip().lower()
    yield pattern, values


def _match(pattern: str, name: str, most: int) -> tuple[bool, int]:
    """Does a pattern match a path? The number is the characters charged for finding out."""
    if len(pattern) > min(_LONGEST_PATTERN, most):
        return False, _PRICE
    if "/" not in pattern:
        name = name.rpartition("/")[2]
    given = _alternatives(pattern.removeprefix("/"), most)
    globs = (tokens_of(item, bounded_deep=False) for item in given)
    does_match = Globs(tokens for tokens in globs if tokens).last(name) is not None
    return does_match, _PRICE + (sum(map(len, given)) if given else most)


def _alternatives(pattern: str, most: int) -> list[str]:
    """The globs that a pattern with braces expands to; none if that is over ``most`` characters."""
    found, left = list[str](), [pattern]
    while left:
        current = left.pop()
        most -= len(current)
        if most < 0:
            return []
        if (group := _first_group(current)) is None:
            found.append(current)
            continue
        start, end = group
        choices = _choices(current[start + 1 : end])
        left += (current[:start] + item + current[end + 1 :] for item in choices)
    return found


def _first_group(pattern: str) -> tuple[int, int] | None:
    """The start and end of the first innermost pair of braces."""
    start, at = -1, 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
        elif pattern[at] == "{":
            start = at
        elif pattern[at] == "}" and start >= 0:
            return start, at
        at += 1
    return None


def _choices(inside: str) -> Iterable[str]:
    """What a pair of braces expands to; nothing if that is too much."""
    if (ends := _RANGE.fullmatch(inside)) is not None:
        if max(map(len, ends.groups())) > _MOST_DIGITS:
            return ()
        low, high = sorted(map(int, ends.groups()))
        return map(str, range(low, high + 1)) if high - low < _LONGEST_RANGE else ()
    items = _COMMA.split(inside)
    return items if len(items) > 1 else (f"\\{{{inside}\\}}",)


_RANGE = re.compile(r"([+-]?[0-9]+)\.\.([+-]?[0-9]+)")
_COMMA = re.compile(r"(?<!\\),")
_MOST_DIGITS = 9
_LONGEST_RANGE = 1000
