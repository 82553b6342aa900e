"""Matches untrusted globs without backtracking.

All globs of a list are matched at once, by one automaton whose states are the bits of a number:
each character of a path takes the same few operations, whatever the globs. The regular expressions
that libraries translate globs into can take years for ``a*a*a*a*a*a*b``.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

ANY, STAR, DEEP, FOLDERS = "any", "star", "deep", "folders"


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """Any character in one of the ranges or, if negated, in none of them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False
    folds_case: bool = False

    def accepts(self, char: str) -> bool:
        """Does a character match? A slash never does."""
        chars = (char, char.upper()) if self.folds_case else (char,)
        found = any(first <= item <= last for first, last in self.ranges for item in chars)
        return found != self.negated and char != "/"


Token = str | CharacterClass
"""One element of a glob.

A character; a class of characters; ``ANY``: any character but a slash; ``STAR``: any number of
these; ``DEEP``: any number of any characters; ``FOLDERS``: any number of folders, each with its
slash.
"""

_MOST_MASKS = 64  # characters with a mask, each as large as all globs together
_CLASSES = {
    "alnum": (("a", "z"), ("A", "Z"), ("0", "9")),
    "alpha": (("a", "z"), ("A", "Z")),
    "blank": ((" ", " "), ("\t", "\t")),
    "cntrl": (("\0", "\x1f"), ("\x7f", "\x7f")),
    "digit": (("0", "9"),),
    "graph": (("!", "~"),),
    "lower": (("a", "z"),),
    "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": ((" ", " "), ("\t", "\r")),
    "upper": (("A", "Z"),),
    "xdigit": (("0", "9"), ("a", "f"), ("A", "F")),
}


def tokens_of(glob: str, bounded_deep: bool, folds_case: bool = False) -> tuple[Token, ...] | None:
    r"""The tokens of a glob, or ``None`` if it can match nothing.

    With ``bounded_deep``, as in git, ``**`` differs from ``*`` only between two slashes or ends.
    ``\`` makes the next character literal.
    """
    found: list[Token] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "\\":
            if at == len(glob):
                return None
            found.append(_folded(glob[at], folds_case))
            at += 1
        elif char == "?":
            found.append(ANY)
        elif char == "*":
            start = at - 1
            while glob[at : at + 1] == "*":
                at += 1
            at += _add_stars(found, glob, start, at, bounded_deep)
        elif char == "[":
            if (read := _class_at(glob, at, folds_case)) is None:
                return None
            matching, at = read
            found.append(matching)
        else:
            found.append(_folded(char, folds_case))
    return tuple(found)


def _add_stars(found: list[Token], glob: str, start: int, end: int, bounded_deep: bool) -> int:
    """Add the meaning of a run of stars; return how many characters after it belong to it."""
    if end - start > 1 and bounded_deep:
        opens, rest = start == 0 or glob[start - 1] == "/", glob[end : end + 1]
        if opens and rest == "/":
            if found[-1:] != [FOLDERS]:
                found.append(FOLDERS)
            return 1
        if opens and not rest:
            found += [ANY, DEEP]
            return 0
    if end - start > 1 and not bounded_deep:
        found.append(DEEP)
    else:
        found.append(STAR)
    return 0


def _folded(char: str, folds_case: bool) -> str:
    return char.lower()[:1] if folds_case else char


def _class_at(glob: str, at: int, folds_case: bool) -> tuple[CharacterClass, int] | None:
    """The class that begins after a bracket, and where it ends, parsed as git does."""
    negated = glob[at : at + 1] in ("!", "^")
    start = at = at + negated
    ranges: list[tuple[str, str]] = []
    before = ""  # the character that can start a range
    while at == start or glob[at : at + 1] != "]":
        char, following = glob[at : at + 1], glob[at + 1 : at + 2]
        if char == "-" and before and following not in ("", "]"):
            at += 2 if following == "\\" else 1
            ranges.append((before, glob[at : at + 1]))
            before = ""
        elif (name := _class_name(glob, at)) is not None:
            if name not in _CLASSES:
                return None
            ranges += _CLASSES[name]
            before, at = "", at + len(f"[:{name}:")
        else:
            if char == "\\":
                at, char = at + 1, following
            ranges.append((char, char))
            before = char
        at += 1
        if at > len(glob):  # the class is not closed
            return None
    return CharacterClass(tuple(ranges), negated, folds_case), at + 1


def _class_name(glob: str, at: int) -> str | None:
    """The name in ``[:name:]``; as in git, the first closing bracket ends it."""
    end = glob.find("]", at + 2) if glob.startswith("[:", at) else -1
    return glob[at + 2 : end - 1] if end > at + 2 and glob[end - 1] == ":" else None


class Globs:
    """Globs that are matched together.

    ``size`` is the number of states: a match takes time proportional to that times the length of
    the path. Paths neither begin nor end with a slash.
    """

    def __init__(self, globs: Iterable[tuple[Token, ...]]) -> None:
        self.size = 0
        self._ends: list[int] = []
        self._chars: dict[str, array[int]] = {}
        self._classes: list[tuple[int, CharacterClass]] = []
        self._masks: dict[str, int] = {}
        special: dict[str, list[int]] = {ANY: [], STAR: [], DEEP: [], FOLDERS: []}
        starts: list[int] = []
        for tokens in globs:
            starts.append(self.size)
            for token in tokens:
                if isinstance(token, CharacterClass):
                    self._classes.append((self.size, token))
                elif token in special:
                    special[token].append(self.size)
                else:
                    self._chars.setdefault(token, array("I")).append(self.size)
                self.size += 2 if token == FOLDERS else 1
            self._ends.append(self.size)
            self.size += 1
        self._any, self._stars, self._deep, self._folders = (
            _bits(places, self.size) for places in special.values()
        )
        self._start = self._closed(_bits(starts, self.size))
        self._all_ends = _bits(self._ends, self.size)

    def last(self, path: str, but_not: int = 0) -> int | None:
        """The number of the last glob that matches a path; ``but_not`` leaves some out."""
        stars_deep, deep, folders = self._stars | self._deep, self._deep, self._folders
        inside = folders << 1  # inside a folder's name
        states = self._start
        for char in path:
            moved = (states & self._accepting(char)) << 1
            if char == "/":
                moved |= states & deep | (states & inside) >> 1
            else:
                moved |= states & (stars_deep | inside) | (states & folders) << 1
            states = self._closed(moved)
            if not states:
                return None
        matched = states & self._all_ends & ~but_not
        return bisect_left(self._ends, matched.bit_length() - 1) if matched else None

    def ends(self, numbers: Iterable[int]) -> int:
        """The globs with these numbers, in the form that ``but_not`` takes."""
        return _bits((self._ends[number] for number in numbers), self.size)

    def _closed(self, states: int) -> int:
        """The states, and those reachable from them without a character."""
        states |= (states & self._folders) << 2
        return states | (states & (self._stars | self._deep)) << 1

    def _accepting(self, char: str) -> int:
        """The states from which a character leads on."""
        if (mask := self._masks.get(char)) is None:
            places = [place for place, accepted in self._classes if accepted.accepts(char)]
            mask = _bits((*self._chars.get(char, ()), *places), self.size)
            if char != "/":
                mask |= self._any
            if len(self._masks) == _MOST_MASKS:
                self._masks.clear()
            self._masks[char] = mask
        return mask


def _bits(places: Iterable[int], size: int) -> int:
    found = bytearray(size // 8 + 1)
    for place in places:
        found[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(found, "little")
