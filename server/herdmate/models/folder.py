"""The model folder."""

from __future__ import annotations

import os
from pathlib import Path

from herdmate.models.split import is_first
from herdmate.user_folders import data_folder


def model_folder() -> Path:
    """``$HERDMATE_HOME/models``, or ``models`` in the user's data folder."""
    return data_folder() / "models"


def present(folder: Path) -> list[Path]:
    """The GGUF files in the folder; of a split model only the first.

    Skips unfinished fetches and anything that is not a file: a folder, a pipe, a dangling link.
    """
    return [path for path in named(folder) if os.path.isfile(path)]


def named(folder: Path) -> list[Path]:
    """Everything in the folder with a model's name, sorted; empty if the folder is unreadable."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(folder / name for name in names if name.endswith(".gguf") and is_first(name))


def why_unreadable(folder: Path) -> str:
    """Why the folder cannot be read; empty if it can or does not exist."""
    try:
        os.listdir(folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return (
            f"{folder} cannot be read ({error.strerror or error}); make it readable, or set "
            "HERDMATE_HOME to another folder."
        )
    return ""
