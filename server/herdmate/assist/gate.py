"""No completion breaks a file: what it makes of the code around is parsed before it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from herdmate.assist.place import brackets, unclosed
from herdmate.assist.python_code import row_of_error
from herdmate.context import syntax
from herdmate.text import Cursor, Document, line_end, line_start

LARGEST = 40_000
"""Characters of code around the cursor up to which it is parsed: some 10 milliseconds."""

_NEAR = 3
"""Lines below the cursor in which what is broken was left over from what stood at the cursor."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The code around a cursor that a completion must not break: whole items of the top level.

    ``whole`` is the document, before and behind the cursor, where it is small enough: what is
    broken at the cursor may seem to end the item there. ``is_stub`` is true of Python's ``.pyi``.
    """

    language: str
    before: str
    after: str
    whole: tuple[str, str] | None = None
    is_stub: bool = False

    def errors_with(self, text: str, reach: int = 0) -> int:
        """How many errors the code has with a text at the cursor.

        The text also takes the place of ``reach`` characters behind the cursor.
        """
        return _errors(self.before + text + self.after[reach:], self.language)

    def is_sound_with(self, text: str, reach: int = 0) -> bool:
        """Has the code no error with a text at the cursor?"""
        if not self.errors_with(text, reach):
            return True
        if self.whole is None:
            return False
        return not _errors(self.whole[0] + text + self.whole[1][reach:], self.language)


def gate_at(cursor: Cursor) -> Gate | None:
    """What is around a cursor; ``None`` where nothing can be said about syntax.

    To be asked before the first ``await``: it reads the document's tree.
    """
    document, offset = cursor.document, cursor.offset
    if (tree := syntax.tree_of(document)) is None:
        return None
    text = document.text
    span = syntax.items_around(tree, text, offset)
    if span.end - span.start > LARGEST:
        return None
    is_all = len(text) == span.end - span.start
    whole = None if is_all or len(text) > LARGEST else (text[:offset], text[offset:])
    before, after = text[span.start : offset], text[offset : span.end]
    return Gate(document.language, before, after, whole, _is_stub(document))


def sound_part(text: str, gate: Gate | None, reach: int = 0) -> str:
    """As many whole lines of a completion, from its first, as break nothing; ``""`` for none.

    Rather fewer lines with which the code has no error at all, or lines that close what the user
    has opened in this one. Where the user's own code is unfinished, a text that one can go on from;
    where it is broken elsewhere, as many lines as make it no worse.
    """
    if gate is None or not text:
        return text
    # What reaches over the text behind the cursor does so with all it has.
    parts = [text] if reach else _leading_lines(text)
    if sound := next((part for part in parts if gate.is_sound_with(part, reach)), ""):
        return sound
    now = gate.errors_with("")
    if not now and not _is_in_word(gate):
        return ""
    if _is_broken_elsewhere(gate):
        return next((part for part in parts if gate.errors_with(part, reach) <= now), "")
    return next((mended for part in parts if (mended := _to_go_on_from(part, gate, reach))), "")


def _to_go_on_from(text: str, gate: Gate, reach: int) -> str:
    """The text where something can follow that makes the code right, with closers that it lacks."""
    line = gate.before[line_start(gate.before, len(gate.before)) :] + text
    if unclosed(text.rstrip(" ([{")):
        return ""
    if gate.is_stub and line.lstrip().startswith(("def ", "async def ")):
        for end in (" ...", ": ..."):
            if gate.is_sound_with(text + end, reach):
                return text + end
    closers = _closers(line)
    if closers and line.rstrip()[-1:] not in _GOES_ON and (ended := _ended(text, gate, reach)):
        return ended
    # What begins another item goes, rather than to leave the line broken.
    if (short := text.rstrip(" ,([{")) != text and short and (ended := _ended(short, gate, reach)):
        return ended
    follows = (gate.is_sound_with(text + end, reach) for end in _continuations(line, closers))
    return text if any(follows) else ""


def _ended(text: str, gate: Gate, reach: int) -> str:
    """The text with what closes the brackets of its line, where all is right with that."""
    closers = _closers(gate.before[line_start(gate.before, len(gate.before)) :] + text)
    ends = ("", closers, closers + ";")
    return next((text + end for end in ends if gate.is_sound_with(text + end, reach)), "")


def _continuations(line: str, closers: str) -> Iterator[str]:
    """What may come next, so that the line is whole."""
    if line.rstrip().endswith(":"):
        yield " pass"
    if closers:
        yield closers
        yield closers + ": pass"
        yield closers + ";"
        yield closers + " {}"


def _closers(line: str) -> str:
    """What closes the brackets that a line leaves open, innermost first."""
    waiting: list[str] = []
    for _, char in brackets(line):
        if char in _CLOSING:
            waiting.append(_CLOSING[char])
        elif waiting:
            waiting.pop()
    return "".join(reversed(waiting))


_CLOSING = {"(": ")", "[": "]", "{": "}"}
_GOES_ON = ",([{=+-*/%&|<>:?.\\"


def _is_in_word(gate: Gate) -> bool:
    """Is a word being typed? Half of it may be a name, and the code right by accident."""
    return gate.before[-1:].isalnum() and not gate.after[:1].isalnum()


def _is_broken_elsewhere(gate: Gate) -> bool:
    """Are there errors that the cursor's line has no part in, as far as can be told?"""
    start = line_start(gate.before, len(gate.before))
    end = line_end(gate.after, 0)
    line = gate.before[start:] + gate.after[:end]
    above, below = gate.before[:start], gate.after[end:]
    if not _errors(above + below, gate.language):
        return False
    if gate.language != "python":
        return True
    indent = line[: len(line) - len(line.lstrip())]
    rows = [row_of_error(above + stand_in + below) for stand_in in (indent + "pass", "")]
    here = above.count("\n")
    return all(row is not None and not _is_left_over(below, row - here) for row in rows)


def _is_left_over(below: str, row: int) -> bool:
    """Does a row below the cursor's belong to what stood at the cursor?"""
    lines = below.split("\n")[1 : row + 1]
    return 0 <= row <= _NEAR and all(line[:1].strip() == "" or line[0] in ")]}" for line in lines)


def _leading_lines(text: str) -> list[str]:
    """The text and what is left of it without its last lines, down to the first."""
    parts = []
    while text:
        parts.append(text)
        text = text[: max(text.rfind("\n"), 0)].rstrip()
    return parts


def _errors(code: str, language: str) -> int:
    tree = syntax.parse(code, language)
    count = syntax.error_count(tree) if tree else 0
    return count + (language == "python" and row_of_error(code) is not None)


def _is_stub(document: Document) -> bool:
    return document.language == "python" and document.uri.endswith(".pyi")
