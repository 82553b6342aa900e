"""Open documents of the workspace, whose text counts instead of what is on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from herdmate.bounded_read import read_bytes
from herdmate.context.files import LARGEST_FILE, is_in_left_out_folder
from herdmate.context.grammars import language_of
from herdmate.context.index import Stamp, heads_in, is_indexed, stamp_of_file
from herdmate.context.outline import Head
from herdmate.context.source import utf_8
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.text import folder_of


@dataclass(frozen=True, slots=True)
class Unread:
    """An open document to be indexed, and the stamp of the version that the index has."""

    text: str
    known: Stamp | None


def stamp_of_text(text: str) -> Stamp:
    """A stamp that no file on disk has, for the text of an open document."""
    return -1 - abs(hash(text)), len(text)


def is_of_text(stamp: Stamp | None) -> bool:
    """Does a stamp belong to the text of a document rather than to a file?"""
    return stamp is not None and stamp[0] < 0


def could_be_indexed(path: Path, folders: tuple[Path, ...]) -> bool:
    """Does the index take a file, judging by its name and place alone?"""
    root = folder_of(path, folders)
    return root is not None and is_indexed(path) and not is_in_left_out_folder(path, root)


def read_unsaved(
    documents: Mapping[Path, Unread], folders: tuple[Path, ...]
) -> dict[Path, tuple[Stamp, tuple[Head, ...] | None]]:
    """The stamps of open documents and what these define, ``None`` for those that are too large.

    Documents that the index knows already and those that the model must not see are left out. Reads
    disks, and waits for the parser process.
    """
    found: dict[Path, tuple[Stamp, tuple[Head, ...] | None]] = {}
    for path, document in documents.items():
        stamp = _stamp(path, document.text)
        if stamp == document.known or reason_to_withhold_file(path, folders) is not None:
            continue
        is_small = len(document.text) <= LARGEST_FILE
        found[path] = stamp, heads_in(document.text, language_of(path)) if is_small else None
    return found


def _stamp(path: Path, text: str) -> Stamp:
    """The file's stamp if it has exactly this text, otherwise the text's."""
    stamp, data = stamp_of_file(path), utf_8(text)
    try:
        if stamp is not None and stamp[1] == len(data) and read_bytes(path, len(data)) == data:
            return stamp
    except OSError:
        pass
    return stamp_of_text(text)
