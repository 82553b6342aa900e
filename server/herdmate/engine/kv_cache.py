"""What the KV cache holds: lanes of tokens, how they are reused, and which are evicted.

A *lane* is one sequence of the cache together with its tokens. Its name is the request's (a
document, a conversation). Whatever a new prompt has in common with it is not evaluated again:

- the longest common prefix stays in place, or is shared from another lane that has more of it (all
  explanations begin alike);
- the suffix of an infill prompt, which follows the prefix, is *parked* in the lane's second
  sequence while the changed end of the prefix is evaluated, and then moved to its new place; as
  much of it as was evaluated and is still there, also where its first tokens changed (an editor
  closed a bracket) or its end did. That is approximate: its cells have not seen the change.
  ``exact`` is the length of a lane's prefix that no move has affected.

Models with a running state (recurrent and hybrid ones) cannot drop the end of a sequence. Their
state is saved at the places to which an edit probably leads back, and a lane is cut to the last of
these that the new prompt has too (``saved_states``).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from herdmate.engine.backend import Backend
from herdmate.engine.saved_states import SavedStates
from herdmate.errors import EngineError

Rank = tuple[int, int]
"""Urgency and order of arrival; lower goes first."""

_LEAST_SHARED = 16
"""How many more matching tokens another lane must have before they are shared."""

_LEAST_TAIL = 8
"""The shortest suffix, in tokens, that is cheaper to move than to evaluate."""

_MOST_DRIFT = 32
"""How many tokens before a suffix may change before it must be evaluated again."""

_MOST_NEW = 3
"""How many of a suffix's first tokens can change; an auto-closed bracket is one or two."""


class Owner(Protocol):
    """The job that is using a lane."""

    rank: Rank
    lane: Lane | None


@dataclass(eq=False, slots=True)
class Lane:
    """The tokens that a sequence holds from position 0.

    ``tail`` is the range of the last prompt's suffix in ``tokens``; ``parked`` is a suffix waiting
    to be moved from position ``parked_at`` of the lane's second sequence to ``parked_to`` of its
    first. ``drift`` counts the tokens that have changed since the suffix was evaluated.
    """

    sequence: int
    tokens: list[int] = field(default_factory=list)
    exact: int = 0
    tail: tuple[int, int] = (0, 0)
    parked: list[int] = field(default_factory=list)
    parked_at: int = 0
    parked_to: int = 0
    drift: int = 0
    used: int = 0
    owner: Owner | None = None

    @property
    def held(self) -> int:
        """The number of cells that the lane occupies."""
        return len(self.tokens) + len(self.parked)


