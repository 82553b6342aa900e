"""How many errors code has with a completion in it, limiting how much is parsed."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.context import syntax
from herdmate.context.python_code import row_of_error

_MOST_PARSED = 60_000
"""The most characters parsed for one completion, however many ways there are to repair it."""

_MOST_PARSED_IF_ASKED = 400_000
"""The same if the user asked for the completion: a few tenths of a second."""


@dataclass(frozen=True, slots=True)
class SyntaxCheck:
    """The code around a cursor that a completion must not break: whole top-level items.

    ``whole`` is the document before and after the cursor, if it is small enough: broken code at the
    cursor can make the item seem to end there. ``is_stub`` is true for Python's ``.pyi`` files.
    ``is_asked``: the user asked for the completion, so one that makes nothing worse is shown too.
    ``is_misread``: the grammar sees errors in other parts of the file.
    """

    language: str
    before: str
    after: str
    whole: tuple[str, str] | None = None
    is_stub: bool = False
    is_asked: bool = False
    is_misread: bool = False

    def errors_with(self, text: str, reach: int = 0) -> int:
        """How many errors the code has with ``text`` at the cursor.

        ``text`` also replaces ``reach`` characters after the cursor.
        """
        return errors_in(self.before + text + self.after[reach:], self.language)

    def is_sound_with(self, text: str, reach: int = 0) -> bool:
        """Is the code free of errors with ``text`` at the cursor?"""
        if is_sound(self.before + text + self.after[reach:], self.language):
            return True
        if self.whole is None:
            return False
        return is_sound(self.whole[0] + text + self.whole[1][reach:], self.language)


class TooMuchCode(Exception):
    """More code than can be parsed between two keystrokes, or code that cannot be parsed at all."""


@dataclass(slots=True)
class Judge:
    """Asks a check until too much code has been parsed; ``times`` as much as usual."""

    check: SyntaxCheck
    reach: int
    times: int = 1
    parsed: int = 0

    def affordable(self, text: str) -> int:
        """How many texts as long as this one can be judged."""
        return self._most() // max(self._cost(text), 1)

    def is_sound(self, text: str, more: int = 0) -> bool:
        """See ``SyntaxCheck.is_sound_with``; the text replaces ``more`` characters than usual."""
        self._spend(text)
        return self.check.is_sound_with(text, self.reach + more)

    def errors(self, text: str) -> int:
        """See ``SyntaxCheck.errors_with``."""
        self._spend(text)
        return self.check.errors_with(text, self.reach)

    def _spend(self, text: str) -> None:
        if self.parsed > self._most():
            raise TooMuchCode
        self.parsed += self._cost(text)

    def _most(self) -> int:
        return self.times * (_MOST_PARSED_IF_ASKED if self.check.is_asked else _MOST_PARSED)

    def _cost(self, text: str) -> int:
        whole = (*self.check.whole, text) if self.check.whole is not None else ()
        return sum(map(len, (self.check.before, text, self.check.after, *whole)))


def is_sound(code: str, language: str) -> bool:
    """Is code free of errors? For Python, Python itself decides."""
    if language == "python":
        return row_of_error(code) is None
    return not _counted(code, language)


def errors_in(code: str, language: str) -> int:
    """The number of errors in code; for Python, one more if Python itself rejects it."""
    return _counted(code, language) + (language == "python" and row_of_error(code) is not None)


def _counted(code: str, language: str) -> int:
    """The number of errors in code. Only languages with a grammar have a check."""
    if (count := syntax.errors_in(code, language)) is None:
        raise TooMuchCode  # or code that the grammar cannot cope with
    return count
