"""Changes one list in an array of tables in TOML, and leaves all else as it is written.

What is added can be taken out again without a trace: an item brings the white space before it, and
the comma after it if the last item had one, else the comma before it. A list that is added is a
line of its own, with a comment.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from herdmate.cli.entry_edit import without
from herdmate.errors import reason_of
from herdmate.text import line_ending

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class TomlError(ValueError):
    """The text is not TOML, or not written in a way that can be changed safely."""


def parsed(text: str) -> dict[str, Any]:
    """What a text holds. Raises ``TomlError``."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TomlError(reason_of(error)) from error


def with_item(text: str, array: str, name: str, key: str, item: str, usual: Sequence[str]) -> str:
    """The text with one more item in the list of a table ``[[array]]`` of a name.

    It is the last table of that name that has the key, else the last, which gets a list of the
    ``usual`` items and this one. Raises ``TomlError`` if there is no such table, or if anything
    else would change.
    """
    tables = [(start, end, table) for start, end, table in _tables(text, array)
              if table.get("name") == name]  # fmt: skip
    if not tables:
        raise TomlError(f"its TOML has no table [[{array}]] of {name}, but something like it")
    start, end, table = max(tables, key=lambda found: (key in found[2], found[0]))
    present = table.get(key)
    if isinstance(present, list):
        edited = _with_item(text[start:end], key, item)
    elif present is None:
        edited = _with_line(text[start:end], f"{key} = {json.dumps([*usual, item])}{_OURS}")
    else:
        raise TomlError(f"{key} of {name} is no list")
    after = text[:start] + edited + text[end:]
    wanted = [*(present if isinstance(present, list) else usual), item]
    if parsed(after) != _with_list(parsed(text), array, name, key, wanted):
        raise TomlError(f"[[{array}]] of {name} cannot be changed alone")
    return after


def without_item(text: str, array: str, key: str, item: str, usual: Mapping[str, Any]) -> str:
    """The text without an item in the lists of all tables ``[[array]]``.

    A line that ``with_item`` added goes as a whole; ``usual`` says what was on it, by the table's
    name. Raises ``TomlError`` if anything else would change.
    """
    for start, end, table in reversed([*_tables(text, array)]):
        present, name = table.get(key), table.get("name")
        if not isinstance(present, list) or item not in present:
            continue
        before, edited = text[start:end], None
        if isinstance(name, str) and present == [*usual.get(name, ()), item]:
            edited = _without_line(before, key)
        edited = _without_item(before, key, item) if edited is None else edited
        left = {**table, key: [other for other in present if other != item]}
        if parsed(edited)[array][0] not in (left, {at: left[at] for at in left if at != key}):
            raise TomlError(f"a table [[{array}]] cannot be changed alone")
        text = text[:start] + edited + text[end:]
    return text


def _with_list(
    whole: dict[str, Any], array: str, name: str, key: str, value: list[Any]
) -> dict[str, Any]:
    named = [table for table in whole[array] if table.get("name") == name]
    max(enumerate(named), key=lambda found: (key in found[1], found[0]))[1][key] = value
    return whole


def _tables(text: str, array: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Where the tables of an array are, without their subtables, and what each holds."""
    heads = [match.start() for match in _HEAD.finditer(text)]
    opening = re.compile(rf"[ \t]*\[\[[ \t]*{re.escape(array)}[ \t]*\]\]")
    for at, start in enumerate(heads):
        if not opening.match(text, start):
            continue
        for end in (*heads[at + 1 :], len(text)):
            try:
                table = tomllib.loads(text[start:end])[array][0]
            except (ValueError, RecursionError):
                continue  # what looks like a head is within a value
            yield start, start + len(_without_tail(text[start:end])), table
            break


def _without_tail(table: str) -> str:
    """A table without blank lines and comments after it: they may be about the next one."""
    lines = table.split("\n")
    while lines and lines[-1].strip()[:1] in ("", "#"):
        lines.pop()
    return table[: len("\n".join(lines)) + 1]


def _with_line(table: str, line: str) -> str:
    newline = line_ending(table)
    return f"{table}{line}{newline}" if table.endswith("\n") else f"{table}{newline}{line}"


def _without_line(table: str, key: str) -> str | None:
    """A table without the line that was added; ``None`` if there is none."""
    lines = table.splitlines(keepends=True)
    for at, line in enumerate(lines):
        if line.startswith(f"{key} = [") and line.rstrip("\r\n").endswith(_OURS):
            rest = "".join([*lines[:at], *lines[at + 1 :]])
            return rest if line.endswith("\n") else rest.removesuffix(line_ending(table))
    return None


@dataclass(frozen=True, slots=True)
class _List:
    """Where the brackets of a list are, its items, and the commas after them."""

    start: int
    end: int
    items: tuple[tuple[int, int], ...]
    commas: tuple[int, ...]


def _list_of(table: str, key: str) -> _List:
    """The list that a table has for a key. Raises ``TomlError`` if it is not found."""
    head = re.search(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=[ \t]*\[", table, re.MULTILINE)
    if head is None:
        raise TomlError(f"{key} is not on a line of its own")
    items: list[tuple[int, int]] = []
    commas: list[int] = []
    depth, begin, last = 1, -1, -1
    for token in _TOKEN.finditer(table, head.end()):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        is_comma = token[0] == "," and depth == 1
        if depth == 0 or is_comma:
            items += [(begin, last)] * (begin >= 0)
            commas += [token.start()] * is_comma
            begin = -1
        elif token[0][0] != "#":
            begin, last = begin if begin >= 0 else token.start(), token.end()
        if depth == 0:
            return _List(head.end() - 1, token.start(), tuple(items), tuple(commas))
    raise TomlError(f"the list {key} has no end")


def _with_item(table: str, key: str, item: str) -> str:
    found, quoted = _list_of(table, key), json.dumps(item)
    if not found.items:
        return table[: found.start + 1] + quoted + table[found.start + 1 :]
    start, end = found.items[-1]
    has_comma = len(found.commas) == len(found.items)
    at, before = found.commas[-1] + 1 if has_comma else end, " "
    if "\n" in table[found.start : start]:
        line = table.rfind("\n", 0, start) + 1
        before = (
            line_ending(table)
            + table[line:start][: len(table[line:start]) - len(table[line:start].lstrip())]
        )
        comment = _COMMENT.match(table, at)
        at = comment.end() if comment else at
    between = "" if has_comma else ","
    new = f"{before}{quoted}{',' * has_comma}"
    return table[:end] + between + table[end:at] + new + table[at:]


def _without_item(table: str, key: str, item: str) -> str:
    found = _list_of(table, key)
    for at in reversed(range(len(found.items))):
        span = found.items[at]
        if table[slice(*span)] in (f'"{item}"', f"'{item}'"):
            after = found.commas[at] if at < len(found.commas) else None
            table = without(table, span, after, found.commas[at - 1] if at else None)
    return table


_OURS = " # herdmate setup"
_HEAD = re.compile(r"^[ \t]*\[[^\n]*\][ \t\r]*(?:#[^\n]*)?$", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*#[^\r\n]*")
_TOKEN = re.compile(
    r'"{3}(?:[^\\]|\\.)*?(?:"{3}|\Z)|' r"'{3}.*?(?:'{3}|\Z)|"
    r'"(?:[^"\\\n]|\\.)*"?|' r"'[^'\n]*'?|"
    r"#[^\n]*|[][{},]|[^][{},#\s\"']+", re.DOTALL,
)  # fmt: skip
"""Strings, which may lack their end, comments, signs, and all else between them."""
