"""``herdmate models tune``: measure how this model runs best on this machine, and save it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import psutil
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from herdmate.cli.console import Console
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.tune_report import Result, draw, tell
from herdmate.errors import SelectionError
from herdmate.models.choices import ANSWER, Axis, Choice, Hardware, Point, axes, grid, start
from herdmate.models.choose import choose as choose_model
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.inspect import read_header
from herdmate.models.tune import Search, Trials, around, choose

_ABOUT = f"""\
Measures the time to the first token and the tokens per second with one setting after another, and
saves, for this model and machine, those that finish an answer of {ANSWER} tokens soonest; among
equals, those that need the fewest resources. Your own settings take precedence. Do not use the
machine while this runs.
"""

_BEYOND = 32
"""Tokens of context needed after the prompt, to time the ones that follow the first."""


class Speeds(Protocol):
    """See ``engine.speed_process.SpeedProcess``."""

    def first(self, profile: Any, kv_type: Any) -> float:
        """Seconds until the first token."""

    def step(self, profile: Any, kv_type: Any) -> float:
        """Seconds for each further token."""

    def seconds(self, profile: Any, count: int) -> float:
        """Seconds to evaluate ``count`` tokens at once."""

    def others_use(self) -> float:
        """The number of cores that other processes used."""

    def close(self) -> None:
        """End the measuring process."""


def add_parser(actions: Any) -> None:
    """``herdmate models tune MODEL``."""
    parser = actions.add_parser(
        "tune", help="find the fastest way to run a model here", description=_ABOUT
    )
    parser.add_argument(
        "name", nargs="?", metavar="MODEL", help="a name, a path, or auto; by default, the setting"
    )
    parser.add_argument(
        "--first-token", type=float, default=0.0, metavar="SECONDS",
        help="the longest that the first token may take; by default only the whole answer counts",
    )  # fmt: skip
    parser.add_argument(
        "--prompt",
        type=int,
        default=512,
        metavar="TOKENS",
        help="length of the prompt (default: 512)",
    )
    parser.add_argument("--context", type=int, metavar="TOKENS", help="instead of the setting's")
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the curves in this file")
    parser.add_argument("--no-save", action="store_true", help="only measure; save nothing")
    parser.add_argument(
        "--grid",
        action="store_true",
        help="measure all combinations, to check the search; takes a long time",
    )
    parser.epilog = examples("herdmate models tune", "herdmate models tune starter --first-token 1")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from herdmate.engine import tuning  # the engine imports llama.cpp, which takes a second

    free = psutil.virtual_memory().available
    asked, arguments.context = arguments.context, None  # any number that the model allows
    settings = settings_of(arguments)
    arguments.context = asked or settings.engine.context_tokens
    name = arguments.name or settings.model
    path = choose_model(name, model_folder(), free, arguments.context, in_place()).path
    console = Console(stderr=True, highlight=False)
    console.print(f"Model: {path}", soft_wrap=True)
    header = read_header(path)
    layers = header.count("block_count") + 1
    _check(arguments, header.count("context_length") or arguments.context)
    machine = _machine(path, layers)
    if not tuning.is_at_rest(0.5):
        console.print("Other programs are using the processor; the measurements may be wrong.")
    with closing(_speeds(path, arguments)) as speeds:
        try:
            result = _measured(machine, arguments, speeds, console)
            profile = tuning.with_steps(_profile(result.chosen.choice), speeds.seconds)
        except KeyboardInterrupt:
            console.print("Stopped; nothing was saved.")
            raise
    is_saved = not arguments.no_save and tuning.remember(str(path), profile)
    tell(arguments, result, is_saved, path, layers)
    if arguments.svg:
        draw(arguments.svg, result, axes(machine), path, layers)
    return 0 if is_saved or arguments.no_save else 1


def _check(arguments: argparse.Namespace, trained: int) -> None:
    context = min(arguments.context, trained)
    if not 1 <= arguments.prompt <= context - _BEYOND:
        raise SelectionError(
            f"A prompt of {arguments.prompt} tokens and {_BEYOND} more do not fit in a context of "
            f"{context}; lower --prompt or raise --context."
        )
    if arguments.first_token < 0:
        raise SelectionError("--first-token must be more than 0 seconds.")
    if arguments.svg and not arguments.svg.absolute().parent.is_dir():
        raise SelectionError(f"There is no folder {arguments.svg.absolute().parent} for --svg.")
    if arguments.svg and (arguments.svg.is_symlink() or arguments.svg.is_dir()):
        raise SelectionError(f"{arguments.svg} is a link or a folder; name a file for --svg.")


def _machine(path: Path, layers: int) -> Hardware:
    from herdmate.engine import tuning
    from herdmate.engine.devices import devices

    cores = psutil.cpu_count(logical=False) or 1
    may_repack = tuning.default(str(path)).weights == "repacked"
    return Hardware(cores, psutil.cpu_count() or cores, layers if devices() else 0, may_repack)


def _speeds(path: Path, arguments: argparse.Namespace) -> Speeds:
    from herdmate.engine.speed_process import SpeedProcess
    from herdmate.engine.start import LlamaStart

    return SpeedProcess(LlamaStart(str(path), context=arguments.context), arguments.prompt)


def _profile(choice: Choice) -> Any:
    """The choice as the engine's ``Profile``."""
    from herdmate.engine.tuning import Profile

    return Profile(
        choice.threads, choice.batch_threads, choice.flash_attention, choice.weights,
        gpu_layers=choice.gpu_layers, micro_batch=choice.micro_batch,
    )  # fmt: skip


def _measured(
    machine: Hardware, arguments: argparse.Namespace, speeds: Speeds, console: Console
) -> Result:
    along, usual, limit = axes(machine), start(machine), arguments.first_token
    started = time.monotonic()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("about"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        trials = _trials(arguments, speeds, progress, _how_many(along, usual, arguments.grid))
        if arguments.grid:
            for choice in grid(along, usual):
                trials.of(choice)
            chosen = choose(trials.points, limit)
            curves = around(chosen.choice, trials.points, along)
        else:
            search = Search(along, usual, trials, limit)
            search.run()
            chosen, curves = search.found(), search.curves
        points, seconds = trials.points, time.monotonic() - started
        small = _small_cache(chosen.choice, trials)
    first = next((point for point in points if point.choice == usual), None)
    return Result(chosen, first, small, curves, points, seconds, speeds.others_use())


def _how_many(along: Sequence[Axis], usual: Choice, is_grid: bool) -> int:
    """Roughly how many measurements to expect, to estimate the time left."""
    if is_grid:
        return 2 * len(grid(along, usual))
    return 2 + 2 * sum(len(axis.values) for axis in along)


def _trials(
    arguments: argparse.Namespace, speeds: Speeds, progress: Progress, total: int
) -> Trials:
    task = progress.add_task("measuring", total=total)

    def counted(measure: Callable[[Any, Any], float]) -> Callable[[Choice], float]:
        def seconds(choice: Choice) -> float:
            found = measure(_profile(choice), choice.kv_type)
            done = progress.tasks[0].completed + 1
            progress.update(task, completed=done, total=max(total, done + 1))
            return found

        return seconds

    def on_measured(point: Point) -> None:
        description = f"first token {point.first:.2f} s, {point.rate:.1f} tokens/s"
        progress.update(task, description=description)

    return Trials(
        counted(speeds.first), counted(speeds.step), apart=not arguments.grid,
        on_measured=on_measured,
    )  # fmt: skip


def _small_cache(chosen: Choice, trials: Trials) -> Point | None:
    other = replace(chosen, kv_type="q8_0")
    return trials.of(other, 2) if other.is_possible else None
