"""Replaces keys, tokens and passwords with asterisks in every text that goes into a prompt.

**Invariant:** redacted text keeps its length and line endings, so offsets stay valid. The work
depends on nothing but the length of the text.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Executor
from itertools import zip_longest
from threading import Lock
from typing import TypeVar

from herdmate.redaction.hidden import hidden_in
from herdmate.redaction.literals import LONGEST_VALUE
from herdmate.redaction.manifests import data_of_secrets_in
from herdmate.redaction.places import Place
from herdmate.threads import computed

_MARK = re.compile(
    r"-----?(?: |%20|\+)?(BEGIN|END)(?: |%20|\+|_)(?:[A-Za-z0-9]{1,12}(?: |%20|\+|_)){0,4}"
    r"(?:PRIVATE(?: |%20|\+|_)KEY|STATIC(?: |%20|\+|_)KEY|Static key|SECRET(?: |%20|\+|_)KEY)"
    r"(?: BLOCK| V1)?(?: |%20|\+)?-{4,5}"
)
_LINES = re.compile(r"Private-Lines:[ \t]{0,8}\d{1,4}")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
_STRING = re.compile(r"[bBrRuUfF]{0,2}[\"'`]+")
_FIELDS = frozenset(
    {"Proc-Type", "DEK-Info", "Version", "Comment", "Hash", "Charset", "MessageID", "Subject"}
)
_AROUND = " \t#;*>|/\"'`+.,)]}\\-"
"""Characters that can surround a line of a key in code and comments."""

_STAR = re.compile(r"[^\r\n]")
_MOST_LINES = 2000
"""Lines of a key; real ones have a hundred or so."""

_MOST_KEPT = 32

_LONG = 10_000
"""Characters that are searched in 4 ms; in 40 ms if they were crafted to be slow."""

_T = TypeVar("_T")


def redacted(text: str) -> str:
    """The text with its secrets replaced by asterisks.

    If a key has no end (as in code that looks for keys), only what looks like one is replaced.
    """
    return _starred(_starred(text, hidden_in(text)), _far_reaching_in(text))


async def run_redaction(
    length: int, work: Callable[..., _T], *arguments: object, on: Executor | None = None
) -> _T:
    """Call ``work``, which redacts ``length`` characters: here if they are few, else on a thread.

    ``on``: the executor to use, if it matters which.
    """
    if length <= _LONG:
        return work(*arguments)
    return await computed(work, *arguments, on=on)


def holds_a_key(text: str) -> bool:
    """Does a text contain a multi-line private key?"""
    return any(text[start:end].strip("*\r\n ") for start, end in _keys_in(text))


class Redactions:
    """Redacts successive versions of the same texts, from any thread.

    Scans only the changes for one-line secrets, so a keystroke costs little more in a long file
    than in a short one. Remembers the last few texts.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[str, str]] = OrderedDict()
        self._lock = Lock()  # never held while a text is scanned

    def of(self, name: Hashable, text: str) -> str:
        """``redacted(text)``; ``name`` identifies the text that this is a version of."""
        with self._lock:
            known = self._known.setdefault(name, ("", ""))
            self._known.move_to_end(name)
            if len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)
        lines = _again(text, *known)
        with self._lock:
            if name in self._known:  # not forgotten meanwhile
                self._known[name] = text, lines
        return _starred(lines, _far_reaching_in(text))

    def forget(self, name: Hashable) -> None:
        """Drop what is remembered of a text."""
        with self._lock:
            self._known.pop(name, None)


def _far_reaching_in(text: str) -> Iterator[Place]:
    """The places of secrets that depend on text far away, which is searched as a whole."""
    yield from _keys_in(text)
    yield from data_of_secrets_in(text)


# --- changes

_REACH, _REACH_IN_LINES = 4096, 24
"""How much around it a secret depends on: characters and, beyond those, lines.

In long lines it is no more than the length of a value in strings, and the rest of a word.
"""

_WORD = re.compile(r"[^\s\"'`()\[\]{}<>;,]*")
"""What can be hidden whatever its length: a token, or a value without quotes."""


def _again(text: str, old: str, old_hidden: str) -> str:
    """The text with asterisks for what ``hidden_in`` finds, derived from an older version."""
    if text == old:
        return old_hidden
    head = _common(text, old)
    tail = min(_common(text[::-1], old[::-1]), min(len(text), len(old)) - head)
    # What the change can affect is taken from a scan of all that this depends on.
    start, end = _reach_back(text, head), _reach_on(text, len(text) - tail)
    low, high = _reach_back(text, start), _reach_on(text, end)
    seen = _starred(text[low:high], hidden_in(text[low:high]))
    gone = len(old) - len(text)
    return old_hidden[:start] + seen[start - low : end - low] + old_hidden[end + gone :]


