"""Tables that fit: where a terminal is too narrow, whole columns are left out and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from herdmate.cli.console import Console
from herdmate.printable import one_line

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column; those of higher ``rank`` are left out first, one of rank 0 never is."""

    title: str
    rank: int = 0
    right: bool = False


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
        shown = _that_fit(columns, widths, console.width, filled)
    for number, row in enumerate([[column.title for column in columns], *cells]):
        if groups and number and groups[number - 1] not in groups[: number - 1]:
            console.print(Text(f"\n{one_line(groups[number - 1])}", style="bold"), soft_wrap=True)
        line = _GAP.join(_padded(row[at], widths[at], columns[at].right) for at in shown)
        console.print(Text(line.rstrip(), style="" if number else "bold"), soft_wrap=True)
    if left_out := [columns[at].title for at in filled if at not in shown]:
        console.print(f"Not shown for lack of room: {', '.join(left_out)}.", style="dim")


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
