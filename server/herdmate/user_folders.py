"""Where Herdmate keeps its own files, and the user's home folder.

``HERDMATE_HOME`` moves what Herdmate writes: models, caches and state. The folders of other
programs are looked up by those programs' rules, where they are read.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path, user_state_path

_NAME = "herdmate"


def data_folder() -> Path:
    """What is kept until the user deletes it: ``$HERDMATE_HOME``, or the user's data folder."""
    return _own() or user_data_path(_NAME)


def cache_folder() -> Path:
    """What can be made again: ``$HERDMATE_HOME/cache``, or the user's cache folder."""
    home = _own()
    return home / "cache" if home else user_cache_path(_NAME)


def state_folder() -> Path:
    """What is remembered between sessions: ``$HERDMATE_HOME/state``, or the user's state folder."""
    home = _own()
    return home / "state" if home else user_state_path(_NAME)


def config_folder() -> Path:
    """What the user writes, wherever Herdmate's own files are: the user's configuration folder."""
    return user_config_path(_NAME)


def home_folder() -> Path:
    """The user's home folder; where there is none, a path at which nothing can be."""
    return Path(expanded("~")) if os.path.isabs(expanded("~")) else Path(os.devnull)


def expanded(path: str) -> str:
    """The path with a leading ``~`` or ``~user`` expanded; unchanged if there is no such home."""
    try:
        return os.path.expanduser(path)
    except ValueError:  # it contains a character that no path can have
        return path


def _own() -> Path | None:
    home = os.environ.get("HERDMATE_HOME")
    return Path(home) if home else None
