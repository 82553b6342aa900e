"""``herdmate eval typing``: how much typing ghost text saves, compared with the bare model."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from rich import box
from rich.table import Table

from herdmate.cli.measuring import add_options, measured, model_of, tell
from herdmate.cli.parser import examples
from herdmate.cli.serve import engine_starter
from herdmate.context.grammars import language_of
from herdmate.context.languages import LANGUAGES
from herdmate.errors import SelectionError
from herdmate.eval.asking import model_name
from herdmate.eval.sources import code_files
from herdmate.eval.stretches import Stretch, stretches
from herdmate.eval.typing_run import (
    TypingSummary,
    run_typing,
    typing_record,
    typing_summaries,
)
from herdmate.eval.writers import NAMES

_PROSE = {"markdown", "json", "jsonc", "html", "xml", "yaml", "toml", "plaintext", "latex"}

_ABOUT = """\
Retypes stretches of your files through a real server at human speed, and accepts every suggestion
whose first word or lines are what comes next. A suggestion is shown only if it arrives before the
next key, so the speed of this machine counts. The same is done with the bare model, whose first
line is shown. Time in which nothing is generated is skipped. Your files are never written to.
Ctrl-C ends the run and prints the figures so far.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate eval typing FOLDER``."""
    parser.description = _ABOUT
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--language", "--languages", action="append", metavar="ID", dest="languages",
        help="only files in this language; may be repeated, or several separated by commas",
    )  # fmt: skip
    parser.add_argument("--files", type=int, default=5, metavar="N", help="files per language")
    parser.add_argument(
        "--characters", type=int, default=300, metavar="N", help="length of a file's stretch"
    )
    parser.add_argument(
        "--no-pauses", dest="pauses", action="store_false",
        help="type without pauses for thought, 80 to 200 ms per key throughout",
    )  # fmt: skip
    parser.add_argument(
        "--slow-motion", type=_factor, default=1.0, metavar="N",
        help="type N times as slowly, to see what a machine N times as fast would show",
    )  # fmt: skip
    add_options(parser, "stretch")
    parser.epilog = examples("herdmate eval typing src --files 2")
    parser.set_defaults(run=_run)


def _factor(text: str) -> float:
    """A factor from the command line; ``nan`` is not one."""
    if not 0.01 <= (found := float(text)) <= 1000:
        raise argparse.ArgumentTypeError("it must be between 0.01 and 1000")
    return found


def _run(arguments: argparse.Namespace) -> int:
    chosen = _stretches(arguments)
    if not chosen:
        raise SelectionError(
            "There is nothing to type: no file without syntax errors is long enough; use a folder "
            "with code in it, or fewer --characters."
        )
    settings = {"model": model_of(arguments), "engine": {"threads": arguments.threads}}
    fake = arguments.fake_engine
    folder = arguments.folder if arguments.folder.is_dir() else arguments.folder.absolute().parent
    work = partial(
        run_typing, chosen, arguments.slow_motion, settings, folder, engine_starter(fake)
    )
    total = len(chosen) * len(NAMES)
    results = measured(work, "typing", total, arguments.records, typing_record)
    about = {
        "folder": str(arguments.folder), "seed": arguments.seed, "pauses": arguments.pauses,
        "slow_motion": arguments.slow_motion,
        "model": model_of(arguments) if fake else model_name(model_of(arguments)),
        "threads": arguments.threads, "characters": arguments.characters,
        "stretches": len(chosen),
    }  # fmt: skip
    tell(arguments.json, about, typing_summaries(results), _table)
    return 0 if len(results) == total else 130


def _stretches(arguments: argparse.Namespace) -> list[Stretch]:
    """A fixed choice, by language: the same seed gives the same stretches."""
    given = [name for item in arguments.languages or () for name in item.split(",") if name]
    languages = list(dict.fromkeys(given)) or sorted(set(LANGUAGES) - _PROSE)
    files = sorted(code_files(arguments.folder, languages, random.Random()))
    found: list[Stretch] = []
    for language in languages:
        of_it = [path for path in files if language_of(path) == language]
        random.Random(arguments.seed).shuffle(of_it)
        every = stretches(of_it, max(arguments.characters, 1), arguments.pauses, arguments.seed)
        found += islice(every, max(arguments.files, 0))
    return found


def _table(summaries: Sequence[TypingSummary]) -> Table:
    """A row for each language and writer; it fits into 80 columns. Times are in seconds."""
    table = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for title in (
        "language",
        "asked",
        "typed",
        "saved",
        "shown",
        "wrong",
        "late",
        "median",
        "95 %",
    ):
        is_name = title in ("language", "asked")
        table.add_column(title, justify="left" if is_name else "right", no_wrap=True)
    for item in summaries:
        table.add_row(
            item.language, item.asked, str(item.characters),
            _share(item.saved, item.characters), str(item.shown),
            _with_share(item.wrong, item.shown), _share(item.late, item.requests),
            _seconds(item.median_seconds), _seconds(item.p95_seconds),
        )  # fmt: skip
    return table


def _with_share(count: int, whole: int) -> str:
    return f"{count} {_share(count, whole)}"


def _share(count: int, whole: int) -> str:
    return f"{count / whole:.1%}" if whole else "-"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
