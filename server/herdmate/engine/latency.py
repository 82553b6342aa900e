"""How fast the user types and the model reads, and what follows: when to ask, and how much to show.

Asking at each key of a burst brings answers that nobody sees, and a prompt that takes a minute to
read brings the first ghost text after the user's next thought.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

_BURST = 1.0
"""Seconds. A longer gap between two keys is a pause, which says nothing of the rhythm."""

_READING = 10.0
"""Seconds that the model may need to read a whole window."""

_TELLING = 64
"""Tokens. Fewer than these say little of the speed at which long prompts are read."""

_ENOUGH = 512
"""Tokens. A machine that was busy just once is not slow."""

_WRITTEN = 8
"""Tokens. A shorter answer says little of how fast the model writes."""

_SHARES = (1.0, 0.75, 0.5, 0.25)


@dataclass(slots=True)
class Latency:
    """What was measured lately; all times in seconds."""

    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=16))
    answers: deque[float] = field(default_factory=lambda: deque(maxlen=8))
    reading: float = 0.0
    """Prompt tokens a second, the best so far; 0 as long as it is not known."""
    read: int = 0
    """Prompt tokens by which that is judged."""
    writing: float = 0.0
    """Tokens a second of the last answer that was long enough to tell; 0 as long as none was."""

    def note_key(self, gap: float) -> None:
        """A key was pressed so long after the one before."""
        if 0 < gap < _BURST:
            self.gaps.append(gap)

    def note_answer(self, seconds: float) -> None:
        """The model's answer took so long."""
        self.answers.append(seconds)

    def note_reading(self, tokens: int, seconds: float) -> None:
        """The model read so many tokens of a prompt in so long."""
        if tokens >= _TELLING and seconds > 0:
            self.reading = max(self.reading, tokens / seconds)
            self.read += tokens

    def note_writing(self, tokens: int, seconds: float) -> None:
        """The model wrote so many tokens in so long."""
        if tokens >= _WRITTEN and seconds > 0:
            self.writing = tokens / seconds


def delay(latency: Latency, least: float) -> float:
    """Seconds to wait behind a key for the next one, before the model is asked.

    Where it answers between two keys, ``least``. Else a little longer than from key to key, so that
    it is asked in a pause, but never for more than a quarter of what its answer takes.
    """
    if len(latency.gaps) < 4 or not latency.answers:
        return least
    key, answer = median(latency.gaps), median(latency.answers)
    return least if answer <= key else max(least, min(1.1 * key, answer / 4))


def share_of_window(latency: Latency, tokens: int) -> float:
    """Which part of a window of so many tokens the model reads within ten seconds, in quarters."""
    if latency.read < _ENOUGH:
        return 1.0
    fit = (share for share in _SHARES if tokens * share <= _READING * latency.reading)
    return next(fit, _SHARES[-1])