def _reach_back(text: str, at: int) -> int:
    """The start of the first line, or word in a long line, on which a place depends."""
    at = max(at - _REACH, 0)
    first = max(at - LONGEST_VALUE, 0)
    for _ in range(_REACH_IN_LINES):
        line = text.rfind("\n", first, max(at - 1, 0)) + 1
        if line == 0:
            return first - _length_of_word(text[:first][::-1], 0)
        at = line
    return at


def _reach_on(text: str, at: int) -> int:
    """The end of the last one."""
    at = min(at + _REACH, len(text))
    last = min(at + LONGEST_VALUE, len(text))
    for _ in range(_REACH_IN_LINES):
        line = text.find("\n", at, last) + 1
        if line == 0:
            return last + _length_of_word(text, last)
        at = line
    return at


def _length_of_word(text: str, at: int) -> int:
    word = _WORD.match(text, at)
    return len(word[0]) if word is not None else 0


def _common(one: str, other: str) -> int:
    """The length of two texts' common prefix."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


# --- multi-line keys


def _keys_in(text: str) -> Iterator[Place]:
    """The places of private keys' bodies, in order."""
    if "PRIVATE" in text or "STATIC" in text or "Static key" in text or "SECRET" in text:
        yield from _between_marks(text, [*_MARK.finditer(text)])
    if "Private-Lines:" in text:
        for found in _LINES.finditer(text):
            following = text.find("Private-Lines:", found.end())
            yield from _start_of_key(text, found.end(), following if following > 0 else len(text))


def _between_marks(text: str, marks: list[re.Match[str]]) -> Iterator[Place]:
    if marks and marks[0][1] == "END":
        yield from _end_of_key(text, 0, marks[0].start())
    for mark, following in zip_longest(marks, marks[1:]):
        start, end = mark.end(), following.start() if following else len(text)
        if mark[1] == "BEGIN" and following is not None and following[1] == "END":
            yield start, end
        elif mark[1] == "BEGIN":
            yield from _start_of_key(text, start, end)
        elif following is not None and following[1] == "END":
            yield from _end_of_key(text, start, end)


def _start_of_key(text: str, start: int, end: int) -> Iterator[Place]:
    """What looks like a key after a header, and any long base64 before the next mark."""
    # The rest of the header's line first: a key on one line has ``\n`` instead of line endings.
    at = _line_behind(text, start, end)
    if re.search(r"\w", text[start:at]):
        yield start, at
    for _ in range(_MOST_LINES):
        after = _line_behind(text, at, end)
        if at == end or not _is_as_in_a_key(text[at:after]):
            break
        yield at, after
        at = after
    yield from (found.span() for found in _LONG_BASE64.finditer(text, at, end))


def _end_of_key(text: str, start: int, end: int) -> Iterator[Place]:
    """The same before a footer that has no header, as in a text that starts in mid-key."""
    at, found = end, list[Place]()
    while at > start and len(found) < _MOST_LINES:
        line = max(text.rfind("\n", start, at - 1) + 1, start)
        if not _is_as_in_a_key(text[line:at]):
            break
        found.append((line, at))
        at = line
    if any(_LONG_BASE64.search(text, *place) for place in found):
        yield from reversed(found)


def _line_behind(text: str, at: int, end: int) -> int:
    """The start of the next line."""
    found = text.find("\n", at, end)
    return found + 1 if found >= 0 else end


def _is_as_in_a_key(line: str) -> bool:
    """Is a line blank, a field of the key, or base64 with whatever surrounds it in code?"""
    bare = line.strip().strip(_AROUND)
    if bare.partition(":")[0] in _FIELDS:
        return True
    if (opened := _STRING.match(bare)) is not None:
        bare = bare[opened.end() :]
    return _BASE64.issuperset(bare.replace("\\n", "").replace("\\r", ""))


# --- asterisks


def _starred(text: str, places: Iterable[Place]) -> str:
    """The text with asterisks in these places, except for line endings."""
    parts, done = list[str](), 0
    for start, end in sorted(places):
        if end > done:
            start = max(start, done)
            parts += text[done:start], _stars(text[start:end])
            done = end
    return "".join([*parts, text[done:]]) if parts else text


def _stars(text: str) -> str:
    return "*" * len(text) if text.isalnum() else _STAR.sub("*", text)
