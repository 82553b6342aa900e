"""``herdmate eval``: measure how good ghost text is, on published holes or your own code."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path

from herdmate.cli.measuring import add_options, measured, model_of, tell
from herdmate.cli.parser import examples
from herdmate.cli.serve import engine_starter
from herdmate.context.languages import LANGUAGES
from herdmate.context.project import Project
from herdmate.errors import SelectionError
from herdmate.eval.asking import NAMES, Conditions, model_name
from herdmate.eval.cross_file import calls, workspace
from herdmate.eval.holes import Hole, punch, read_set, sample
from herdmate.eval.run import record, run, summaries
from herdmate.eval.sources import code_files
from herdmate.eval.table import table

_ABOUT = """\
Fills holes in code through a real server and reports how many match the original. SET is a set of
holes (.jsonl or .jsonl.gz in the format of SantaCoder's infill set, of SAFIM or of HumanEvalPack),
or a file or folder of your own code, in which holes are made at random. Your files are never
written to.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate eval SET``."""
    parser.description = _ABOUT
    parser.add_argument("sets", type=Path, metavar="SET", nargs="+")
    parser.add_argument(
        "--language",
        action="append",
        metavar="ID",
        help="only holes in this language; may be repeated",
    )
    parser.add_argument("--count", type=int, default=100, metavar="N", help="holes per language")
    parser.add_argument(
        "--cut", choices=("line", "word", "block", "definition", "call"), default="line",
        help="what to remove from your code: the end of a line, the same from mid-word, whole "
        "lines, a function from the end of its head, or a call to code in another file",
    )  # fmt: skip
    parser.add_argument(
        "--baseline", action="append", default=[], choices=NAMES[1:],
        help="compare with the bare model, told how many lines are missing, untold, or with "
        "fragments of the other files; with Herdmate without token healing or other files; or with "
        "what Herdmate shows of the original text",
    )  # fmt: skip
    parser.add_argument(
        "--automatic",
        action="store_true",
        help="ask as if you were typing, not as an explicit request",
    )
    parser.add_argument(
        "--run-tests",
        action="store_true",
        help="run Python programs that contain the model's code, on this machine",
    )
    _add_sizes(parser)
    add_options(parser, "answer")
    parser.epilog = examples(
        "herdmate eval src", "herdmate eval src --cut definition --language python"
    )
    parser.set_defaults(run=_run)


def _add_sizes(parser: argparse.ArgumentParser) -> None:
    """What the model is given, and how much of the set."""
    parser.add_argument("--order", choices=("psm", "spm"), help="order of the bare model's prompt")
    parser.add_argument("--prefix-tokens", type=int, default=512, metavar="N")
    parser.add_argument("--suffix-tokens", type=int, default=128, metavar="N")
    parser.add_argument(
        "--max-tokens", type=int, metavar="N",
        help="per answer (default: 64, and 256 for a definition)",
    )  # fmt: skip
    parser.add_argument(
        "--half", choices=("first", "second"),
        help="only half of the holes, split by a hash of their code: tune on one half and "
        "test on the other",
    )  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    among = workspace(arguments.sets) if arguments.cut == "call" else None
    holes = _holes(arguments, among)
    if not holes:
        raise SelectionError(
            "There is nothing to fill in: no code without syntax errors was found."
        )
    names = ["herdmate", *dict.fromkeys(arguments.baseline)]
    fake = arguments.fake_engine
    most = arguments.max_tokens or (256 if arguments.cut == "definition" else 64)
    given = Conditions(
        model_of(arguments), arguments.prefix_tokens, arguments.suffix_tokens, most,
        arguments.threads, not arguments.automatic, arguments.order,
    )  # fmt: skip
    work = partial(run, holes, names, given, engine_starter(fake), arguments.run_tests, among)
    total = len(holes) * len(names)
    results = measured(work, "filling holes", total, arguments.records, record)
    about = {"set": [str(path) for path in arguments.sets], "seed": arguments.seed,
             "half": arguments.half,
             "model": model_of(arguments) if fake else model_name(model_of(arguments)),
             **asdict(given)}  # fmt: skip
    tell(arguments.json, about, summaries(results), table)
    return 0


def _holes(arguments: argparse.Namespace, among: Project | None) -> list[Hole]:
    """A fixed sample: the same seed gives the same holes."""
    chance = random.Random(arguments.seed)
    known: list[Hole] = []
    for path in arguments.sets:
        if not path.exists():
            raise SelectionError(f"{path} does not exist; pass a set of holes, a file or a folder.")
        if path.is_file() and ".jsonl" in path.name:
            known += _of_half(read_set(path), arguments.half)
            continue
        files = code_files(path, arguments.language or LANGUAGES, chance)
        most = arguments.count * max(len(arguments.language or ()), 1)
        made = calls(files, among.index, chance) if among else punch(files, arguments.cut, chance)
        punched = _of_half(made, arguments.half)
        known += islice(punched, most)
    wanted = arguments.language or dict.fromkeys(hole.language for hole in known)
    by_language = ([hole for hole in known if hole.language == language] for language in wanted)
    return [hole for holes in by_language for hole in sample(holes, arguments.count, chance)]


def _of_half(holes: Iterable[Hole], half: str | None) -> Iterator[Hole]:
    return (hole for hole in holes if half in (None, hole.half))
