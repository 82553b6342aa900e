"""Prompt lookup: guess the next tokens from the last time the preceding ones occurred.

A draft is evaluated together with the newest token and kept as far as the model agrees, so a wrong
one costs only time. Whether drafting saves time depends on the cost of a batch on this machine,
which is measured, and on how often the lookup has been right so far, which is tracked even while
nothing is drafted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_GRAM = 3
"""Tokens that must match before the lookup answers."""

_LONGEST = 15
_LEAST_GAIN = 1.15
"""The speed-up that drafting must promise, because a batch also delays a cancel."""

_MEMORY = 0.9


class Lookup:
    """The tokens of one generation, prompt and answer, and where each trigram last occurred."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens: list[int] = []
        self._ends: dict[tuple[int, ...], int] = {}
        self._guess: int | None = None
        self.accuracy = 0.5
        """How often the lookup has been right lately, 0 to 1; starts undecided."""
        for token in tokens:
            self._append(token)
        self._guess = next(iter(self.draft(1)), None)

    def follow(self, token: int) -> None:
        """Take the token that the model chose, and record whether it was the expected one."""
        if self._guess is not None:
            self.accuracy = _MEMORY * self.accuracy + (1 - _MEMORY) * (token == self._guess)
        self._append(token)
        self._guess = next(iter(self.draft(1)), None)

    def draft(self, length: int) -> list[int]:
        """Up to ``length`` tokens that followed last time; empty if there was no last time."""
        at = self._ends.get(tuple(self._tokens[-_GRAM:]))
        return [] if at is None else self._tokens[at : at + length]

    def _append(self, token: int) -> None:
        # From now on, the new token is what a lookup of the trigram before it finds.
        if len(self._tokens) >= _GRAM:
            self._ends[tuple(self._tokens[-_GRAM:])] = len(self._tokens)
        self._tokens.append(token)


def draft_length(accuracy: float, step_seconds: Mapping[int, float]) -> int:
    """How many tokens to draft; 0 if a batch would not pay off.

    ``step_seconds`` maps the number of tokens of an evaluation to its measured time.
    """
    alone = step_seconds.get(1)
    if not alone:
        return 0
    best, gain = 0, _LEAST_GAIN
    for count, seconds in step_seconds.items():
        length = count - 1
        if not 0 < length <= _LONGEST:
            continue
        expected = sum(accuracy**at for at in range(count))
        if expected * alone / seconds > gain:
            best, gain = length, expected * alone / seconds
    return best
