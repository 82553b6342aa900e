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

    What is still being fetched does not count.
    """
    return sorted(path for path in folder.glob("*.gguf") if is_first(path.name))
