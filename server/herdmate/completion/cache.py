"""Recent completions, so that typing along with one costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from herdmate.completion.confidence import confident
from herdmate.completion.postprocess import Shown
from herdmate.completion.typing_through import behind, what_is_left
from herdmate.completion.unfinished import Unfinished
from herdmate.text import Cursor, with_line_feeds

_MOST = 250
_TYPED_ON = 512
_BEFORE = 1024

Key = tuple[str, str]


class CompletionCache:
    """The last 250 completions, keyed by the text before the cursor, with the text after it."""

    def __init__(self) -> None:
        self._given: OrderedDict[Key, _Entry] = OrderedDict()
        self._asked: Key | None = None
        self._seen: Key | None = None

    def put(self, cursor: Cursor, shown: Shown, cut: Unfinished | None = None) -> None:
        """Store the completion for a cursor; ``cut`` is the answer if the limit cut it off."""
        key = _key(cursor, 0)
        self._given[key] = _Entry(shown, behind(cursor), cut)
        self._given.move_to_end(key)
        if len(self._given) > _MOST:
            self._given.popitem(last=False)

    def note_asked(self, cursor: Cursor) -> bool:
        """Note that the user asks at a cursor; was that where they asked last?"""
        before, self._asked = self._asked, _key(cursor, 0)
        return before == self._asked

    def note_seen(self, cursor: Cursor) -> None:
        """Note that something is shown at a cursor."""
        self._seen = _key(cursor, 0)

    def forget(self, uri: str) -> None:
        """Drop the completions of a closed document."""
        if self._asked is not None and self._asked[0] == uri:
            self._asked = None
        for key in [key for key in self._given if key[0] == uri]:
            del self._given[key]

    def get(self, cursor: Cursor) -> Shown | None:
        """What remains of a completion from up to 512 characters earlier, if it still fits."""
        return left.shown if (left := self._left(cursor)) else None

    def sure(self, cursor: Cursor, level: float) -> Shown | None:
        """The same as far as the model is sure of it, or all of it if the user has asked for it."""
        if (left := self._left(cursor)) is None:
            return None
        level = 0.0 if left.is_asked else level
        return confident(left.shown, level, cursor.document.language, left.is_seen)

    def cut(self, cursor: Cursor) -> Unfinished | None:
        """What remains of the answer behind that completion, if the token limit cut it off."""
        return left.cut if (left := self._left(cursor)) else None

    def _left(self, cursor: Cursor) -> _Left | None:
        is_asked = is_seen = False
        for typed in range(min(_TYPED_ON, cursor.offset) + 1):
            key = _key(cursor, typed)
            is_asked, is_seen = is_asked or key == self._asked, is_seen or key == self._seen
            if (given := self._given.get(key)) is not None:
                begun = Cursor(cursor.document, cursor.offset - typed)
                if left := what_is_left(given.shown, begun, given.stood, cursor):
                    text = cursor.document.text[begun.offset : cursor.offset]
                    cut = given.cut.after(with_line_feeds(text)) if given.cut else None
                    return _Left(left, cut, is_asked, is_seen)
        return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A completion, what stood after it, and its answer if that was cut off."""

    shown: Shown
    stood: str
    cut: Unfinished | None


@dataclass(frozen=True, slots=True)
class _Left:
    """What the user has not typed yet of an entry; did they ask for it, and do they see it?"""

    shown: Shown
    cut: Unfinished | None
    is_asked: bool
    is_seen: bool


def _key(cursor: Cursor, back: int) -> Key:
    at = cursor.offset - back
    return cursor.document.uri, cursor.document.text[max(at - _BEFORE, 0) : at]
