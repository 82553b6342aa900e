"""How fast models wrote their last answers on this machine, whatever else it was doing then.

``tuning`` measures on an idle machine alone, and on a busy one nothing; this says what users saw.
"""

from __future__ import annotations

import logging
import math
from importlib import metadata

from herdmate.engine.profile_file import key, profiles, write_profiles
from herdmate.user_folders import cache_folder

_log = logging.getLogger(__name__)

_FILE = "runs.json"
_MOST = 32
"""Models that are remembered."""


def last_run(path: str) -> float:
    """Tokens per second of a model's last answer here; 0 if there was none."""
    try:
        speed = float(profiles(cache_folder(), _FILE)[_key(path)])
    except (OSError, LookupError, TypeError, ValueError, OverflowError):
        return 0.0
    return speed if 0 < speed < math.inf else 0.0


def note_run(path: str, speed: float) -> None:
    """Remember a model's last answer, if the folder can be written to."""
    try:
        known, name = profiles(cache_folder(), _FILE), _key(path)
        known.pop(name, None)
        kept = [*known.items()][1 - _MOST :]
        write_profiles(cache_folder(), {**dict(kept), name: round(speed, 2)}, _FILE)
    except (OSError, LookupError) as error:
        _log.warning("cannot save how fast the model was: %s", type(error).__name__)


def _key(path: str) -> str:
    """Raises ``OSError``, or ``LookupError`` without llama-cpp-python."""
    try:
        return key(path, metadata.version("llama-cpp-python"))
    except metadata.PackageNotFoundError as error:
        raise LookupError from error
