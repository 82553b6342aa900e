"""``herdmate eval refactor``: how often refactoring real code succeeds, and why it fails."""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich import box
from rich.console import Group
from rich.table import Table

from herdmate.cli.measuring import add_options, measured, model_of, tell
from herdmate.cli.parser import examples
from herdmate.context.languages import LANGUAGES
from herdmate.errors import SelectionError
from herdmate.eval.refactoring import (
    Check,
    Function,
    RefactorSummary,
    functions,
    refactor_summaries,
    run_refactorings,
)
from herdmate.eval.sources import code_files

_ABOUT = """\
Refactors functions of your own code, through a real server, and reports how many changes were
applied, what was refused and why, and whether the files stay valid. Test files are skipped. Your
files are never written to; a check runs in a copy of the folder.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate eval refactor PATH...``."""
    parser.description = _ABOUT
    parser.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a file or folder")
    parser.add_argument(
        "--action", action="append", default=[], metavar="ACTION",
        help="a name from prompts/; default: simplify",
    )  # fmt: skip
    parser.add_argument(
        "--language",
        action="append",
        metavar="ID",
        help="only code in this language; may be repeated",
    )
    parser.add_argument("--count", type=int, default=20, metavar="N", help="functions")
    parser.add_argument(
        "--check", metavar="COMMAND",
        help="command to run after each edit, in a copy of the first PATH",
    )  # fmt: skip
    add_options(parser, "outcome")
    parser.epilog = examples("herdmate eval refactor src --action simplify")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    given = _functions(arguments)
    if not given:
        raise SelectionError("There is no function of 5 to 30 lines in code without syntax errors.")
    actions = list(dict.fromkeys(arguments.action)) or ["simplify"]
    settings = {"model": model_of(arguments), "engine": {"threads": arguments.threads}}
    fake, check = arguments.fake_engine, _check(arguments)
    serve = ("--fake-engine", str(fake.absolute())) if fake else ()
    work = partial(run_refactorings, given, actions, settings, serve, check)
    total = len(given) * len(actions)
    outcomes = measured(work, "refactoring", total, arguments.records, asdict)
    about = {"paths": [str(path) for path in arguments.paths], "seed": arguments.seed,
             "model": model_of(arguments)}  # fmt: skip
    tell(arguments.json, about, refactor_summaries(outcomes), _report)
    return 0


def _check(arguments: argparse.Namespace) -> Check | None:
    if not arguments.check:
        return None
    if not (folder := arguments.paths[0].absolute()).is_dir():
        raise SelectionError(f"{folder} is not a folder; --check needs one to copy.")
    return Check(folder, arguments.check)


def _functions(arguments: argparse.Namespace) -> list[Function]:
    """A fixed sample: the same seed gives the same functions."""
    chance = random.Random(arguments.seed)
    languages = arguments.language or LANGUAGES
    files = [
        item for path in arguments.paths for item in code_files(path.absolute(), languages, chance)
    ]
    return functions(
        [item for item in files if "test" not in item.name.lower()], arguments.count, chance
    )


def _report(found: Sequence[RefactorSummary]) -> Group:
    """A row for each language and action, in 80 columns, and why the others were refused."""
    table = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    are_checked = any(item.checked for item in found)
    titles = ("language", "action", "functions", "applied", "broken", "outside", "seconds")
    for title in (*titles, *(("passed",) if are_checked else ())):
        is_name = title in titles[:2]
        table.add_column(title, justify="left" if is_name else "right", no_wrap=True)
    for item in found:
        table.add_row(
            item.language, item.action, str(item.functions),
            f"{item.applied} {item.applied / item.functions:.0%}", str(item.broken_syntax),
            str(item.outside), f"{item.median_seconds:.1f}",
            *((f"{item.passed} of {item.checked}",) if are_checked else ()),
        )  # fmt: skip
    reasons = sum((Counter(item.reasons) for item in found), Counter[str]())
    return Group(table, *(f"{count} × {reason}" for reason, count in reasons.most_common()))
