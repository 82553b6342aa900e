"""The two jobs of a model, and what the settings say about each.

``answers`` explains, refactors, fixes, writes tests and chats; ``completion`` writes ghost text.
One model has both roles unless the settings name another for ghost text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from herdmate.settings import RemoteSettings, Settings

Role = Literal["answers", "completion"]

ROLES: tuple[Role, ...] = ("answers", "completion")

AUTO = "auto"
"""The model in the settings that stands for the best one on this machine."""


def is_apart(settings: Settings) -> bool:
    """Do the settings name a model, or a remote server, for ghost text alone?"""
    return bool(settings.completion.model or settings.completion.remote_url)


def for_role(settings: Settings, role: Role) -> Settings:
    """The settings with ``model`` and ``remote`` as they are for one role."""
    own = settings.completion
    if role == "answers" or not is_apart(settings):
        return settings
    if own.remote_url:
        fallback = settings.remote.fallback
        remote = RemoteSettings(url=own.remote_url, model=own.model, fallback=fallback)
        return replace(settings, remote=remote)
    return replace(settings, model=own.model, remote=RemoteSettings())


def without_remote(settings: Settings, role: Role) -> Settings:
    """The settings with a model on this machine in place of a role's remote server.

    Ghost text is then written by the model that answers, unless that is on another remote server.
    """
    if role == "answers" or not is_apart(settings):
        return replace(settings, remote=RemoteSettings())
    local = AUTO if settings.remote.url else ""
    own = replace(settings.completion, remote_url="", model=local)
    return replace(settings, completion=own)


_SETTINGS = {
    "herdmate.model": "herdmate.completion.model",
    "herdmate.remote.model": "herdmate.completion.model",
    "herdmate.remote.url": "herdmate.completion.remoteUrl",
}
_NAMED = re.compile(r"herdmate\.(?:remote\.)?(?:model|url)\b")


def for_ghost_text(sentence: str) -> str:
    """A sentence about a model, with the settings that name one for ghost text."""
    return _NAMED.sub(lambda found: _SETTINGS.get(found[0], found[0]), sentence)
