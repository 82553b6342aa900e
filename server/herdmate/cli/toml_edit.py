"""Changes one table of an array of tables in TOML, and leaves all else as it is written.

The table is cut out of the text before it is edited: tomlkit would bring tables that stand apart
together, away from the comments that are about them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from herdmate.errors import reason_of

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


def with_value(text: str, array: str, name: str, key: str, value: list[Any]) -> str:
    """The text with a list in the last table ``[[array]]`` of a name that has the key, else in the
    last of that name. A list that is there gets what it lacks at its end.

    Raises ``TomlError`` if there is no such table, or if anything else would change.
    """
    tables = [(start, end, table) for start, end, table in _tables(text, array)
              if table.get("name") == name]  # fmt: skip
    if not tables:
        raise TomlError(f"its TOML has no table [[{array}]] of {name}, but something like it")
    start, end, _ = max(tables, key=lambda item: (key in item[2], item[0]))
    after = text[:start] + _edited(text[start:end], array, key, value) + text[end:]
    expected = parsed(text)
    named = [table for table in expected[array] if table.get("name") == name]
    max(enumerate(named), key=lambda item: (key in item[1], item[0]))[1][key] = value
    if parsed(after) != expected:
        raise TomlError(f"[[{array}]] of {name} cannot be changed alone")
    return after


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


def _edited(table: str, array: str, key: str, value: list[Any]) -> str:
    import tomlkit  # takes a tenth of a second
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(table + "\n" * (not table.endswith("\n")))
        group: Any = document[array]
        present = group[0].get(key)
        if isinstance(present, list):
            for item in value[len(present) :]:
                present.append(item)
        else:
            group[0][key] = value
        edited = tomlkit.dumps(document)
    except (TOMLKitError, RecursionError) as error:
        raise TomlError(reason_of(error)) from error
    return edited.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in table else edited


_HEAD = re.compile(r"^[ \t]*\[", re.MULTILINE)
