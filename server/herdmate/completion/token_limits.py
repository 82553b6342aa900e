"""How many tokens a completion may have."""

from __future__ import annotations

from herdmate.engine.latency import Latency
from herdmate.settings import CompletionSettings

_TIMES, _MOST = 6, 4096
"""By how much an explicit request multiplies the limit of the settings, and the highest limit."""

_SECONDS = 15.0
"""How long a block may go on in the background after its first lines are shown."""


def most_if_asked(settings: CompletionSettings) -> int:
    """The tokens of a completion that the user asked for: it may be a long block."""
    return max(settings.max_tokens, min(settings.max_tokens * _TIMES, _MOST))


def most_while_typing(settings: CompletionSettings, latency: Latency) -> int:
    """The tokens of a completion whose first lines are shown while the rest is written.

    As many as for an explicit request, if the model writes them in 15 seconds. Without a time box
    nothing is shown before the end, so the limit of the settings holds.
    """
    if not settings.time_box:
        return settings.max_tokens
    most = most_if_asked(settings)
    in_time = int(latency.writing * _SECONDS) if latency.writing else most
    return max(settings.max_tokens, min(most, in_time))
