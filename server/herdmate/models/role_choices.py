"""Which model each role gets: looked up together, as both need memory and may be the same file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from herdmate.engine.host import EngineStart
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.start import LlamaStart
from herdmate.errors import HerdmateError
from herdmate.models.choose import Loaded, is_same_file
from herdmate.models.start import first_message, remote_start
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.roles import AUTO, Role, for_ghost_text, is_apart, is_open
from herdmate.settings import Settings


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What the settings ask for, looked up once: how to start it, and a note for the user.

    ``fits``: there is enough memory for it; otherwise ``note`` says what is missing. ``needs``: the
    bytes of this machine's memory that it takes. ``sleep_after``: seconds without requests after
    which it is unloaded, 0 for never.
    """

    start: EngineStart
    note: str = ""
    fits: bool = True
    needs: int = 0
    sleep_after: float = 0.0


ChooseEngine = Callable[[Settings, Role, int, EngineChoice | None], EngineChoice]
"""Looks up what the settings ask for in a role.

The number is how many bytes of memory will be freed before it is loaded, the choice that of the
other role, which takes some. Raises ``HerdmateError``.
"""


Looked = EngineChoice | HerdmateError
"""What to start, or why nothing can be."""


@dataclass(frozen=True, slots=True)
class RoleChoices:
    """``completion`` is ``None`` if the model that answers writes ghost text too.

    ``reason``: why it does, if the settings name another.
    """

    answers: Looked
    completion: Looked | None = None
    reason: str = ""


def look_up(choose: ChooseEngine, settings: Settings, held: int) -> RoleChoices:
    """The models for both roles; reads the disks.

    ``held``: bytes of memory that will be freed before they are loaded. A model that is named comes
    before one that ``auto`` chooses to fit beside it. Where a model for ghost text is not there or
    does not fit beside the one that answers, that one does both. A note says why, unless nothing is
    said about ghost text.
    """
    if not is_apart(settings):
        return RoleChoices(_tried(choose, settings, "answers", held))
    if settings.model == AUTO and not settings.remote.url:
        completion = _tried(choose, settings, "completion", held)
        answers = _tried(choose, settings, "answers", held, completion)
    else:
        answers = _tried(choose, settings, "answers", held)
        completion = _tried(choose, settings, "completion", held, answers)
    if is_open(settings) and (
        isinstance(answers, HerdmateError) or isinstance(completion, HerdmateError)
    ):
        return RoleChoices(answers)
    if isinstance(answers, HerdmateError) or isinstance(answers.start, RemoteStart):
        return RoleChoices(answers, completion)
    if isinstance(completion, HerdmateError):
        if settings.completion.model != AUTO or settings.completion.remote_url:
            return RoleChoices(answers, completion)
        return RoleChoices(_doing_both(answers, str(completion)))
    if _is_same(answers, completion):
        return RoleChoices(answers)
    if not completion.fits:
        both = _doing_both(answers, completion.note)
        return RoleChoices(both, reason=both.note.removeprefix(answers.note).strip())
    return RoleChoices(answers, completion)


def choose_engine(
    settings: Settings, role: Role, held: int, beside: EngineChoice | None
) -> EngineChoice:
    """What the settings ask for in a role (see ``ChooseEngine``). Raises ``HerdmateError``."""
    if (remote := remote_start(settings, role)) is not None:
        return EngineChoice(remote, remote.endpoint.no_key)
    start, chosen = first_message(settings, CONTROL_PIECES, held, role, loaded(beside))
    return EngineChoice(start, chosen.note, chosen.fits, chosen.needs)


def loaded(choice: EngineChoice | None) -> Loaded | None:
    """The model of the other role, if it takes memory of this machine."""
    if choice is None or not isinstance(choice.start, LlamaStart):
        return None
    return Loaded(Path(choice.start.path), choice.needs)


def _tried(
    choose: ChooseEngine, settings: Settings, role: Role, held: int, other: Looked | None = None
) -> Looked:
    """What ``choose`` finds beside the other role's model."""
    is_loaded = isinstance(other, EngineChoice) and (other.fits or role == "completion")
    beside = other if isinstance(other, EngineChoice) and is_loaded else None
    try:
        found = choose(settings, role, held, beside)
    except HerdmateError as error:
        if role == "answers":
            return error
        return type(error)(for_ghost_text(str(error)))
    return found if role == "answers" else replace(found, note=for_ghost_text(found.note))


def _doing_both(answers: EngineChoice, why: str) -> EngineChoice:
    start = answers.start
    name = Path(start.path).name if isinstance(start, LlamaStart) else "the model that answers"
    note = " ".join(filter(None, (answers.note, why, f"Meanwhile, {name} writes ghost text.")))
    return replace(answers, note=note)


def _is_same(one: EngineChoice, other: EngineChoice) -> bool:
    """Would both load the same file?"""
    if isinstance(one.start, LlamaStart) and isinstance(other.start, LlamaStart):
        return is_same_file(Path(one.start.path), Path(other.start.path))
    return one.start == other.start
