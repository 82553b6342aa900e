"""Running states of sequences, saved so that a lane can go back to them."""

from __future__ import annotations

from collections.abc import Iterator

_MOST_STATES = 6
"""Per sequence."""

_MOST_BYTES = 256 << 20
"""For all of them; a state of a 3B model has 20 MB, one of a 30B 80 MB."""


class SavedStates:
    """The states of each sequence by the number of tokens after which they were saved."""

    def __init__(self) -> None:
        self._states: dict[tuple[int, int], bytes] = {}

    def keep(self, sequence: int, length: int, state: bytes) -> None:
        """Keep a state; the oldest ones go if there are too many."""
        self._states.pop((sequence, length), None)
        if not state or len(state) > _MOST_BYTES:
            return
        self._states[sequence, length] = state
        own = [key for key in self._states if key[0] == sequence]
        for key in own[:-_MOST_STATES]:
            del self._states[key]
        while sum(map(len, self._states.values())) > _MOST_BYTES:
            del self._states[next(iter(self._states))]

    def before(self, sequence: int, length: int) -> Iterator[tuple[int, bytes]]:
        """A sequence's states after at most ``length`` tokens, longest first; they count as new."""
        found = sorted((at for own, at in self._states if own == sequence and at <= length))
        for at in reversed(found):
            state = self._states.pop((sequence, at))
            self._states[sequence, at] = state
            yield at, state

    def drop(self, sequence: int, after: int) -> None:
        """Forget a sequence's states after more than ``after`` tokens."""
        for key in [key for key in self._states if key[0] == sequence and key[1] > after]:
            del self._states[key]
