"""Where models lie."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from herdmate.models.split import is_first


def model_folder() -> Path:
    """``$HERDMATE_HOME/models``, or the same in the user's data folder."""
    home = os.environ.get("HERDMATE_HOME")
    return (Path(home) if home else user_data_path("herdmate")) / "models"


def present(folder: Path) -> list[Path]:
    """The GGUF files of the folder, the first of each that is split.

    What is still being fetched does not count, nor what only has the name of a file: a folder, a
    pipe, a link that leads nowhere.
    """
    return [path for path in named(folder) if os.path.isfile(path)]


def named(folder: Path) -> list[Path]:
    """Whatever has the name of a model there, in order; nothing where the folder is unreadable."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(folder / name for name in names if name.endswith(".gguf") and is_first(name))


def why_unreadable(folder: Path) -> str:
    """Why nobody can know what is in the folder; empty where it can be read or is not there."""
    try:
        os.listdir(folder)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return (
            f"{folder} cannot be read ({error.strerror or error}); mend that, or set HERDMATE_HOME "
            "to a folder that can."
        )
    return ""
