"""What the rules of ``postprocess`` know of the place that a completion is meant for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from herdmate.context.languages import comment_mark
from herdmate.text import Cursor

_REACH = 4000
"""Characters looked at on either side of the cursor."""

_QUOTES = "\"'`"
_WITH_LONE_CLOSERS = frozenset({"shellscript"})
"""Languages that close brackets which they never opened, as in ``case x in a) ...``."""


@dataclass(frozen=True, slots=True)
class Place:
    r"""The text around a cursor, with ``\n`` as its only line end, and what follows from it.

    ``above`` and ``below`` are the nearest lines that are not blank, nearest first, without their
    trailing whitespace. ``closers_missing`` says how many brackets are open at the cursor and not
    closed behind it, ``None`` where that cannot be told, ``closers_left`` how many are closed
    behind it and not open. ``line_end`` is the document's own, ``comment_mark`` begins a comment.
    """

    line_prefix: str
    line_suffix: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    closers_missing: int | None
    closers_left: int
    line_end: str
    comment_mark: str


def place_of(cursor: Cursor) -> Place:
    """The place at a cursor."""
    text, offset = cursor.document.text, cursor.offset
    low, high = max(offset - _REACH, 0), min(offset + _REACH, len(text))
    before = _plain(text[low:offset]).split("\n")
    after = _plain(text[offset:high]).split("\n")
    if low and len(before) > 1:
        before = before[1:]
    above, below = before[-2::-1], after[1:]
    balance = None
    if cursor.document.language not in _WITH_LONE_CLOSERS:
        balance = _balance(before, after, reaches_start=not low, reaches_end=high == len(text))
    return Place(
        line_prefix=before[-1],
        line_suffix=after[0],
        above=tuple(line.rstrip() for line in above if line.strip())[:3],
        below=tuple(line.rstrip() for line in below if line.strip())[:3],
        closers_missing=None if balance is None else max(balance, 0),
        closers_left=max(-(balance or 0), 0),
        line_end=_line_end(text),
        comment_mark=comment_mark(cursor.document.language),
    )


def indentation(line: str) -> int:
    """How far a line is indented, in columns, a tab being four."""
    return len(line[: len(line) - len(line.lstrip(" \t"))].expandtabs(4))


def is_telling(line: str) -> bool:
    """Does a line say enough that its repetition is no accident (``}`` and ``end`` do not)?"""
    return len(re.findall(r"\w", line)) >= 5


def unclosed(text: str) -> int:
    """How many brackets the text opens and does not close."""
    depth = 0
    for _, char in brackets(text):
        depth = depth + 1 if char in "([{" else max(depth - 1, 0)
    return depth


def brackets(text: str) -> Iterator[tuple[int, str]]:
    """Brackets with their places, without those in strings and comments as far as a line tells."""
    at = 0
    while at < len(text):
        char = text[at]
        if char in "()[]{}":
            yield at, char
        elif char in _QUOTES:
            at = _string_end(text, at)
        elif char in "#/" and _is_comment(text, at):
            at = _line_end_after(text, at)
        at += 1


def trailing_comment(line: str, mark: str) -> int | None:
    """Where a comment begins behind code, as far as the line tells; ``None`` where none does."""
    at = 0
    while at < len(line):
        if line[at] in _QUOTES:
            at = _string_end(line, at)
        elif line.startswith(mark, at) and line[:at].strip() and line[at - 1].isspace():
            return at if line[at + len(mark) :][:1] in ("", " ") else None
        at += 1
    return None


def _is_comment(text: str, at: int) -> bool:
    """Does a comment begin here? Python's ``a // b`` and JavaScript's ``a.#b`` are none."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    if text[at] == "#":
        return not before[-1:].strip()
    return text.startswith("//", at) and before.strip()[-1:] in ("", *";{},")


def _string_end(text: str, start: int) -> int:
    """The place of the quote that ends a string on its line; ``start`` where none does."""
    at = start + 1
    while at < len(text) and text[at] != "\n":
        if text[at] == text[start]:
            return at
        at += 2 if text[at] == "\\" else 1
    return start


def _line_end_after(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _balance(
    before: list[str], after: list[str], *, reaches_start: bool, reaches_end: bool
) -> int | None:
    """Brackets open at the cursor less those closed behind it, in the top-level item around it."""
    first = next((at for at in reversed(range(len(before))) if _begins_item(before[at])), None)
    last = next((at for at in range(1, len(after)) if _begins_item(after[at])), None)
    if (first is None and not reaches_start) or (last is None and not reaches_end):
        return None
    opened = unclosed("\n".join(before[first or 0 :]))
    closed = 0
    depth = 0
    for _, char in brackets("\n".join(after[:last])):
        depth += 1 if char in "([{" else -1
        closed = max(closed, -depth)
    return opened - closed


def _begins_item(line: str) -> bool:
    """Does a top-level item begin with this line?"""
    return line[:1].strip() != "" and line[0] not in ")]}"


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line_end(text: str) -> str:
    """The line end of a document, told by its first one."""
    end = text.find("\n")
    if end < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[end - 1 : end] == "\r" else "\n"
