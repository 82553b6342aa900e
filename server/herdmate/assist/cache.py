"""Completions that were given lately, so that typing on into one costs nothing."""

from __future__ import annotations

from collections import OrderedDict

from herdmate.assist.postprocess import Shown
from herdmate.text import Cursor

_MOST = 250
_TYPED_ON = 512
_PREFIX, _SUFFIX = 1024, 256

Key = tuple[str, str, str]


class CompletionCache:
    """The last 250 completions by what stood before and behind the cursor."""

    def __init__(self) -> None:
        self._given: OrderedDict[Key, Shown] = OrderedDict()

    def put(self, cursor: Cursor, shown: Shown) -> None:
        """Remember what was given at a cursor."""
        self._given[_key(cursor, 0)] = shown
        self._given.move_to_end(_key(cursor, 0))
        if len(self._given) > _MOST:
            self._given.popitem(last=False)

    def get(self, cursor: Cursor) -> Shown | None:
        """What is left of a completion given up to 512 characters earlier, if it still agrees."""
        text, end = cursor.document.text, cursor.offset
        for typed in range(min(_TYPED_ON, end) + 1):
            given = self._given.get(_key(cursor, typed))
            if given is None or len(given.text) <= typed:
                continue
            if given.text.startswith(text[end - typed : end]):
                return Shown(given.text[typed:], given.reach)
        return None


def _key(cursor: Cursor, back: int) -> Key:
    document, at = cursor.document, cursor.offset - back
    text = document.text
    before = text[max(at - _PREFIX, 0) : at]
    return document.uri, before, text[cursor.offset : cursor.offset + _SUFFIX]
