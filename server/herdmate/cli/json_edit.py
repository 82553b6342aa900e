"""Adds settings to JSON with comments, as editors keep it, and leaves all else as it is written.

Comments and commas after the last entry are allowed, as VS Code, Zed, Sublime and Kate allow them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from herdmate.text import line_ending


class JsonError(ValueError):
    """The text is not JSON, or has something else where a group of settings should be."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it is; ``entries`` are those of an object or array, by key or number.

    ``plain`` is the value without comments.
    """

    start: int
    end: int
    plain: Any
    entries: dict[Any, Value] = field(default_factory=dict)


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

    A value that differs is replaced only if it ``is_ours``. Arrays that want ``listed`` are lists:
    they get it, and keep the rest. Raises ``JsonError`` that names a setting of somebody else.
    """
    for path, value in _leaves(wanted):
        text = _with_setting(text, path, value, is_ours, listed)
    return text


def _leaves(
    group: Mapping[str, Any], path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Any]]:
    """Paths and values of all that is no group."""
    found = []
    for key, value in group.items():
        if isinstance(value, Mapping):
            found += _leaves(value, (*path, key))
        else:
            found.append(((*path, key), value))
    return found


def _with_setting(
    text: str, path: tuple[str, ...], wanted: Any, is_ours: Callable[[Any], bool], listed: str
) -> str:
    group = parsed(text)
    for at, key in enumerate(path):
        if not isinstance(group.plain, dict):
            raise JsonError(f"{'.'.join(path[:at]) or 'the whole'} is no group of settings")
        if key not in group.entries:
            for name in reversed(path[at + 1 :]):
                wanted = {name: wanted}
            return _with_entry(text, group, json.dumps(key, ensure_ascii=False) + ": ", wanted)
        group = group.entries[key]
    if group.plain == wanted:
        return text
    if listed and isinstance(wanted, list) and listed in wanted and isinstance(group.plain, list):
        return text if listed in group.plain else _with_entry(text, group, "", listed)
    if not is_ours(group.plain):
        raise JsonError(f"it sets {'.'.join(path)} already")
    shown = _shown(text, wanted, _indent_of(text, group.start))
    return text[: group.start] + shown + text[group.end :]


def _with_entry(text: str, group: Value, key: str, value: Any) -> str:
    """The text with one more entry at the end of an object or array."""
    newline, outer = line_ending(text), _indent_of(text, group.start)
    inside = text[group.start + 1 : group.end - 1]
    last = max(group.entries.values(), key=lambda entry: entry.end, default=None)
    is_one_line = "\n" not in inside and bool(inside.strip() or isinstance(group.plain, list))
    if is_one_line and not isinstance(value, dict):
        before, indent = " " if last else "", ""
    else:
        is_below = last is not None and "\n" in text[group.start : last.start]
        indent = _indent_of(text, last.start) if last and is_below else outer + _unit(text)
        before = newline + indent
    comma = last.end if last else group.start + 1
    end = _end_of_line(text, comma)
    has_comma = last is not None and text[_after_space(text, last.end)] == ","
    if has_comma:
        end = _end_of_line(text, _after_space(text, comma) + 1)
    head = text[:comma] + ("," if last and not has_comma else "") + text[comma:end]
    tail = text[end:]
    if before.startswith(newline) and "\n" not in text[end : group.end]:
        tail = newline + outer + tail.lstrip(" \t")
    return f"{head}{before}{key}{_shown(text, value, indent)}{tail}"


def _shown(text: str, value: Any, indent: str) -> str:
    """A value as it is written in a text, after ``indent``; only groups take several lines."""
    if not isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    newline, inner = line_ending(text), indent + _unit(text)
    parts = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {_shown(text, item, inner)}"
             for key, item in value.items()]  # fmt: skip
    return "{" + newline + f",{newline}".join(parts) + newline + indent + "}"


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
        if opening == "{":
            match = _STRING.match(text, next_at)
            colon = _after_space(text, match.end()) if match else next_at
            if match is None or text[colon : colon + 1] != ":":
                raise JsonError(f"line {_line(text, next_at)} is not JSON")
            key, next_at = _read(text, match), _after_space(text, colon + 1)
        entries[key] = _value(text, next_at)
        next_at = _after_space(text, entries[key].end)
        if text[next_at : next_at + 1] == ",":
            next_at = _after_space(text, next_at + 1)
        elif text[next_at : next_at + 1] != closing:
            raise JsonError(f"line {_line(text, next_at)} is not JSON")
    plain: Any = {key: entry.plain for key, entry in entries.items()}
    return Value(at, next_at + 1, plain if opening == "{" else list(plain.values()), entries)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
