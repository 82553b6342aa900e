"""The user's own code as material for measuring: which files, and which of them are usable."""

from __future__ import annotations

import random
from collections.abc import Collection
from pathlib import Path

from herdmate import bounded_read
from herdmate.context.files import readable_files
from herdmate.context.grammars import language_of
from herdmate.context.syntax import SyntaxTree, error_count, parse
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.errors import SelectionError
from herdmate.redaction.redact import redacted

_LARGEST = 1_000_000
"""Bytes. Larger files are generated, or data."""


def code_files(path: Path, languages: Collection[str], chance: random.Random) -> list[Path]:
    """The files of a folder, or the one file, shuffled and without those barred from prompts.

    A folder is searched as a workspace is: no links, nothing hidden or installed, within limits.
    Raises ``SelectionError`` if the path does not exist.
    """
    if not path.exists():
        raise SelectionError(f"{path} does not exist; pass a file or folder.")
    path = path.absolute()
    files = [path] if path.is_file() else sorted(readable_files(path))
    files = [item for item in files if language_of(item) in languages]
    files = [item for item in files if reason_to_withhold_file(item, (path,)) is None]
    chance.shuffle(files)
    return files


def sound_code(path: Path) -> tuple[str, SyntaxTree] | None:
    """A file's text and tree.

    ``None`` if it is larger than a megabyte, cannot be parsed, has a syntax error or a secret.
    """
    try:
        text = bounded_read.read_bytes(path, _LARGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    tree = parse(text, language_of(path))
    return None if tree is None or error_count(tree) or redacted(text) != text else (text, tree)
