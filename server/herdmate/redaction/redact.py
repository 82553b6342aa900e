"""Stars in the place of keys, tokens and passwords: no text goes into a prompt but through here.

**Invariant:** a redacted text is as long as before, with its line ends where they were, so that
places in one are places in the other. The work grows with the text and with nothing else.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from itertools import zip_longest

from herdmate.redaction.shapes import Place, hidden_in

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
"""What may stand around a line of a key, in code and comments."""

_STAR = re.compile(r"[^\r\n]")
_MOST_LINES = 2000
"""Lines of a key: some hundred, in truth."""

_MOST_KEPT = 32


def redacted(text: str) -> str:
    """The text with stars in the place of secrets.

    Of a key without an end, as in code that looks for one, that is what looks like a key.
    """
    return _starred(_starred(text, hidden_in(text)), _keys_in(text))


def holds_a_key(text: str) -> bool:
    """Is there a private key of several lines in a text?"""
    return any(text[start:end].strip("*\r\n ") for start, end in _keys_in(text))


class Redactions:
    """Redacts texts that are asked for again and again, each time a little different.

    Only what has changed since is looked at anew, so that a key typed in a long file is as cheap as
    in a short one. The last few texts are kept.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[str, str]] = OrderedDict()

    def of(self, name: Hashable, text: str) -> str:
        """The same as ``redacted(text)``; ``name`` tells of what text it is a version."""
        known = self._known.pop(name, None)
        lines = _again(text, *known) if known is not None else _starred(text, hidden_in(text))
        self._known[name] = text, lines
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return _starred(lines, _keys_in(text))

    def forget(self, name: Hashable) -> None:
        """It is not asked for any more."""
        self._known.pop(name, None)


# --- what has changed

_SEEN, _TAKEN = 8192, 4096
"""Characters around a change that are looked at, and those whose stars are taken from that."""


def _again(text: str, old: str, old_hidden: str) -> str:
    """What ``hidden_in`` leaves of a text, from what it left of an older one."""
    if text == old:
        return old_hidden
    head = _common(text, old)
    tail = min(_common(text[::-1], old[::-1]), min(len(text), len(old)) - head)
    low, high = max(head - _SEEN, 0), len(text) - max(tail - _SEEN, 0)
    gone = len(old) - len(text)
    edges = (low, high - 1 + gone)
    if any(0 < at < len(old) - 1 and old[at] != old_hidden[at] for at in edges):
        return _starred(text, hidden_in(text))  # a secret that is very long
    seen = _starred(text[low:high], hidden_in(text[low:high]))
    start, end = max(head - _TAKEN, 0), len(text) - max(tail - _TAKEN, 0)
    return old_hidden[:start] + seen[start - low : end - low] + old_hidden[end + gone :]


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


# --- keys of several lines


def _keys_in(text: str) -> Iterator[Place]:
    """Where the bodies of private keys stand, in their order."""
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
    """What looks like a key behind a header, and long base64 anywhere up to the next one."""
    # The rest of the header's line first: a key in one line has ``\n`` in the place of line ends.
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
    """The same before a footer without a header, where a text begins in the middle of a key."""
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
    """Where the next line begins."""
    found = text.find("\n", at, end)
    return found + 1 if found >= 0 else end


def _is_as_in_a_key(line: str) -> bool:
    """Is it base64 with what may stand around that in code, blank, or a field of the key's own?"""
    bare = line.strip().strip(_AROUND)
    if bare.partition(":")[0] in _FIELDS:
        return True
    if (opened := _STRING.match(bare)) is not None:
        bare = bare[opened.end() :]
    return _BASE64.issuperset(bare.replace("\\n", "").replace("\\r", ""))


# --- stars


def _starred(text: str, places: Iterable[Place]) -> str:
    """The text with stars in these places, but for line ends."""
    parts, done = list[str](), 0
    for start, end in sorted(places):
        if end > done:
            start = max(start, done)
            parts += text[done:start], _stars(text[start:end])
            done = end
    return "".join([*parts, text[done:]]) if parts else text


def _stars(text: str) -> str:
    return "*" * len(text) if text.isalnum() else _STAR.sub("*", text)
