"""Tables that fit: where a terminal is too narrow, whole columns are left out and named."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.cells import cell_len
from rich.text import Text

from herdmate.cli.console import Console
from herdmate.printable import one_line

_GAP = "  "
_LEAST = 12  # characters of a column that wraps


@dataclass(frozen=True, slots=True)
class Column:
    """A column; those of higher ``rank`` are left out first, one of rank 0 never is.

    One that ``wraps`` takes several lines, at words, before another is left out.
    """

    title: str
    rank: int = 0
    right: bool = False
    wraps: bool = False


def show_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], groups: Sequence[str] = ()
) -> None:
    """Print a table. Words are never cut; a pipe gets all columns, a terminal none that is empty.

    ``groups`` has the group of each row: rows of one group stand together, below its name.
    """
    console = Console(highlight=False)
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [
        max(map(cell_len, [column.title, *(row[at] for row in cells)]))
        for at, column in enumerate(columns)
    ]
    shown = filled = list(range(len(columns)))
    if console.is_terminal:
        filled = [at for at in shown if any(row[at] for row in cells) or not columns[at].rank]
        shown = _that_fit(columns, _narrowest(columns, widths, cells), console.width, filled)
        widths = _widened(columns, widths, console.width, shown)
    for number, row in enumerate([[column.title for column in columns], *cells]):
        if groups and number and groups[number - 1] not in groups[: number - 1]:
            console.print(Text(f"\n{one_line(groups[number - 1])}", style="bold"), soft_wrap=True)
        for line in _lines(columns, row, widths, shown):
            console.print(Text(line, style="" if number else "bold"), soft_wrap=True)
    if left_out := [columns[at].title for at in filled if at not in shown]:
        console.print(f"Not shown for lack of room: {', '.join(left_out)}.", style="dim")


def _narrowest(
    columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Sequence[str]]
) -> list[int]:
    """The widths to which columns can be narrowed: the longest word of one that wraps."""
    words = [[len(word) for row in cells for word in row[at].split()] for at in range(len(columns))]
    return [
        max([len(column.title), _LEAST, *words[at]]) if column.wraps else widths[at]
        for at, column in enumerate(columns)
    ]


def _widened(
    columns: Sequence[Column], widths: Sequence[int], room: int, shown: Sequence[int]
) -> list[int]:
    """The widths if those that wrap share the room that the others leave."""
    wrapped = [at for at in shown if columns[at].wraps]
    used = sum(widths[at] for at in shown if at not in wrapped) + len(_GAP) * (len(shown) - 1)
    return [
        min(width, max((room - used) // len(wrapped), 1)) if at in wrapped else width
        for at, width in enumerate(widths)
    ]


def _lines(
    columns: Sequence[Column], row: Sequence[str], widths: Sequence[int], shown: Sequence[int]
) -> Iterator[str]:
    """The lines of one row, more than one if a cell wraps."""
    parts = [
        textwrap.wrap(row[at], widths[at], break_long_words=False, break_on_hyphens=False) or [""]
        if columns[at].wraps and cell_len(row[at]) > widths[at] else [row[at]]
        for at in shown
    ]  # fmt: skip
    for found in zip_longest(*parts, fillvalue=""):
        cells = (_padded(cell, widths[at], columns[at].right)
                 for at, cell in zip(shown, found, strict=True))  # fmt: skip
        yield _GAP.join(cells).rstrip()


def _that_fit(
    columns: Sequence[Column], widths: Sequence[int], room: int, filled: Sequence[int]
) -> list[int]:
    shown = list(filled)
    while sum(widths[at] for at in shown) + len(_GAP) * (len(shown) - 1) > room:
        least = max(shown, key=lambda at: (columns[at].rank, at))
        if not columns[least].rank:
            break
        shown.remove(least)
    return shown


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
