"""``herdmate eval fix``: how many bugs the quick fix repairs, compared with the bare model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich import box
from rich.table import Table

from herdmate.cli.measuring import add_options, measured, model_of, tell
from herdmate.cli.parser import examples
from herdmate.ended_by_signal import run
from herdmate.errors import SelectionError
from herdmate.eval.fixing import FIXERS, FixSummary, fix_summaries, run_fixes, sample
from herdmate.eval.flaws import Flaw, read_flaws
from herdmate.eval.planted import planted

_ABOUT = """\
Applies the quick fix to functions with a bug, through a real server, and then runs their tests on
this machine, without a sandbox. SET is HumanEvalPack's Python part, as .jsonl, or a folder of
Python packages: a bug is put into each function whose documentation has examples, which are then
its tests. Your files are never written to.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate eval fix SET``."""
    parser.description = _ABOUT
    parser.add_argument("sets", type=Path, metavar="SET")
    parser.add_argument("--count", type=int, default=60, metavar="N", help="bugs")
    parser.add_argument(
        "--half", choices=("first", "second"),
        help="only half of the bugs, split by the function's name: tune on one half and test on "
        "the other",
    )  # fmt: skip
    parser.add_argument(
        "--baseline", action="append", default=[], choices=list(FIXERS)[1:],
        help="also ask the bare model with a plain question",
    )  # fmt: skip
    add_options(parser, "outcome")
    parser.epilog = examples("herdmate eval fix humanevalpack.jsonl --count 20")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    flaws = _flaws(arguments)
    names = ["herdmate", *dict.fromkeys(arguments.baseline)]
    settings = {"model": model_of(arguments), "engine": {"threads": arguments.threads}}
    fake = arguments.fake_engine
    serve = ("--fake-engine", str(fake.absolute())) if fake else ()
    work = partial(run_fixes, flaws, names, settings, serve)
    total = len(flaws) * len(names)
    outcomes = measured(work, "fixing bugs", total, arguments.records, asdict)
    if not outcomes:
        raise SelectionError("There is nothing to fix: no test in the set fails here.")
    about = {"set": str(arguments.sets), "seed": arguments.seed,
             "half": arguments.half, "model": model_of(arguments)}  # fmt: skip
    tell(arguments.json, about, fix_summaries(outcomes), _table)
    return 0


def _flaws(arguments: argparse.Namespace) -> list[Flaw]:
    """A fixed sample: the same seed gives the same bugs."""
    if arguments.sets.is_dir():
        return run(planted(arguments.sets, arguments.seed, arguments.count, arguments.half))
    found = [item for item in read_flaws(arguments.sets) if arguments.half in (None, item.half)]
    return sample(found, arguments.count, arguments.seed)


def _table(found: Sequence[FixSummary]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("asked", "bugs", "unchanged", "tests passed", "syntax broken", "seconds"):
        table.add_column(title, justify="left" if title == "asked" else "right", no_wrap=True)
    for item in found:
        table.add_row(
            item.asked, str(item.flaws), str(item.unchanged),
            f"{item.passed} {item.passed / item.flaws:.1%}", str(item.broken_syntax),
            f"{item.median_seconds:.1f}",
        )  # fmt: skip
    return table
