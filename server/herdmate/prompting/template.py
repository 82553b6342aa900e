"""Filling in a prompt file's placeholders. Placeholders in the user's text stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herdmate.prompting.library import Action

_PLACEHOLDER = re.compile(r"\$(?:(\$)|([a-z_]+)|\{(\w*)\})")
_ALWAYS = {"fence", "language", "language_name", "path"}
_FENCE = re.compile(r"`{3,}")
_FENCE_LINE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*(.*)$", re.MULTILINE)


def render(
    action: Action, values: Mapping[str, str], shortest_fence: int = 3
) -> tuple[str, str, str]:
    """An action's system text, user text and start of the reply.

    ``$fence`` is computed here: more backticks in a row than anything in ``values`` has, and at
    least ``shortest_fence``. A paragraph of ``user`` is dropped if all it mentions, besides fence,
    language and path, is empty.
    """
    given = {**values, "fence": fence_around(values.values(), shortest_fence)}
    paragraphs = action.user.strip("\n").split("\n\n")
    user = "\n\n".join(part for part in paragraphs if _has_something(part, values))
    return (
        fill(action.system, given),
        fill(user, given),
        fill(action.reply_start, given),
    )


def placeholders(template: str) -> tuple[str, ...]:
    """The names that a template mentions as ``$name`` or ``${name}``; ``$$`` is a dollar sign."""
    found = _PLACEHOLDER.finditer(template)
    return tuple(match[2] or match[3] or "" for match in found if not match[1])


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its placeholders filled in; those without a value become empty."""
    return _PLACEHOLDER.sub(
        lambda match: match[1] or values.get(match[2] or match[3] or "", ""), template
    )


def _has_something(paragraph: str, values: Mapping[str, str]) -> bool:
    names = set(placeholders(paragraph)) - _ALWAYS
    return not names or any(values.get(name, "").strip() for name in names)


def fence_around(texts: Iterable[str], shortest: int = 3) -> str:
    """Backticks that no text closes: one more than any has in a row, at least ``shortest``."""
    longest = shortest - 1
    for text in texts:
        for run in _FENCE.findall(text):
            longest = max(longest, len(run))
    return "`" * (longest + 1)


def open_fence(text: str, fence: str = "") -> str:
    """The fence that is open after Markdown, if any; ``fence`` is the one open before it."""
    for mark, rest in _FENCE_LINE.findall(text):
        if not fence:
            fence = "" if "`" in mark and "`" in rest else mark
        elif mark.startswith(fence) and not rest.strip():
            fence = ""
    return fence
