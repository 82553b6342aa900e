"""Adds settings to JSON with comments, as editors keep it, and leaves all else as it is written.

Comments and commas after the last entry are allowed, as VS Code, Zed, Sublime and Kate allow them.
What is added can be taken out again without a trace: an entry brings the white space before it, and
the comma after it if the last entry had one, else the comma before it. A group that is added begins
with white space; what is added to one that was empty does not, nor what is added to ``EMPTY``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from herdmate.cli.entry_edit import without
from herdmate.text import line_ending

EMPTY = "{\n}\n"
"""What is left of a new file once all that was added to it is taken out again."""


class JsonError(ValueError):
    """The text is not JSON, or has something else where a group of settings should be."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it is; ``entries`` are those of an object or array, by key or number.

    ``plain`` is the value without comments. ``begin`` is where its key is, if it has one.
    """

    start: int
    end: int
    plain: Any
    entries: dict[Any, Value] = field(default_factory=dict)
    begin: int = 0


def parsed(text: str) -> Value:
    """The value that a text holds. Raises ``JsonError``."""
    try:
        value = _value(text, _after_space(text, 0))
    except RecursionError as error:
        raise JsonError("it is nested too deeply") from error
    if (end := _after_space(text, value.end)) < len(text):
        raise JsonError(f"line {_line(text, end)} is beyond its end")
    return value


def with_settings(
    text: str, wanted: Mapping[str, Any], is_ours: Callable[[Any], bool], listed: str = ""
) -> str:
    """The text with the wanted settings, merged into the groups that it has.

    A value that differs is replaced only if it ``is_ours``, or is a text or a list in a group that
    is. Arrays that want ``listed`` are lists:
    they get it, with a comment, and keep the rest. Raises ``JsonError`` that names a setting of
    somebody else.
    """
    for path, value in leaves(wanted):
        text = _with_setting(text, path, value, is_ours, listed)
    return text


def value_at(value: Value, path: Sequence[Any]) -> Value | None:
    """What a value has at a path of keys, ``None`` if nothing."""
    for key in path:
        if key not in value.entries:
            return None
        value = value.entries[key]
    return value


def without_entry(text: str, path: Sequence[Any]) -> str:
    """The text without the entry at a path, and without the groups that came with it.

    Raises ``JsonError`` if it is not JSON, and ``KeyError`` if there is no such entry.
    """
    *parents, key = path
    group = value_at(parsed(text), parents)
    if group is None:
        raise KeyError(key)
    entry = group.entries[key]
    end = entry.end + len(OURS) * text.startswith(OURS, entry.end)
    beside = text[group.start + 1 : entry.begin] + text[end : group.end - 1]  # may have comments
    came_along = not beside.strip(_WHITE + ",") and text[group.start + 1] in _WHITE
    if parents and came_along and isinstance(group.plain, dict):
        return without_entry(text, parents)
    after = _after_space(text, end)
    previous = [item.end for item in group.entries.values() if item.end <= entry.begin]
    before = _after_space(text, max(previous)) if previous else None
    return without(text, (entry.begin, end), after if text[after] == "," else None, before)


def marked(text: str, array: Value, item: Any) -> int | None:
    """The number of an item that was added to a list, ``None`` if there is none."""
    found = (at for at, entry in array.entries.items()
             if entry.plain == item and text.startswith(OURS, entry.end))  # fmt: skip
    return next(found, None)


def leaves(
    group: Mapping[str, Any], path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Any]]:
    """Paths and values of all that is no group."""
    found = []
    for key, value in group.items():
        if isinstance(value, Mapping):
            found += leaves(value, (*path, key))
        else:
            found.append(((*path, key), value))
    return found


def _with_setting(
    text: str, path: tuple[str, ...], wanted: Any, is_ours: Callable[[Any], bool], listed: str
) -> str:
    group, beside = parsed(text), None
    for at, key in enumerate(path):
        if not isinstance(group.plain, dict):
            raise JsonError(f"{'.'.join(path[:at]) or 'the whole'} is no group of settings")
        if key not in group.entries:
            for name in reversed(path[at + 1 :]):
                wanted = {name: wanted}
            return _with_entry(text, group, json.dumps(key, ensure_ascii=False) + ": ", wanted)
        group, beside = group.entries[key], group.plain if at else None
    if group.plain == wanted:
        return text
    if listed and isinstance(wanted, list) and listed in wanted and isinstance(group.plain, list):
        return text if listed in group.plain else _with_entry(text, group, "", listed, OURS)
    is_about_us = isinstance(group.plain, str | list) and is_ours(beside)
    if not is_ours(group.plain) and not is_about_us:
        raise JsonError(f"it sets {'.'.join(path)} already")
    shown = _shown(text, wanted, _indent_of(text, group.start))
    return text[: group.start] + shown + text[group.end :]


def _with_entry(text: str, group: Value, key: str, value: Any, mark: str = "") -> str:
    """The text with one more entry at the end of an object or array; ``mark`` comes after it."""
    is_whole, is_one_line = (
        group.start == parsed(text).start,
        "\n" not in text[group.start : group.end],
    )
    last = max(group.entries.values(), key=lambda entry: entry.end, default=None)
    if last is None and (is_one_line or not is_whole or text.lstrip(_WHITE) == EMPTY):
        entry = f"{key}{_shown(text, value, None)}{mark}"
        return text[: group.start + 1] + entry + text[group.start + 1 :]
    outer, comma = _indent_of(text, group.start), last.end if last else group.start + 1
    is_below = last is not None and "\n" in text[group.start : last.begin]
    indent = _indent_of(text, last.begin) if last and is_below else outer + _unit(text)
    before = " " if is_one_line else line_ending(text) + indent
    has_comma = last is not None and text[_after_space(text, last.end)] == ","
    at = _end_of_line(text, _after_space(text, comma) + 1 if has_comma else comma)
    entry = f"{before}{key}{_shown(text, value, None if is_one_line else indent)}{mark}"
    between = "," if last and not has_comma else ""
    return text[:comma] + between + text[comma:at] + entry + "," * has_comma + text[at:]


def _shown(text: str, value: Any, indent: str | None) -> str:
    """A value as it is written in a text, after ``indent``; only groups take several lines.

    Everything is on one line if ``indent`` is ``None``.
    """
    if not isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    newline, inner = (" ", None) if indent is None else (line_ending(text), indent + _unit(text))
    parts = [f"{inner or ''}{json.dumps(key, ensure_ascii=False)}: {_shown(text, item, inner)}"
             for key, item in value.items()]  # fmt: skip
    return "{" + newline + f",{newline}".join(parts) + newline + (indent or "") + "}"


def _indent_of(text: str, at: int) -> str:
    """The white space before the first character of a line."""
    start = text.rfind("\n", 0, at) + 1
    match = _BLANKS.match(text, start)
    return match[0] if match else ""


def _unit(text: str) -> str:
    """One step of indentation: that of the first line that has any."""
    match = _INDENTED.search(text)
    return match[1] if match else "  "


def _end_of_line(text: str, at: int) -> int:
    """The place after what follows on the same line, if only comments do."""
    match = _COMMENTS.match(text, at)
    return match.end() if match else at


OURS = " /* herdmate setup */"
"""What marks an item that was added to a list."""

_WHITE = " \t\r\n"
_BLANKS = re.compile(r"[ \t]*")
_INDENTED = re.compile(r"^([ \t]+)[^ \t\r\n/*]", re.MULTILINE)
_COMMENTS = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*(?:[^*\r\n]|\*(?!/))*\*/))*")
_SPACE = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\r\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_STRING = re.compile(r'"(?:[^"\\\r\n]|\\.)*"')
_WORD = re.compile(r"[-+.\w]+")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _value(text: str, at: int) -> Value:
    opening = text[at : at + 1]
    if opening in ("{", "["):
        return _group(text, at, opening)
    match = _STRING.match(text, at) or _WORD.match(text, at)
    if match is None:
        raise JsonError(f"line {_line(text, at)} is not JSON")
    return Value(at, match.end(), _read(text, match))


def _read(text: str, match: re.Match[str]) -> Any:
    """A string, number or word."""
    try:
        return json.loads(match[0], strict=False)
    except ValueError as error:
        raise JsonError(f"line {_line(text, match.start())} is not JSON") from error


def _group(text: str, at: int, opening: str) -> Value:
    entries: dict[Any, Value] = {}
    closing, next_at = {"{": "}", "[": "]"}[opening], _after_space(text, at + 1)
    while text[next_at : next_at + 1] != closing:
        key: Any = len(entries)
        begin = next_at
        if opening == "{":
            match = _STRING.match(text, next_at)
            colon = _after_space(text, match.end()) if match else next_at
            if match is None or text[colon : colon + 1] != ":":
                raise JsonError(f"line {_line(text, next_at)} is not JSON")
            key, next_at = _read(text, match), _after_space(text, colon + 1)
        entries[key] = replace(_value(text, next_at), begin=begin)
        next_at = _after_space(text, entries[key].end)
        if text[next_at : next_at + 1] == ",":
            next_at = _after_space(text, next_at + 1)
        elif text[next_at : next_at + 1] != closing:
            raise JsonError(f"line {_line(text, next_at)} is not JSON")
    plain: Any = {key: entry.plain for key, entry in entries.items()}
    return Value(at, next_at + 1, plain if opening == "{" else list(plain.values()), entries)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
