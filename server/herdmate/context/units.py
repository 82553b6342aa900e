"""What one level of indentation is, in a file and in what a model writes into it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from herdmate.text import indent_of

_CLOSES = re.compile(r"[ \t]*(?:[)\]}]|</|end\b)")
_LIKELY = (4, 2)
_POSSIBLE = (8, 3)


@dataclass(frozen=True, slots=True)
class Units:
    """How a text indents its lines.

    ``columns``: the spaces of a level, 0 for a tab. ``lost``: the levels that it left out because
    it did not know the indentation of the line on which it began.
    """

    columns: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text continues: the levels of the line above its own, and what that line begins.

    ``opens``: the line below it is one level deeper; ``hangs``: only by a round or square bracket,
    or a tag. ``may_be_lost``: the text began after indentation, which it may have ignored.
    """

    levels: int
    opens: bool
    hangs: bool
    may_be_lost: bool = True


def is_indented(line: str) -> bool:
    """Is a line indented by more than the space before a comment's star?"""
    return line.startswith("\t") or _width(line) > 0


def levels_of(line: str, unit: str) -> int | None:
    """The levels of a line of code, each one ``unit``; ``None`` if it is between two."""
    lead = indent_of(line)
    if unit == "\t":
        return lead.count("\t") + lead.count(" ") // 4
    levels, rest = divmod(len(lead), len(unit))
    return None if rest or "\t" in lead else levels


def units_below(line: str, place: Place, unit: str) -> Units | None:
    """The units of a text, judged by one of its indented lines; ``None`` if they are ``unit``.

    Later lines do not matter: what has been shown of a text stays as it grows.
    """
    wanted = place.levels + place.opens - bool(_CLOSES.match(line))
    known = 0 if line.startswith("\t") else _width(line)
    lost = place.levels if place.opens and place.may_be_lost else 0
    if not known:
        tabs = len(line) - len(line.lstrip("\t"))
        missing = lost if lost and tabs + lost == wanted else 0
        return Units(0, missing) if missing or unit != "\t" else None
    if unit == "\t":
        return _in_spaces(known, place, wanted, lost)
    step = len(unit)
    if not place.opens or known == wanted * step:
        return None
    if lost and known + lost * step == wanted * step:
        return Units(step, lost)
    if place.hangs:
        return None
    others = [size for size in (*_LIKELY, *_POSSIBLE) if size != step]
    fits = (Units(size) for size in others if known == wanted * size)
    forgets = (Units(size, lost) for size in others[:1] if lost and known == (wanted - lost) * size)
    return next(fits, None) or next(forgets, None)


def _in_spaces(known: int, place: Place, wanted: int, lost: int) -> Units:
    """The units of a text in spaces where the file has tabs."""
    levels = [(wanted, 0)] if place.opens else [(wanted, 0), (wanted + 1, 0)]
    if lost:
        levels.append((wanted - lost, lost))
    for sizes in (_LIKELY, _POSSIBLE):
        for level, missing in levels:
            for size in sizes:
                if known == level * size:
                    return Units(size, missing)
    return Units(next((size for size in _LIKELY if known % size == 0), known))


def in_units(line: str, own: Units, unit: str) -> str:
    """A line of a text with its ``own`` units, converted to the file's."""
    rest = line.lstrip(" \t")
    lead = line[: len(line) - len(rest)]
    star = " " if rest.startswith("*") and lead.endswith(" ") else ""  # of a block comment
    if not own.columns:
        levels, more = lead.count("\t"), lead.replace("\t", "")
    elif "\t" in lead:
        return unit * own.lost + line
    else:
        levels, odd = divmod(_width(line), own.columns)
        more = star or " " * odd
    if unit == "\t" and own.columns and not star:
        levels, more = levels + (more != "" and not levels), ""
    return unit * (levels + own.lost) + more + rest


def _width(line: str) -> int:
    """The columns of the spaces that indent a line, without the one before a comment's star."""
    rest = line.lstrip(" ")
    return len(line) - len(rest) - (rest.startswith("*") and (len(line) - len(rest)) % 2)
