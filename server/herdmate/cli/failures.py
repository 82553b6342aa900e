"""What fails at one of several places that a command works on, and leaves the others alone."""

from __future__ import annotations

from herdmate.cli.locations import INPUT, Opened, Place, path_of_document
from herdmate.cli.terminal import tell_error
from herdmate.cli.wording import in_terminal
from herdmate.errors import HerdmateError


def tell_failure(file: Opened, error: HerdmateError) -> str:
    """Say what is wrong at a place, and return that; the error may name its file by itself."""
    said, path = in_terminal(str(error)), path_of_document(file.document)
    is_named = path is not None and said.startswith(f"{path} ")
    said = said if is_named else f"{shown_place(file.place)}: {said}"
    tell_error(f"herdmate: {said}")
    return said


def shown_place(place: Place) -> str:
    """A file and the lines that are meant."""
    name = "standard input" if place.name == INPUT else place.name
    return f"{name}:{place.lines}" if place.first else name
