"""Recent completions, so that typing along with one costs nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

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
        self._asked: _Place | None = None
        self._seen: _Place | None = None

    def put(self, cursor: Cursor, shown: Shown, cut: Unfinished | None = None) -> None:
        """Store the completion for a cursor; ``cut`` is the answer if the limit cut it off."""
        key = _key(cursor, 0)
        self._given[key] = _Entry(shown, behind(cursor), cut)
        self._given.move_to_end(key)
        if len(self._given) > _MOST:
            self._given.popitem(last=False)

    def note_asked(self, cursor: Cursor) -> bool:
        """Note that the user asks at a cursor; was that where they asked last?"""
        before, self._asked = self._asked, _Place(_key(cursor, 0), cursor.offset, _TYPED_ON)
        return before is not None and before.key == self._asked.key

    def note_seen(self, cursor: Cursor, text: str) -> None:
        """Note which text is shown at a cursor."""
        self._seen = _Place(_key(cursor, 0), cursor.offset, len(text))

    def is_seen(self, cursor: Cursor, begun: int) -> bool:
        """Does the user still see a part of what was shown behind the offset ``begun``, because
        they have only typed along with it?"""
        return _reaches(self._seen, cursor, begun)

    def forget_seen(self, is_asked: bool) -> None:
        """Forget what is shown, as another answer begins; and, unless the user asks for that one
        (``is_asked``), that they asked for the last one."""
        self._seen = None
        if self._asked is not None and not is_asked:
            self._asked = replace(self._asked, length=0)

    def forget(self, uri: str) -> None:
        """Drop the completions of a closed document."""
        if self._asked is not None and self._asked.key[0] == uri:
            self._asked = None
        if self._seen is not None and self._seen.key[0] == uri:
            self._seen = None
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
        for typed in range(min(_TYPED_ON, cursor.offset) + 1):
            if (given := self._given.get(_key(cursor, typed))) is not None:
                at = cursor.offset - typed
                begun = Cursor(cursor.document, at)
                if left := what_is_left(given.shown, begun, given.stood, cursor):
                    text = with_line_feeds(cursor.document.text[at : cursor.offset])
                    cut = given.cut.after(text) if given.cut else None
                    is_asked = _reaches(self._asked, cursor, at)
                    return _Left(left, cut, is_asked, self.is_seen(cursor, at))
        return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A completion, what stood after it, and its answer if that was cut off."""

    shown: Shown
    stood: str
    cut: Unfinished | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something was asked for or shown, and over how many characters behind it that holds."""

    key: Key
    offset: int
    length: int


def _reaches(place: _Place | None, cursor: Cursor, begun: int) -> bool:
    """Is the cursor within ``length`` of a place, the text before it unchanged since?"""
    if place is None or place.offset < begun:
        return False
    typed = cursor.offset - place.offset
    return 0 <= typed < place.length and _key(cursor, typed) == place.key


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
