"""The two jobs of a model, and what the settings say about each.

``answers`` explains, refactors, fixes, writes tests and chats; ``completion`` writes ghost text.
One model has both roles where the settings name one for both, or where there is none that is better
for one of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal

from herdmate.settings import RemoteSettings, Settings

Role = Literal["answers", "completion"]

ROLES: tuple[Role, ...] = ("answers", "completion")

AUTO = "auto"
"""The model in the settings that stands for the best one on this machine, for either role."""

SAME = "same"
"""The model for ghost text in the settings that stands for the one that answers."""


def is_apart(settings: Settings) -> bool:
    """Do the settings ask for a model, or a remote server, for ghost text alone?

    Where one is to be chosen, it may be the one that answers.
    """
    return bool(_model_for_ghost_text(settings) or settings.completion.remote_url)


def is_open(settings: Settings) -> bool:
    """Is nothing said about ghost text, and the best model to be chosen for each role?"""
    is_silent = not settings.completion.model and not settings.completion.remote_url
    return is_silent and is_apart(settings)


def _model_for_ghost_text(settings: Settings) -> str:
    """The model for ghost text alone; empty if the one that answers writes it."""
    if named := settings.completion.model:
        return "" if named == SAME else named
    return AUTO if settings.model == AUTO and not settings.remote.url else ""


def for_role(settings: Settings, role: Role) -> Settings:
    """The settings with ``model`` and ``remote`` as they are for one role."""
    own = settings.completion
    if role == "answers" or not is_apart(settings):
        return settings
    if own.remote_url:
        fallback = settings.remote.fallback
        name = "" if own.model == SAME else own.model
        remote = RemoteSettings(url=own.remote_url, model=name, fallback=fallback)
        return replace(settings, remote=remote)
    return replace(settings, model=_model_for_ghost_text(settings), remote=RemoteSettings())


def without_remote(settings: Settings, role: Role) -> Settings:
    """The settings with a model on this machine in place of a role's remote server.

    Ghost text is then written as if nothing were said about it, or by the best quick model if the
    one that answers is on another remote server.
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
    "HERDMATE_API_KEY": "HERDMATE_COMPLETION_API_KEY",
}
_NAMED = re.compile(r"herdmate\.(?:remote\.)?(?:model|url)\b|HERDMATE_API_KEY\b")


def for_ghost_text(sentence: str) -> str:
    """A sentence about a model, with the settings and the key of the one for ghost text."""
    return _NAMED.sub(lambda found: _SETTINGS.get(found[0], found[0]), sentence)
