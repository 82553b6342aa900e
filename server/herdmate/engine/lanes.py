"""What the KV cache holds: lanes of tokens, which of them are reused, who makes room for whom.

A *lane* is one sequence of the cache together with the tokens that stand in it. Its name is the
request's (a document, a conversation). What a new prompt has in common with it is not evaluated
again:

- the longest common beginning stays where it is, or is shared with another lane that has more of
  it (all explanations begin alike);
- the suffix of an infill prompt, which stands behind the prefix, is *parked* in the lane's second
  sequence while the changed end of the prefix is evaluated, and then moved to its new place. That
  is approximate: its cells have not seen the change. ``exact`` says how far a lane is not so.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from herdmate.engine.backend import Backend
from herdmate.errors import EngineError

Rank = tuple[int, int]
"""Urgency and order of arrival; lower goes first."""

_LEAST_SHARED = 16
"""Tokens that another lane must have more before they are shared."""

_LEAST_TAIL = 8
"""Tokens that a suffix must have before moving it costs less than evaluating it."""

_MOST_DRIFT = 32
"""Tokens that may change before a suffix until it is evaluated again."""


class Owner(Protocol):
    """Who uses a lane now: a job."""

    rank: Rank
    lane: Lane | None


@dataclass(eq=False, slots=True)
class Lane:
    """The tokens that stand in a sequence from position 0 on.

    ``tail`` is where the suffix of the last prompt stands in ``tokens``; ``parked`` holds a suffix
    that waits for its new place, cells and all, from position ``parked_at`` on in the lane's second
    sequence. ``drift`` counts the tokens that changed since the suffix was evaluated.
    """

    sequence: int
    tokens: list[int] = field(default_factory=list)
    exact: int = 0
    tail: tuple[int, int] = (0, 0)
    parked: list[int] = field(default_factory=list)
    parked_at: int = 0
    drift: int = 0
    used: int = 0
    owner: Owner | None = None

    @property
    def held(self) -> int:
        """Cells that the lane takes."""
        return len(self.tokens) + len(self.parked)


class Lanes:
    """The lanes of one backend, by name."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._clock = itertools.count()
        self.by_name: dict[str, Lane] = {}
        self.has_moved = False
        """Were cells moved whose keys the next evaluation has to turn?"""

    def claim(self, name: str, owner: Owner) -> Lane:
        """The lane of that name for an owner, taken from another if need be, or a new one.

        Raises ``EngineError`` when all are taken by more urgent owners.
        """
        if (lane := self.by_name.get(name)) is None:
            taken = {lane.sequence for lane in self.by_name.values()}
            free = [number for number in range(self._backend.lanes) if number not in taken]
            sequence = free[0] if free else self._evict(owner.rank)
            if sequence is None:
                raise EngineError("The engine has too many requests at once; try again soon.")
            lane = self.by_name[name] = Lane(sequence)
        if lane.owner is not None:
            lane.owner.lane = None
        lane.owner, lane.used = owner, next(self._clock)
        owner.lane = lane
        return lane

    def reuse(
        self, lane: Lane, tokens: Sequence[int], tail: tuple[int, int], may_approximate: bool
    ) -> int:
        """Keep what a lane, or another one, has of ``tokens``; how many need no evaluation.

        At least the last token is evaluated anew, for its logits. ``tail`` is where the suffix
        stands in ``tokens``, empty where it cannot be moved. A part that was parked counts.
        """
        most = len(tokens) - 1
        kept = common_prefix(lane.tokens, tokens, most)
        if not may_approximate:
            kept = min(kept, lane.exact)
        if kept <= tail[0] and may_approximate and self._park(lane, kept, tokens, tail):
            self.cut(lane, kept)
        else:
            self._unpark(lane)
            self.cut(lane, kept)
            self._share(lane, tokens, most)
        parked = len(lane.parked)
        lane.tail = tail
        if kept <= tail[0] and not parked:
            lane.drift = 0
        return len(lane.tokens) + parked

    def attach(self, lane: Lane) -> None:
        """Move a parked suffix to its new place, if all before it is evaluated now."""
        if not lane.parked or len(lane.tokens) != lane.tail[0]:
            return
        spare, (start, end) = self._spare(lane), lane.tail
        self._backend.shift(spare, start - lane.parked_at)
        self._backend.copy(spare, lane.sequence, start, end)
        self._backend.forget(spare, 0)
        lane.tokens += lane.parked
        lane.parked, self.has_moved = [], True

    def extend(self, lane: Lane, tokens: Sequence[int]) -> None:
        """Tokens were evaluated behind those of a lane."""
        if lane.exact == len(lane.tokens):
            lane.exact += len(tokens)
        lane.tokens += tokens

    def cut(self, lane: Lane, length: int) -> None:
        """Forget the tokens of a lane behind the first ``length``."""
        if length < len(lane.tokens):
            self._backend.forget(lane.sequence, length)
            del lane.tokens[length:]
        lane.exact = min(lane.exact, length)

    def fork(self, lane: Lane, name: str, owner: Owner) -> Lane:
        """A lane of another name that shares all cells. Raises ``EngineError`` as ``claim``."""
        other = self.claim(name, owner)
        self._unpark(other)
        self.cut(other, 0)
        self._backend.copy(lane.sequence, other.sequence, 0, len(lane.tokens))
        other.tokens, other.exact, other.tail = list(lane.tokens), lane.exact, lane.tail
        return other

    def drop(self, name: str) -> None:
        """Empty a lane and free its sequence."""
        lane = self.by_name.pop(name)
        if lane.owner is not None:
            lane.owner.lane = None
        self._unpark(lane)
        self.cut(lane, 0)

    def make_room(self, count: int, rank: Rank) -> bool:
        """Free cells until ``count`` more tokens fit, least recently used first; do they fit?"""
        cells = self._backend.info.context
        while sum(lane.held for lane in self.by_name.values()) + count > cells:
            if self._evict(rank) is None:
                return False
        return True

    def _evict(self, rank: Rank) -> int | None:
        """Empty and free the longest unused lane, or else the one whose owner ranks last.

        Only owners behind ``rank`` can lose their lane; they evaluate it again later. Answers the
        freed sequence.
        """
        lanes = self.by_name.items()
        idle = [(lane.used, name) for name, lane in lanes if lane.owner is None]
        behind = [(lane.owner.rank, name) for name, lane in lanes if _is_behind(lane, rank)]  # type: ignore[union-attr]
        if not idle and not behind:
            return None
        name = min(idle)[1] if idle else max(behind)[1]
        sequence = self.by_name[name].sequence
        self.drop(name)
        return sequence

    def _share(self, lane: Lane, tokens: Sequence[int], most: int) -> None:
        """Take over cells of the lane that has more of ``tokens``, if one has."""
        kept, best, source = len(lane.tokens), len(lane.tokens) + _LEAST_SHARED - 1, None
        for other in self.by_name.values():
            length = common_prefix(other.tokens, tokens, min(most, other.exact))
            if other is not lane and length > best:
                best, source = length, other
        if source is not None:
            self._backend.copy(source.sequence, lane.sequence, kept, best)
            self.extend(lane, tokens[kept:best])

    def _park(
        self, lane: Lane, kept: int, tokens: Sequence[int], tail: tuple[int, int]
    ) -> bool:  # fmt: skip
        """Put the suffix of the last prompt aside, if the new one has the same; is it parked?"""
        wanted = list(tokens[tail[0] : tail[1]])
        start, end = lane.tail
        before = len(lane.tokens) if lane.parked else start
        drift = lane.drift + max(tail[0], before) - kept - 1  # the piece before it stays the same
        if len(wanted) < _LEAST_TAIL or drift > _MOST_DRIFT:
            return False
        if not lane.parked:
            if lane.tokens[start:end] != wanted or kept > start or self._is_shared(lane, start):
                return False
            self._backend.copy(lane.sequence, self._spare(lane), start, end)
            lane.parked, lane.parked_at = wanted, start
        elif lane.parked != wanted:
            return False
        lane.drift = drift
        return True

    def _unpark(self, lane: Lane) -> None:
        """Forget a suffix that waits in vain."""
        if lane.parked:
            self._backend.forget(self._spare(lane), 0)
            lane.parked = []

    def _is_shared(self, lane: Lane, start: int) -> bool:
        """May another lane hold the same cells behind ``start``? Moving them would move its own."""
        return any(
            common_prefix(lane.tokens, other.tokens, start + 1) > start
            for other in self.by_name.values()
            if other is not lane
        )

    def _spare(self, lane: Lane) -> int:
        return self._backend.lanes + lane.sequence


def common_prefix(first: Sequence[int], second: Sequence[int], most: int) -> int:
    """How many tokens two sequences begin with in common, ``most`` at most."""
    for index, (one, other) in enumerate(zip(first[:most], second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second), most)


def _is_behind(lane: Lane, rank: Rank) -> bool:
    return lane.owner is not None and lane.owner.rank > rank
