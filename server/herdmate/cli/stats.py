"""``herdmate stats``: how ghost text fared."""

from __future__ import annotations

import argparse

from rich.table import Table

from herdmate.cli.console import Console
from herdmate.cli.parser import examples
from herdmate.cli.terminal import write
from herdmate.errors import HerdmateError
from herdmate.usage import statistics
from herdmate.usage.statistics_file import StatisticsFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate stats [--json | --erase]``."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="every day and language, as JSON")
    how.add_argument("--erase", action="store_true", help="erase all counts")
    parser.epilog = examples("herdmate stats", "herdmate stats --json", "herdmate stats --erase")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    file, console = StatisticsFile(), Console(highlight=False)
    if arguments.erase:
        console.print("Erased." if _erase(file) else "There is nothing to erase.")
        return 0
    counts = file.read()
    if arguments.json:
        write(statistics.to_json(counts))
        return 0
    console.print(statistics.since(counts))
    for table in (statistics.figures(counts), statistics.silences(counts)) if counts else ():
        if table.rows:
            console.print()
            console.print(_drawn(table))
    return 0


def _erase(file: StatisticsFile) -> bool:
    try:
        return file.erase()
    except OSError as error:
        reason = error.strerror or "another process is using it"
        raise HerdmateError(f"{file.path} cannot be erased: {reason}.") from error


def _drawn(table: statistics.Table) -> Table:
    drawn = Table(box=None, pad_edge=False)
    for place, name in enumerate(table.head):
        drawn.add_column(name, justify="right" if place else "left")
    for row in table.rows:
        drawn.add_row(*row)
    return drawn
