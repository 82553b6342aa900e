"""Places in the forms of other programs, and how they are written here.

pytest writes ``FILE::NAME``, GitHub ``FILE#L10-L20``, sed ``10,20``, and many people ``FILE NAME``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from herdmate.cli.definition_names import is_symbol, places_in
from herdmate.cli.parser import meant
from herdmate.errors import SelectionError

_LINES = re.compile(r"L?(\d{1,18})(?:(?:-|,|:|\.\.)L?(\d{1,18}))?", re.IGNORECASE)
_CALL = re.compile(r"[\[(].*")
_LONGEST = 200
"""Characters of a part that are looked at."""


def no_part(file: str, said: str) -> SelectionError:
    """The error for what stands after the colon of a file and is no part of it."""
    near = _part_meant(said)
    how = f"did you mean {file}:{near}?" if near else (
        f"write {file}:START-END, {file}:LINE, {file}:LINE:COLUMN, or {file}:NAME for a definition."
    )  # fmt: skip
    return SelectionError(f"{f'{file}:{said}'!r} names no part of {file}; {how}")


def refuse_part_alone(word: str, words: Sequence[str]) -> None:
    """Raise ``SelectionError`` for a part that stands apart from its file, as in ``FILE NAME``.

    ``words`` are all places of the command line.
    """
    if not _exists(word) and (near := _place_meant(word, words)):
        raise SelectionError(f"There is no file {word!r}; did you mean {near}?")


def _place_meant(word: str, words: Sequence[str]) -> str:
    file, sign, part = word.partition("#")
    if sign and _exists(file) and (said := _part_meant(part)):
        return f"{file}:{said}"
    files = [other for other in dict.fromkeys(words) if other != word and _exists(other)]
    said = "" if ":" in word else _part_meant(word)
    if len(files) != 1 or not said:
        return ""
    names = [place[len(files[0]) + 1 :] for place in places_in(f"{files[0]}:{said}") or ()]
    is_exact = said in names or said[0].isdigit()
    near = said if is_exact else "" if "." in said else meant(said, names)
    return f"{files[0]}:{near}" if near else ""


def _part_meant(part: str) -> str:
    """How a part of a file is written here: ``10-20`` or a name; empty for anything else."""
    part = part[:_LONGEST].lstrip(":#")
    if (lines := _LINES.fullmatch(part)) is None:
        name = _CALL.sub("", part).replace("::", ".").replace("#", ".")
        return name if is_symbol(name) else ""
    first, last = lines.groups()
    if last is None:
        return first
    return f"{first}-{last}" if int(first) <= int(last) else ""


def _exists(word: str) -> bool:
    try:
        return os.path.lexists(word)
    except ValueError:  # a zero byte
        return False
