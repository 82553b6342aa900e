"""The statistics file: the only one, in the user's state folder, and never sent anywhere."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import date
from pathlib import Path

from filelock import FileLock

from herdmate.atomic_write import write_whole
from herdmate.bounded_read import read_text
from herdmate.usage.statistics import Counts, from_json, recent, to_json
from herdmate.user_folders import state_folder

_log = logging.getLogger(__name__)

_LOCK_SECONDS = 2.0

_LARGEST = 16 << 20
"""Bytes; a year of statistics is 200 times smaller."""


def statistics_path() -> Path:
    """``$HERDMATE_HOME/state/statistics.json``, or the same in the user's state folder."""
    return state_folder() / "statistics.json"


class StatisticsFile:
    """A file that several servers can add to; a broken one is set aside and replaced."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or statistics_path()
        self._is_told = False

    def read(self) -> Counts:
        """All counts; none if the file cannot be read."""
        try:
            return self._kept()
        except (OSError, ValueError):
            return Counter()

    def add(self, counts: Counts) -> bool:
        """Add to the file, and return whether that worked. The first failure is logged."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked():
                self._write(recent(self._known() + counts, date.today()))
        except OSError as error:
            if not self._is_told:
                _log.warning("cannot save statistics: %s", error.strerror or error)
            self._is_told = True
            return False
        return True

    def erase(self) -> bool:
        """Remove the file and any damaged one set aside; return whether there was any.

        Raises ``OSError``.
        """
        old_part = self.path.with_suffix(".part")  # left behind by crashes of older versions
        there = [path for path in (self.path, self._aside, old_part) if path.exists()]
        if there:
            with self._locked():
                for path in there:
                    path.unlink(missing_ok=True)
        return bool(there)

    @property
    def _aside(self) -> Path:
        return self.path.with_suffix(".broken.json")

    def _locked(self) -> FileLock:
        return FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS)

    def _kept(self) -> Counts:
        return from_json(read_text(self.path, _LARGEST, errors="strict"))

    def _known(self) -> Counts:
        try:
            return self._kept()
        except FileNotFoundError:
            return Counter()
        except ValueError:
            _log.warning("the statistics file was damaged; starting a new one")
            self.path.replace(self._aside)
            return Counter()

    def _write(self, counts: Counts) -> None:
        write_whole(self.path, to_json(counts).encode())