class Lanes:
    """The lanes of one backend, by name."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._clock = itertools.count()
        self._states = SavedStates()
        self.by_name: dict[str, Lane] = {}
        self.has_moved = False
        """Have cells been moved whose keys the next evaluation must rotate?"""

    def claim(self, name: str, owner: Owner) -> Lane:
        """The lane of that name, taken from its owner if need be, or a new one.

        Raises ``EngineError`` if more urgent owners hold all lanes.
        """
        if (lane := self.by_name.get(name)) is None:
            taken = {lane.sequence for lane in self.by_name.values()}
            free = [number for number in range(self._backend.lanes) if number not in taken]
            sequence = free[0] if free else self._evict(owner.rank)
            if sequence is None:
                raise EngineError(
                    "The engine has too many requests at once; try again in a moment."
                )
            lane = self.by_name[name] = Lane(sequence)
        if lane.owner is not None:
            lane.owner.lane = None
        lane.owner, lane.used = owner, next(self._clock)
        owner.lane = lane
        return lane

    def reuse(
        self, lane: Lane, tokens: Sequence[int], tail: tuple[int, int], may_approximate: bool
    ) -> int:
        """Keep what this or another lane has of ``tokens``; return how many need no evaluation.

        The last token is always evaluated, for its logits. ``tail`` is the suffix's range in
        ``tokens``, empty if it cannot be moved. Parked tokens count as kept.
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
        """Move a parked suffix to its new place once everything before it is evaluated."""
        start = lane.parked_to
        if not lane.parked or len(lane.tokens) != start:
            return
        spare = self._spare(lane)
        self._backend.shift(spare, start - lane.parked_at)
        self._backend.copy(spare, lane.sequence, start, start + len(lane.parked))
        self._backend.forget(spare, 0)
        lane.tokens += lane.parked
        lane.parked, self.has_moved = [], True

    def extend(self, lane: Lane, tokens: Sequence[int]) -> None:
        """Record that tokens were evaluated at the end of a lane."""
        if lane.exact == len(lane.tokens):
            lane.exact += len(tokens)
        lane.tokens += tokens

    def cut(self, lane: Lane, length: int) -> None:
        """Forget all but the first ``length`` tokens of a lane; more if it cannot go back there."""
        if length < len(lane.tokens):
            self._shorten(lane, length)
        lane.exact = min(lane.exact, len(lane.tokens))

    def save(self, lane: Lane) -> None:
        """Save a lane's running state, to which it can later be cut."""
        self._states.keep(lane.sequence, len(lane.tokens), self._backend.save(lane.sequence))

    def recover(self, lane: Lane) -> None:
        """Drop what an evaluation that failed has left behind a lane's tokens, or has spoilt."""
        self._shorten(lane, len(lane.tokens))
        lane.exact = min(lane.exact, len(lane.tokens))

    def _shorten(self, lane: Lane, length: int) -> None:
        """Drop all after ``length`` tokens, or after the last saved state before that."""
        if not self._backend.forget(lane.sequence, length):
            length = self._rewound(lane.sequence, length)
        self._states.drop(lane.sequence, after=length)
        del lane.tokens[length:]

    def _rewound(self, sequence: int, length: int) -> int:
        """Take a sequence back to a saved state; the length that it then has."""
        for at, state in self._states.before(sequence, length):
            if self._backend.restore(sequence, state) and self._backend.forget(sequence, at):
                return at
        self._backend.forget(sequence, 0)
        return 0

    def fork(self, lane: Lane, name: str, owner: Owner) -> Lane:
        """A lane of another name that shares all cells. Raises ``EngineError`` like ``claim``."""
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
        """Evict lanes, least recently used first, until ``count`` more tokens fit.

        Returns whether they do.
        """
        cells = self._backend.info.context
        while sum(lane.held for lane in self.by_name.values()) + count > cells:
            if self._evict(rank) is None:
                return False
        return True

    def _evict(self, rank: Rank) -> int | None:
        """Free the least recently used idle lane, or else the one whose owner ranks last.

        Only owners that rank after ``rank`` can lose their lane; they evaluate it again later.
        Returns the freed sequence, ``None`` if there is none to free.
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
        """Share the cells of a lane that has more of ``tokens``, if there is one."""
        kept, best, source = len(lane.tokens), len(lane.tokens) + _LEAST_SHARED - 1, None
        for other in self.by_name.values():
            length = common_prefix(other.tokens, tokens, min(most, other.exact))
            can_share = self._backend.rewinds or length == len(other.tokens)
            if other is not lane and length > best and can_share:
                best, source = length, other
        if source is not None:
            self._backend.copy(source.sequence, lane.sequence, kept, best)
            self.extend(lane, tokens[kept:best])

    def _park(
        self, lane: Lane, kept: int, tokens: Sequence[int], tail: tuple[int, int]
    ) -> bool:  # fmt: skip
        """Park what the new prompt's suffix shares with the last one's; return whether any is."""
        wanted, (start, end) = tokens[tail[0] : tail[1]], lane.tail
        at = lane.parked_at if lane.parked else start
        old = lane.parked or lane.tokens[start:end]
        skipped, new, count = _in_common(old, wanted)
        before = len(lane.tokens) if lane.parked else start
        drift = lane.drift + max(tail[0], before) - kept - 1  # the piece before it stays the same
        drift += max(skipped, new)
        if count < _LEAST_TAIL or drift > _MOST_DRIFT:
            return False
        spare = self._spare(lane)
        if not lane.parked:
            if kept > start or self._is_shared(lane, start):
                return False
            self._backend.copy(lane.sequence, spare, at + skipped, at + skipped + count)
        else:
            self._backend.forget(spare, at + skipped + count)
            self._backend.forget(spare, 0, at + skipped)
        lane.parked, lane.parked_at = list(old[skipped : skipped + count]), at + skipped
        lane.parked_to, lane.drift = tail[0] + new, drift
        return True

    def _unpark(self, lane: Lane) -> None:
        """Discard a parked suffix."""
        if lane.parked:
            self._backend.forget(self._spare(lane), 0)
            lane.parked = []

    def _is_shared(self, lane: Lane, start: int) -> bool:
        """Can another lane share the cells after ``start``? Moving them would move its own."""
        return any(
            common_prefix(lane.tokens, other.tokens, start + 1) > start
            for other in self.by_name.values()
            if other is not lane
        )

    def _spare(self, lane: Lane) -> int:
        return self._backend.lanes + lane.sequence


def _in_common(old: Sequence[int], new: Sequence[int]) -> tuple[int, int, int]:
    """The longest run that two suffixes share near their starts: its place in each, its length."""
    places = ((one, other) for one in range(_MOST_NEW + 1) for other in range(_MOST_NEW + 1))
    runs = ((common_prefix(old[one:], new[other:], len(old)), one, other) for one, other in places)
    count, one, other = max(runs, key=lambda run: (run[0], -run[1] - run[2]))
    return one, other, count


def common_prefix(first: Sequence[int], second: Sequence[int], most: int) -> int:
    """The length of two sequences' common prefix, at most ``most``."""
    for index, (one, other) in enumerate(zip(first[:most], second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second), most)


def _is_behind(lane: Lane, rank: Rank) -> bool:
    return lane.owner is not None and lane.owner.rank > rank
