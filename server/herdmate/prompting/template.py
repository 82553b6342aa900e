"""Filling in a prompt file's placeholders. Text of the user is never looked at again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herdmate.prompting.library import Action

_PLACEHOLDER = re.compile(r"\$(\$|[a-z_]+)")
_FENCE = re.compile(r"`{3,}")


def render(action: Action, values: Mapping[str, str]) -> tuple[str, str, str]:
    """The system text, the user text and the reply's start of an action.

    ``$fence`` is given by the code itself: as many backticks as nothing in ``values`` has.
    """
    given = {**values, "fence": _fence(values.values())}
    return (
        _fill(action.system, given),
        _fill(action.user, given),
        _fill(action.reply_start, given),
    )


def placeholders(template: str) -> tuple[str, ...]:
    """The names that a template mentions; ``$$`` is a dollar sign."""
    return tuple(name for name in _PLACEHOLDER.findall(template) if name != "$")


def _fill(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(
        lambda match: "$" if match[1] == "$" else values.get(match[1], ""), template
    )


def _fence(texts: Iterable[str]) -> str:
    longest = 2
    for text in texts:
        for run in _FENCE.findall(text):
            longest = max(longest, len(run))
    return "`" * (longest + 1)
