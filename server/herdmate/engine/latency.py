"""How fast the user types and the model reads; hence when to ask and how much context to send.

Asking at every key of a burst produces answers that nobody sees, and with a prompt that takes a
minute to evaluate, the first ghost text appears when the user has long moved on.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

_BURST = 1.0
"""Seconds. A longer gap between two keys is a pause and says nothing about typing speed."""

_READING = 10.0
"""The most seconds that evaluating a whole window should take."""

_TELLING = 64
"""Tokens. Fewer say little about the speed at which long prompts are evaluated."""

_ENOUGH = 512
"""Tokens to measure before judging the speed: a machine that was busy once is not slow."""

_WRITTEN = 8
"""Tokens. A shorter answer says little about how fast the model generates."""

_SHARES = (1.0, 0.75, 0.5, 0.25)


@dataclass(slots=True)
class Latency:
    """Recent measurements; all times in seconds."""

    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=16))
    answers: deque[float] = field(default_factory=lambda: deque(maxlen=8))
    reading: float = 0.0
    """The best prompt tokens per second so far; 0 until known."""
    read: int = 0
    """The number of prompt tokens behind that figure."""
    writing: float = 0.0
    """Tokens per second of the last answer that was long enough to tell; 0 until there is one."""

    def note_key(self, gap: float) -> None:
        """Record the seconds between two keys."""
        if 0 < gap < _BURST:
            self.gaps.append(gap)

    def note_answer(self, seconds: float) -> None:
        """Record how long an answer took."""
        self.answers.append(seconds)

    def note_reading(self, tokens: int, seconds: float) -> None:
        """Record how long the model took to evaluate some tokens of a prompt."""
        if tokens >= _TELLING and seconds > 0:
            self.reading = max(self.reading, tokens / seconds)
            self.read += tokens

    def note_writing(self, tokens: int, seconds: float) -> None:
        """Record how long the model took to generate some tokens."""
        if tokens >= _WRITTEN and seconds > 0:
            self.writing = tokens / seconds


def delay(latency: Latency, least: float, in_word: bool) -> float:
    """Seconds to wait after a key for the next one before asking the model.

    ``least`` if the model answers between two keys, and after all keys that end a word: users look
    up there, and what the model has read by the next key is not lost. Within a word (``in_word``)
    slightly more than the usual gap, so that the model is asked in a pause, but at most a quarter
    of the time that an answer takes.
    """
    if not in_word or len(latency.gaps) < 4 or not latency.answers:
        return least
    key, answer = median(latency.gaps), median(latency.answers)
    return least if answer <= key else max(least, min(1.1 * key, answer / 4))


def share_of_window(latency: Latency, tokens: int) -> float:
    """The share of a window of ``tokens`` that the model evaluates in ten seconds, in steps."""
    if latency.read < _ENOUGH:
        return 1.0
    fit = (share for share in _SHARES if tokens * share <= _READING * latency.reading)
    return next(fit, _SHARES[-1])
