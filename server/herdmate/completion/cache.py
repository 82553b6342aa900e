"""Recent completions, so that typing along with one costs nothing."""

from __future__ import annotations

from collections import OrderedDict

from herdmate.completion.postprocess import Shown
from herdmate.completion.typing_through import behind, what_is_left
from herdmate.text import Cursor

_MOST = 250
_TYPED_ON = 512
_BEFORE = 1024

Key = tuple[str, str]


class CompletionCache:
    """The last 250 completions, keyed by the text before the cursor, with the text after it."""

    def __init__(self) -> None:
        self._given: OrderedDict[Key, tuple[Shown, str]] = OrderedDict()

    def put(self, cursor: Cursor, shown: Shown) -> None:
        """Store the completion for a cursor."""
        key = _key(cursor, 0)
        self._given[key] = shown, behind(cursor)
        self._given.move_to_end(key)
        if len(self._given) > _MOST:
            self._given.popitem(last=False)

    def forget(self, uri: str) -> None:
        """Drop the completions of a closed document."""
        for key in [key for key in self._given if key[0] == uri]:
            del self._given[key]

    def get(self, cursor: Cursor) -> Shown | None:
        """What remains of a completion from up to 512 characters earlier, if it still fits."""
        for typed in range(min(_TYPED_ON, cursor.offset) + 1):
            if (given := self._given.get(_key(cursor, typed))) is not None:
                shown, stood = given
                begun = Cursor(cursor.document, cursor.offset - typed)
                if left := what_is_left(shown, begun, stood, cursor):
                    return left
        return None


def _key(cursor: Cursor, back: int) -> Key:
    at = cursor.offset - back
    return cursor.document.uri, cursor.document.text[max(at - _BEFORE, 0) : at]
