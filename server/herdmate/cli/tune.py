"""``herdmate models tune``: how this model is run best on this machine, measured and kept."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from herdmate.cli.curves import TITLES, as_svg, as_text, value_text
from herdmate.errors import SelectionError
from herdmate.models.choices import ANSWER, Axis, Choice, Machine, Point, axes, grid, start
from herdmate.models.choose import choose as choose_model
from herdmate.models.folder import model_folder
from herdmate.models.in_place import in_place
from herdmate.models.inspect import read_header
from herdmate.models.tune import Search, Trials, around, choose
from herdmate.settings import Settings

_ABOUT = f"""\
Measures the time to the first token and the tokens a second under one setting after another, and
keeps for this model and machine what gives an answer of {ANSWER} tokens the soonest; of what is
alike, what takes least of the machine. Settings that you made yourself stay in force. Leave the
machine alone meanwhile.
"""

_BEYOND = 32
"""Tokens of the context that are needed behind the prompt to measure the further ones."""


class Speeds(Protocol):
    """See ``engine.speed_process.SpeedProcess``."""

    def first(self, profile: Any, kv_type: Any) -> float:
        """Seconds until the first token."""

    def step(self, profile: Any, kv_type: Any) -> float:
        """Seconds of each further token."""

    def seconds(self, profile: Any, count: int) -> float:
        """Seconds of one evaluation of so many tokens."""

    def others_use(self) -> float:
        """Cores that other processes used."""

    def close(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True)
class _Result:
    """What was found: the point to keep, and what else is told of it.

    ``usual`` is what would be without a measurement, ``small_cache`` the chosen way with a cache of
    ``q8_0``, where there was memory for them; ``others`` are cores that other programs used.
    """

    chosen: Point
    usual: Point | None
    small_cache: Point | None
    curves: dict[str, list[Point]]
    points: list[Point]
    seconds: float
    others: float


def add_parser(actions: Any) -> None:
    """``herdmate models tune MODEL``."""
    parser = actions.add_parser(
        "tune", help="find out how a model is run best here", description=_ABOUT
    )
    parser.add_argument("model", nargs="?", default="auto", help="a name, a path, or auto")
    parser.add_argument(
        "--first-token", type=float, default=0.0, metavar="SECONDS",
        help="the longest that the first token may take; without it the whole answer counts alone",
    )  # fmt: skip
    parser.add_argument(
        "--prompt", type=int, default=512, metavar="TOKENS", help="length of the prompt (512)"
    )
    parser.add_argument(
        "--context", type=int, default=Settings().engine.context_tokens, metavar="TOKENS",
        help="your setting engine.contextTokens, where that is not the default",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the curves into this file")
    parser.add_argument("--no-save", action="store_true", help="only measure, keep nothing")
    parser.add_argument(
        "--grid", action="store_true", help="measure all combinations, to check the search; long"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from herdmate.engine import tuning  # the engine imports llama.cpp, which takes a second

    free = psutil.virtual_memory().available
    path = choose_model(arguments.model, model_folder(), free, arguments.context, in_place()).path
    console = Console(stderr=True, highlight=False)
    console.print(f"Model: {path}", markup=False, soft_wrap=True)
    header = read_header(path)
    layers = header.count("block_count") + 1
    _check(arguments, header.count("context_length") or arguments.context)
    machine = _machine(path, layers)
    if not tuning.is_at_rest(0.5):
        console.print("Other programs use the processor: what is measured now may be wrong.")
    with closing(_speeds(path, arguments)) as speeds:
        try:
            result = _measured(machine, arguments, speeds, console)
            profile = tuning.with_steps(_profile(result.chosen.choice), speeds.seconds)
        except KeyboardInterrupt:
            console.print("Stopped: nothing is saved.")
            raise
    is_saved = not arguments.no_save and tuning.remember(str(path), profile)
    _tell(arguments, result, is_saved, path, layers)
    if arguments.svg:
        _draw(arguments.svg, result, axes(machine), path, layers)
    return 0 if is_saved or arguments.no_save else 1


def _check(arguments: argparse.Namespace, trained: int) -> None:
    context = min(arguments.context, trained)
    if not 1 <= arguments.prompt <= context - _BEYOND:
        raise SelectionError(
            f"A prompt of {arguments.prompt} tokens and {_BEYOND} more do not fit into a context "
            f"of {context}; give another --prompt or --context."
        )
    if arguments.first_token < 0:
        raise SelectionError("Give --first-token in seconds, more than 0.")
    if arguments.svg and not arguments.svg.absolute().parent.is_dir():
        raise SelectionError(f"There is no folder {arguments.svg.absolute().parent} for --svg.")


def _machine(path: Path, layers: int) -> Machine:
    from herdmate.engine import tuning
    from herdmate.engine.devices import devices

    cores = psutil.cpu_count(logical=False) or 1
    may_repack = tuning.default(str(path)).weights == "repacked"
    return Machine(cores, psutil.cpu_count() or cores, layers if devices() else 0, may_repack)


def _speeds(path: Path, arguments: argparse.Namespace) -> Speeds:
    from herdmate.engine.loading import Load
    from herdmate.engine.speed_process import SpeedProcess

    return SpeedProcess(Load(str(path), context=arguments.context), arguments.prompt)


def _profile(choice: Choice) -> Any:
    """The engine's word for a choice."""
    from herdmate.engine.tuning import Profile

    return Profile(
        choice.threads, choice.batch_threads, choice.flash_attention, choice.weights,
        gpu_layers=choice.gpu_layers, micro_batch=choice.micro_batch,
    )  # fmt: skip


