"""Values as languages write them: strings in pieces and over several lines, blocks, calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from herdmate.redaction.places import Place

LONGEST_VALUE = 12_288
"""Characters of a value in strings, from the first to the end of the last that is read."""

_LONGEST_BLOCK = 2000
"""Characters of a value of several lines; of longer ones only the start is read."""

_MOST_PIECES = 16

_OPENING = re.compile(
    r"(?:[ \t]{0,8}\\?\r?\n[ \t]{0,80})?"
    r"(?:(?:new[ \t]{1,2})?(?:[A-Za-z_][\w.:!]{0,40}\(|[(\[]|[\"']{2}\.join\()\s{0,80}){0,3}"
    r"(?=[a-zA-Z@$]{0,2}[\"'`「“])"
)
"""What can come before a string: a line ending, brackets, and calls."""

_LONG = re.compile(r"[a-zA-Z@$]{0,2}(\"\"\"|'''|`(?=[ \t]{0,8}\r?\n))")
_HEREDOC = re.compile(
    r"(?:\"?\$\([ \t]{0,2}cat[ \t]{1,2})?<<[-~<]?[ \t]?[\"']?(\w{1,40})[\"']?\r?\n"
)
_PIECE = re.compile(
    r"[a-zA-Z@$]{0,2}(?:\"((?:[^\"\\\r\n]|\\.)*)\"|'((?:[^'\\\r\n]|\\.)*)'|`([^`\r\n]*)`|"
    r"「([^「」\r\n]*)」|“([^“”\r\n]*)”)"
)
"""A string. What opens it ends it too, so a line full of openings is read once."""

_PLUS = r"(?:\.\.|\|\||<>|[+.~&])"
_JOINT = re.compile(
    rf"[ \t]{{0,8}}(?:{_PLUS}(?:[ \t]_)?)?[ \t]{{0,8}}"
    rf"(?:\\?\r?\n[ \t]{{0,80}}(?:{_PLUS}[ \t]{{0,8}})?)?"
)
_BLOCK = re.compile(r"[|>][-+0-9]{0,2}[ \t]{0,8}(?:#[^\r\n]{0,200})?\r?\n")
_NEXT_LINE = re.compile(
    r"[ \t]{0,8}\r?\n(?=[ \t]{1,80}[^\s()\[\]{}=,;<>\"'`]{6,256}[ \t]{0,8}(?:[\r\n]|\Z))"
)
_KEY = re.compile(
    r"([ \t]{0,80}(?:-[ \t]{1,16}){0,8})([^\r\n]{0,160}[^\w\r\n.-])?[\w.-]{1,80}[\"']?:[ \t]{0,16}"
    r"(?:[&!][^\s]{1,40}[ \t]{1,16}){0,4}\Z"
)
"""A line up to the value of a YAML key: its indentation, anything before the key, the key."""

_LINE = re.compile(r"[^\r\n]+")
_AROUND = " \t\\\"'`,;"


@dataclass(frozen=True, slots=True)
class Literal:
    """The pieces of a value: parts of one string, or else the lines of a text."""

    pieces: tuple[tuple[Place, str], ...]
    is_joined: bool

    def hidden(self, looks_secret: Callable[[str], bool]) -> Iterator[Place]:
        """The places of the pieces that look secret, by themselves or together."""
        together = self.is_joined and looks_secret("".join(text for _, text in self.pieces))
        yield from (place for place, text in self.pieces if together or looks_secret(text))


def literal_at(text: str, at: int, may_go_on: bool) -> Literal | None:
    """The string, heredoc or YAML block that begins at a place, if any does.

    A string can stand in brackets or a call and, if it ``may_go_on`` there, on the next line.
    """
    if (opening := _OPENING.match(text, at)) is not None:
        start = opening.end()
        if not may_go_on and "\n" in opening[0]:
            return None
        if (long := _LONG.match(text, start)) is not None:
            end = text.find(long[1], long.end(), long.end() + _LONGEST_BLOCK)
            return _lines(text, long.end(), end) if end >= 0 else None
        return _pieces(text, start)
    if (heredoc := _HEREDOC.match(text, at)) is not None:
        end = text.find(heredoc[1], heredoc.end(), heredoc.end() + _LONGEST_BLOCK)
        return _lines(text, heredoc.end(), end) if end >= 0 else None
    return _block(text, at)


def _pieces(text: str, at: int) -> Literal | None:
    """Strings next to one another, or with operators between that join them."""
    found, end = list[tuple[Place, str]](), at + LONGEST_VALUE
    while len(found) < _MOST_PIECES and (piece := _PIECE.match(text, at, end)) is not None:
        number = piece.lastindex or 1
        found.append((piece.span(number), piece[number]))
        joint = _JOINT.match(text, piece.end(), end)
        at = joint.end() if joint is not None else piece.end()
    return Literal(tuple(found), True) if found else None


def _block(text: str, at: int) -> Literal | None:
    """The lines of a YAML block, or the word on the line after a key."""
    block = _BLOCK.match(text, at) or _NEXT_LINE.match(text, at)
    if block is None:
        return None
    key = _KEY.fullmatch(text, max(text.rfind("\n", max(at - 256, 0), at) + 1, at - 256, 0), at)
    if key is None or (text[at] not in "|>" and (key[2] or "'").strip("\"'")):
        return None
    start = end = block.end()
    most = 64 if text[at] in "|>" else 1
    for _ in range(most):
        after = text.find("\n", end, start + _LONGEST_BLOCK)
        line = text[end : after if after >= 0 else start + _LONGEST_BLOCK]
        if line.strip() and len(line) - len(line.lstrip()) <= len(key[1].expandtabs(1)):
            break
        end += len(line) + 1
        if after < 0:
            break
    return _lines(text, start, min(end, len(text)))


def _lines(text: str, start: int, end: int) -> Literal:
    found = list[tuple[Place, str]]()
    for line in _LINE.finditer(text, start, end):
        bare = line[0].strip(_AROUND)
        begin = line.start() + len(line[0]) - len(line[0].lstrip(_AROUND))
        if bare:
            found.append(((begin, begin + len(bare)), bare))
    return Literal(tuple(found), False)
