"""What a GGUF file is, read without loading the model, and what is wrong with one that is none."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from herdmate.bounded_read import UnsuitableFileError, open_regular
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.folder import model_folder
from herdmate.models.gguf_reader import GgufError, GgufHeader, GgufReader

_LONGEST_SHOWN = 200


def read_header(path: Path, pieces: Collection[str] = ()) -> GgufHeader:
    """Read a file's metadata, and which of ``pieces`` are in its vocabulary.

    Raises ``ModelError``, which says what is wrong and what to do.
    """
    if os.path.isdir(path):
        raise ModelError(f"{path} is a folder; set herdmate.model to a GGUF file.")
    try:
        with open_regular(path) as file:
            return GgufReader(file, pieces).header()
    except GgufError as error:
        raise ModelError(f"{path.name} {error}; {_mend(path)}.") from error
    except UnsuitableFileError as error:  # such as a pipe, which would block
        raise ModelError(f"{path} is not a file; set herdmate.model to a GGUF file.") from error
    except FileNotFoundError as error:
        raise ModelError(_missing(path)) from error
    except OSError as error:
        raise ModelError(
            f"{_short(path)} cannot be read ({error.strerror or error}); set herdmate.model to a "
            "readable file."
        ) from error
    except ValueError as error:  # a character that no path can have
        raise ModelError(
            "herdmate.model has a character that is not allowed in a path; set it to a GGUF file."
        ) from error


def _mend(path: Path) -> str:
    """What to do about a file that is no model: one that Herdmate fetched can be fetched again."""
    known = catalogue.of_file(path) if path.parent == model_folder() else None
    if known is None:
        return "use another file, or fetch one that `herdmate models list` shows"
    again = (f"`herdmate models {action} {known.name}`" for action in ("rm", "pull"))
    return f"fetch it again: {', then '.join(again)}"


def _missing(path: Path) -> str:
    if os.path.islink(path):
        return (
            f"{path} is a link to a missing file; connect the drive that has the file, or use "
            "another."
        )
    return f"There is no model file at {_short(path)}; set herdmate.model to an existing one."


def _short(path: Path) -> str:
    """A path for a message, shortened: one can be too long even for the disk."""
    text = str(path)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def why_no_model(path: Path) -> str:
    """What is wrong with a file, as the end of a sentence; empty if it is a GGUF model.

    Raises ``OSError``.
    """
    try:
        with open_regular(path) as file:
            metadata = GgufReader(file).header().metadata
    except GgufError as error:
        return str(error)
    # Parts of a split model other than the first say only which part they are.
    is_known = "general.architecture" in metadata or "split.count" in metadata
    return "" if is_known else "does not say what kind of model it is"
