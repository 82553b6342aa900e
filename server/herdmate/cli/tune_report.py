"""How ``herdmate models tune`` reports its result: as text, JSON and a picture."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from herdmate.atomic_write import open_named
from herdmate.cli.console import Console
from herdmate.cli.curves import TITLES, as_svg, as_text, value_text
from herdmate.cli.terminal import write
from herdmate.errors import SelectionError
from herdmate.models.choices import ANSWER, Axis, Choice, Point

_BUSY = 0.3
"""Report the load from other programs if they use at least this many cores."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome: the point to keep, and what else the report needs.

    ``usual`` is the default choice and ``small_cache`` the chosen one with a ``q8_0`` cache;
    ``None`` if it could not be measured. ``others`` is the number of cores that other programs
    used.
    """

    chosen: Point
    usual: Point | None
    small_cache: Point | None
    curves: dict[str, list[Point]]
    points: list[Point]
    seconds: float
    others: float


def tell(
    arguments: argparse.Namespace, result: Result, is_saved: bool, path: Path, layers: int
) -> None:
    """Write the result to standard output, as JSON if requested."""
    if arguments.json:
        about = {
            "model": str(path), "layers": layers, "prompt": arguments.prompt, "answer": ANSWER,
            "limit": arguments.first_token, "saved": is_saved,
        }  # fmt: skip
        write(json.dumps(about | asdict(result), indent=1) + "\n")
        return
    console = Console(highlight=False)
    for part in (
        as_text(result.curves, result.chosen, layers), "",
        _chosen_text(result.chosen.choice, layers, result.curves),
        _reason(result, arguments.prompt, arguments.first_token), *_notes(result),
        _end(is_saved, arguments.no_save),
    ):  # fmt: skip
        console.print(part, soft_wrap=True)


def _chosen_text(choice: Choice, layers: int, curves: dict[str, list[Point]]) -> str:
    parts = [f"{TITLES[name]} {value_text(name, choice, layers)}" for name in curves]
    without = "" if "gpu_layers" in curves else f"; 0 of {layers} layers on the GPU"
    return f"Chosen: {', '.join(parts)}{without}."


def _reason(result: Result, prompt: int, limit: float) -> str:
    """Explain the choice in one sentence."""
    chosen, kept = result.chosen, result.points
    if limit:
        kept = [point for point in kept if point.first <= limit]
    least = min(point.answer_seconds for point in kept)
    among = f"{len(kept)} of {len(result.points)} ways" if limit else f"{len(kept)} ways measured"
    within = f" with a first token within {limit:g} s" if limit else ""
    if chosen.answer_seconds <= least:
        best = f"the fastest of the {among}{within}"
    else:
        best = f"as fast as the best of the {among}{within}, with fewer resources"
    usual, gain = result.usual, ""
    if usual is not None and usual.choice != chosen.choice:
        part = 1 - chosen.answer_seconds / usual.answer_seconds
        gain = f" ({abs(part):.0%} {'faster' if part >= 0 else 'slower'} than the default)"
    return (
        f"After a prompt of {prompt} tokens, the first token takes {chosen.first:.2f} s and "
        f"{chosen.rate:.1f} tokens per second follow, so an answer of {ANSWER} takes "
        f"{chosen.answer_seconds:.1f} s{gain}: {best}."
    )


def _notes(result: Result) -> list[str]:
    notes = []
    if (small := result.small_cache) is not None:
        part = small.answer_seconds / result.chosen.answer_seconds - 1
        notes.append(
            "With the setting engine.kvType at q8_0, the answer takes "
            f"{small.answer_seconds:.1f} s ({part:+.0%}); the choice is yours, since it changes "
            "answers slightly."
        )
    if result.others >= _BUSY:
        notes.append(
            f"Other programs used {result.others:.1f} cores meanwhile; tune again when they are "
            "idle."
        )
    return notes


def _end(is_saved: bool, no_save: bool) -> str:
    if is_saved:
        return "Saved; it takes effect the next time this model is loaded."
    return (
        ("Nothing was saved, as requested.")
        if no_save
        else "It could not be saved; check whether the disk is full."
    )


def draw(file: Path, result: Result, along: Sequence[Axis], path: Path, layers: int) -> None:
    """Draw the curves into a file. Raises ``SelectionError`` if it cannot be written."""
    title = f"{path.name}: an answer of {ANSWER} tokens in {result.chosen.answer_seconds:.1f} s"
    picture = as_svg(result.curves, along, result.chosen, layers, title)
    try:
        with open_named(file) as drawing:
            drawing.write(picture)
    except OSError as error:
        raise SelectionError(
            f"{file} cannot be written ({error.strerror}); pass another file to --svg."
        ) from error
