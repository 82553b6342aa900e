"""``herdmate eval fix``: how many bugs the quick fix mends, beside the bare model."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from herdmate.cli.serve import Commands
from herdmate.errors import SelectionError
from herdmate.eval.fixing import FIXERS, FixSummary, Outcome, fix_summaries, run_fixes, sample
from herdmate.eval.flaws import read_flaws

NAME = "eval-fix"
"""What ``eval fix`` is called inside."""

_ABOUT = """\
Gives functions with a bug to the quick fix, through a real server, and runs their tests afterwards,
on this machine and unguarded. SET is HumanEvalPack's Python part, as .jsonl.
"""


def add_parser(commands: Commands) -> None:
    """``herdmate eval fix SET``."""
    parser = commands.add_parser(NAME, prog="herdmate eval fix", description=_ABOUT)
    parser.add_argument("set", type=Path, metavar="SET")
    parser.add_argument("--model", default="auto", help="a name, a path, or auto")
    parser.add_argument("--count", type=int, default=60, metavar="N", help="bugs")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument(
        "--baseline", action="append", default=[], choices=list(FIXERS)[1:],
        help="ask the bare model too, plainly",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("--records", type=Path, metavar="FILE", help="every outcome, as .jsonl")
    parser.add_argument("--fake-engine", type=Path, metavar="SCRIPT", help=argparse.SUPPRESS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    flaws = sample(list(read_flaws(arguments.set)), arguments.count, arguments.seed)
    names = ["herdmate", *dict.fromkeys(arguments.baseline)]
    settings = {"model": arguments.model, "engine": {"threads": arguments.threads}}
    fake = arguments.fake_engine
    outcomes: list[Outcome] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("mending bugs", total=len(flaws) * len(names))

        def on_outcome(outcome: Outcome) -> None:
            progress.advance(task)
            outcomes.append(outcome)
            if arguments.records:
                lines = (json.dumps(asdict(item)) + "\n" for item in outcomes)
                arguments.records.write_text("".join(lines), encoding="utf-8")

        serve = ("--fake-engine", str(fake)) if fake else ()
        asyncio.run(run_fixes(flaws, names, settings, serve, on_outcome))
    if not outcomes:
        raise SelectionError("There is nothing to mend: no test of the set fails here.")
    found = fix_summaries(outcomes)
    if arguments.json:
        about = {"set": str(arguments.set), "seed": arguments.seed, "model": arguments.model}
        rows = [asdict(item) for item in found]
        sys.stdout.write(json.dumps({"conditions": about, "summaries": rows}, indent=1) + "\n")
    else:
        Console(highlight=False).print(_table(found))
    return 0


def _table(found: list[FixSummary]) -> Table:
    table = Table()
    for title in ("asked", "bugs", "changed", "tests passed", "syntax broken", "seconds (median)"):
        table.add_column(title, justify="left" if title == "asked" else "right")
    for item in found:
        table.add_row(
            item.asked, str(item.flaws), str(item.applied),
            f"{item.passed} ({item.passed / item.flaws:.1%})", str(item.broken_syntax),
            f"{item.median_seconds:.1f}",
        )  # fmt: skip
    return table
