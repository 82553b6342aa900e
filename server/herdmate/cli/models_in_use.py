"""Which models are in use and for what, as ``models list`` marks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from herdmate.cli.wording import in_terminal
from herdmate.engine.remote.engine import RemoteStart
from herdmate.engine.start import LlamaStart
from herdmate.errors import HerdmateError
from herdmate.models.choose import Loaded, is_same_file
from herdmate.models.role_choices import (
    EngineChoice,
    RoleChoices,
    choose_engine,
    loaded,
    look_up,
)
from herdmate.roles import AUTO
from herdmate.settings import Settings

ANSWERS, GHOST_TEXT = "answers", "ghost text"


@dataclass(frozen=True, slots=True)
class InUse:
    """The files in use, each with what it is used for; ``notes`` are on what is no file here."""

    files: tuple[tuple[Path, str], ...] = ()
    notes: tuple[str, ...] = ()

    def uses_of(self, path: Path | None) -> list[str]:
        """What a file is used for, if for anything."""
        if path is None:
            return []
        return [use for other, use in self.files if is_same_file(path, other)]

    def file_for(self, use: str) -> Path | None:
        """The file with a use, if a model on this machine has it."""
        return next((path for path, other in self.files if other == use), None)

    def unlisted(self, paths: Sequence[Path | None]) -> list[str]:
        """A sentence for each model in use that is none of these files."""
        known = [path for path in paths if path is not None]
        away = [f"In use for {use}: {file}" for file, use in self.files
                if not any(is_same_file(file, path) for path in known)]  # fmt: skip
        return [*away, *self.notes]


def models_in_use(settings: Settings) -> InUse:
    """What would be loaded now, as the server judges; reads the disks."""
    return files_in_use(look_up(choose_engine, settings, 0))


def beside_answers(settings: Settings, found: RoleChoices) -> Loaded | None:
    """The model for ghost text, if the one that answers is chosen to fit beside it."""
    ghost = found.completion if settings.model == AUTO else None
    return loaded(ghost) if isinstance(ghost, EngineChoice) else None


def files_in_use(found: RoleChoices) -> InUse:
    """Which files are used for what, and a note on each use without one."""
    files: list[tuple[Path, str]] = []
    notes: list[str] = []
    for use, choice in ((ANSWERS, found.answers), (GHOST_TEXT, found.completion or found.answers)):
        if isinstance(choice, HerdmateError):
            notes.append(in_terminal(str(choice), for_good=True))
        elif isinstance(choice.start, LlamaStart):
            files.append((Path(choice.start.path), use))
        elif isinstance(choice.start, RemoteStart):
            notes.append(f"In use for {use}: {choice.start.endpoint}")
    return InUse(tuple(files), tuple(dict.fromkeys(notes)))