def _measured(
    machine: Machine, arguments: argparse.Namespace, speeds: Speeds, console: Console
) -> _Result:
    along, usual, limit = axes(machine), start(machine), arguments.first_token
    started = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
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
    return _Result(chosen, first, small, curves, points, seconds, speeds.others_use())


def _how_many(along: Sequence[Axis], usual: Choice, is_grid: bool) -> int:
    """About how many measurements there will be, for the time that is left."""
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
        told = f"first token {point.first:.2f} s, {point.rate:.1f} tokens/s"
        progress.update(task, description=told)

    return Trials(
        counted(speeds.first), counted(speeds.step), apart=not arguments.grid,
        on_measured=on_measured,
    )  # fmt: skip


def _small_cache(chosen: Choice, trials: Trials) -> Point | None:
    other = replace(chosen, kv_type="q8_0")
    return trials.of(other, 2) if other.is_possible else None


def _tell(
    arguments: argparse.Namespace, result: _Result, is_saved: bool, path: Path, layers: int
) -> None:
    if arguments.json:
        about = {
            "model": str(path), "layers": layers, "prompt": arguments.prompt, "answer": ANSWER,
            "limit": arguments.first_token, "saved": is_saved,
        }  # fmt: skip
        sys.stdout.write(json.dumps(about | asdict(result), indent=1) + "\n")
        return
    console = Console(highlight=False)
    for part in (
        as_text(result.curves, result.chosen, layers), "",
        _chosen_text(result.chosen.choice, layers, result.curves),
        _reason(result, arguments.prompt, arguments.first_token), *_notes(result),
        _end(is_saved, arguments.no_save),
    ):  # fmt: skip
        console.print(part, markup=False, soft_wrap=True)


def _chosen_text(choice: Choice, layers: int, curves: dict[str, list[Point]]) -> str:
    parts = [f"{TITLES[name]} {value_text(name, choice, layers)}" for name in curves]
    without = "" if "gpu_layers" in curves else f"; 0 of {layers} layers are on a GPU"
    return f"Chosen: {', '.join(parts)}{without}."


def _reason(result: _Result, prompt: int, limit: float) -> str:
    """Why that one, in one sentence."""
    chosen, kept = result.chosen, result.points
    if limit:
        kept = [point for point in kept if point.first <= limit]
    least = min(point.answer_seconds for point in kept)
    among = f"{len(kept)} of {len(result.points)} ways" if limit else f"{len(kept)} ways measured"
    within = f" whose first token comes within {limit:g} s" if limit else ""
    if chosen.answer_seconds <= least:
        best = f"the soonest of the {among}{within}"
    else:
        best = f"like the soonest of the {among}{within}, and takes less of the machine"
    usual, gain = result.usual, ""
    if usual is not None and usual.choice != chosen.choice:
        part = 1 - chosen.answer_seconds / usual.answer_seconds
        gain = f" ({abs(part):.0%} {'sooner' if part >= 0 else 'later'} than what is usual)"
    return (
        f"The first token comes after {chosen.first:.2f} s behind {prompt} others and "
        f"{chosen.rate:.1f} tokens a second follow, so that an answer of {ANSWER} takes "
        f"{chosen.answer_seconds:.1f} s{gain}: {best}."
    )


def _notes(result: _Result) -> list[str]:
    notes = []
    if (small := result.small_cache) is not None:
        part = small.answer_seconds / result.chosen.answer_seconds - 1
        notes.append(
            f"With herdmate.engine.kvType at q8_0 the answer takes {small.answer_seconds:.1f} s "
            f"({part:+.0%}); that is your choice, since it changes answers a little."
        )
    if result.others >= 0.3:
        notes.append(
            f"Other programs used {result.others:.1f} cores meanwhile: tune again when they rest."
        )
    return notes


def _end(is_saved: bool, no_save: bool) -> str:
    if is_saved:
        return "Saved: this model runs so here from its next start on."
    return "Nothing is saved, as asked." if no_save else "It could not be saved: is the disk full?"


def _draw(file: Path, result: _Result, along: Sequence[Axis], path: Path, layers: int) -> None:
    title = f"{path.name}: an answer of {ANSWER} tokens in {result.chosen.answer_seconds:.1f} s"
    picture = as_svg(result.curves, along, result.chosen, layers, title)
    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise SelectionError(
            f"{file} cannot be written ({error.strerror}); give --svg another file."
        ) from error
