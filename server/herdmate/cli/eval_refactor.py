"""``herdmate eval refactor``: how often a refactoring is applied to real code, and to what end."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from herdmate.assist.withheld import reason_to_withhold_file
from herdmate.cli.serve import Commands
from herdmate.context.grammars import language_of
from herdmate.errors import SelectionError
from herdmate.eval.refactoring import (
    Check,
    Function,
    Outcome,
    RefactorSummary,
    functions,
    refactor_summaries,
    run_refactorings,
)

NAME = "eval-refactor"
"""What ``eval refactor`` is called inside."""

_ABOUT = """\
Gives functions of your own code to refactorings, through a real server, and tells how many were
applied, what was refused and why, and whether the files stay sound. Nothing is written to your
files; a check runs in a copy of the folder.
"""


def add_parser(commands: Commands) -> None:
    """``herdmate eval refactor PATH...``."""
    parser = commands.add_parser(NAME, prog="herdmate eval refactor", description=_ABOUT)
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a file or folder")
    parser.add_argument(
        "--action", action="append", default=[], metavar="NAME",
        help="as in prompts/; simplify where none is given",
    )  # fmt: skip
    parser.add_argument("--model", default="auto", help="a name, a path, or auto")
    parser.add_argument("--language", action="append", metavar="ID", help="only code in these")
    parser.add_argument("--count", type=int, default=20, metavar="N", help="functions")
    parser.add_argument(
        "--check", metavar="COMMAND",
        help="run this in a copy of the folder, the first PATH, after each edit",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("--records", type=Path, metavar="FILE", help="every outcome, as .jsonl")
    parser.add_argument("--fake-engine", type=Path, metavar="SCRIPT", help=argparse.SUPPRESS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    given = _functions(arguments)
    if not given:
        raise SelectionError("There is no function of 5 to 30 lines in code without syntax errors.")
    actions = list(dict.fromkeys(arguments.action)) or ["simplify"]
    settings = {"model": arguments.model, "engine": {"threads": arguments.threads}}
    fake, check = arguments.fake_engine, arguments.check
    outcomes: list[Outcome] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("refactoring", total=len(given) * len(actions))

        def on_outcome(outcome: Outcome) -> None:
            progress.advance(task)
            outcomes.append(outcome)
            if arguments.records:
                lines = (json.dumps(asdict(item)) + "\n" for item in outcomes)
                arguments.records.write_text("".join(lines), encoding="utf-8")

        serve = ("--fake-engine", str(fake)) if fake else ()
        checked = Check(arguments.paths[0].absolute(), check) if check else None
        asyncio.run(run_refactorings(given, actions, settings, serve, checked, on_outcome))
    found = refactor_summaries(outcomes)
    if arguments.json:
        about = {"paths": [str(path) for path in arguments.paths], "seed": arguments.seed,
                 "model": arguments.model}  # fmt: skip
        rows = [asdict(item) for item in found]
        sys.stdout.write(json.dumps({"conditions": about, "summaries": rows}, indent=1) + "\n")
    else:
        Console(highlight=False).print(_table(found))
    return 0


def _functions(arguments: argparse.Namespace) -> list[Function]:
    """A fixed sample: the same seed gives the same functions."""
    chance = random.Random(arguments.seed)
    files: list[Path] = []
    for path in arguments.paths:
        if not path.exists():
            raise SelectionError(f"There is no {path}; give a file or folder.")
        found = sorted(item for item in path.absolute().rglob("*") if item.is_file())
        files += [
            item for item in ([path.absolute()] if path.is_file() else found)
            if reason_to_withhold_file(item, path) is None
        ]  # fmt: skip
    wanted = arguments.language
    files = [item for item in files if language_of(item) and "test" not in item.name]
    files = [item for item in files if not wanted or language_of(item) in wanted]
    chance.shuffle(files)
    return functions(files, arguments.count, chance)


def _table(found: list[RefactorSummary]) -> Table:
    table = Table()
    titles = ("language", "action", "functions", "applied", "syntax broken", "outside", "checked",
              "passed", "seconds (median)")  # fmt: skip
    for title in titles:
        table.add_column(title, justify="left" if title in titles[:2] else "right")
    for item in found:
        table.add_row(
            item.language, item.action, str(item.functions),
            f"{item.applied} ({item.applied / item.functions:.0%})", str(item.broken_syntax),
            str(item.outside), str(item.checked), str(item.passed), f"{item.median_seconds:.1f}",
        )  # fmt: skip
    return table
