"""A model that is named in the settings: whether it can be used, and by which name for good."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil

from herdmate.cli.user_settings import UserSettings, user_settings
from herdmate.cli.wording import in_terminal
from herdmate.errors import HerdmateError, ModelError, NoModelError, UsageError
from herdmate.models.choose import choose, from_here, refuse_unknown
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.roles import AUTO, SAME, for_ghost_text


def named_for_good(key: str, name: str, is_forced: bool) -> tuple[str, str]:
    """What to write for ``model`` or ``completion.model``, and a sentence on what it still lacks.

    A path is made absolute, because the settings apply in every folder. Raises ``ModelError`` for a
    model that nobody knows or that cannot be used, unless it ``is_forced``; one that can be fetched
    may be named before.
    """
    settings = user_settings(os.environ).settings
    if key == "model" and not name:
        raise UsageError("A model needs a name; `herdmate config unset model` goes back to auto.")
    if key == "completion.model" and (name in ("", AUTO, SAME) or settings.completion.remote_url):
        return name, ""  # the model that answers, the best one here, or a name on that server
    free, context = psutil.virtual_memory().available, settings.engine.context_tokens
    name = from_here(name, model_folder())
    try:
        note = choose(name, model_folder(), free, context, in_place()).note
    except HerdmateError as error:
        note = _said(key, str(error))
        if not (is_forced or name == AUTO or isinstance(error, NoModelError)):
            raise ModelError(f"{note} Add --force to write it all the same.") from error
    else:
        note = _said(key, note) if name != AUTO else ""
    if key == "model" and settings.remote.url:
        remote = "The remote server answers as long as remote.url is set."
        note = f"{note} {remote}".strip()
    return name, note


def unknown_models(found: UserSettings) -> Iterator[str]:
    """A sentence for each model in the settings that nobody knows."""
    settings = found.settings
    names = {"model": settings.model}
    if settings.completion.model not in ("", SAME) and not settings.completion.remote_url:
        names["completion.model"] = settings.completion.model
    for key, name in names.items():
        try:
            refuse_unknown(name)
        except ModelError as error:
            said = f"{key}: {error}"
            yield for_ghost_text(said) if key == "completion.model" else said


def _said(key: str, sentence: str) -> str:
    ghost = key == "completion.model"
    return in_terminal(for_ghost_text(sentence) if ghost else sentence, for_good=True)
