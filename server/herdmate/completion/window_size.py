"""How much of the file the model is shown, as the settings, its context and its speed allow."""

from __future__ import annotations

from herdmate.engine.latency import Latency, share_of_window
from herdmate.generation import ModelInfo
from herdmate.settings import CompletionSettings, Settings

_MARGIN_TOKENS = 16
"""Room for control tokens, and for lines that cost more tokens joined than counted one by one."""


def budget(info: ModelInfo, settings: CompletionSettings, latency: Latency) -> tuple[int, int]:
    """Tokens for prefix and suffix: as configured, or scaled down to what fits the context and can
    be read in time."""
    wished = settings.prefix_tokens + settings.suffix_tokens
    share = min(1.0, _share_that_fits(info, settings), share_of_window(latency, wished))
    return int(settings.prefix_tokens * share), int(settings.suffix_tokens * share)


def why_smaller(info: ModelInfo, settings: Settings, latency: Latency) -> str:
    """Why the model sees less than the settings ask for; ``""`` if it does not."""
    wished = settings.completion
    before, after = budget(info, wished, latency)
    if (before, after) == (wished.prefix_tokens, wished.suffix_tokens):
        return ""
    read = share_of_window(latency, wished.prefix_tokens + wished.suffix_tokens)
    if read < _share_that_fits(info, wished):
        reason = f"The model reads only {latency.reading:.0f} tokens per second"
    elif 0 < settings.engine.context_tokens <= info.context:
        reason = f"herdmate.engine.contextTokens is {settings.engine.context_tokens}"
    else:
        reason = f"This model's context holds only {info.context} tokens"
    return (
        f"{reason}, so the model is shown {before} tokens before the cursor and {after} after it "
        f"instead of {wished.prefix_tokens} and {wished.suffix_tokens}."
    )


def _share_that_fits(info: ModelInfo, settings: CompletionSettings) -> float:
    """The share of the configured window that fits the context; 1 or more if all of it does."""
    wished = settings.prefix_tokens + settings.suffix_tokens
    return room_for_prompt(info, settings) / max(wished, 1)


def room_for_prompt(info: ModelInfo, settings: CompletionSettings) -> int:
    """The tokens of a prompt that fit the context."""
    return max(info.context - min(settings.max_tokens, info.context // 2) - _MARGIN_TOKENS, 0)
