"""``herdmate models recommend`` and ``inspect``: what suits this machine, and what a file is."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from rich.text import Text

from herdmate.cli.console import Console, waiting
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import write
from herdmate.cli.wording import in_terminal
from herdmate.models.choose import named_model
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.recommend import Advice, Machine, Row, recommend
from herdmate.models.report import Report, report
from herdmate.user_folders import expanded

_MEANING = (
    "needs: memory, with {context} tokens of context. in: where it would run. worse by: what its "
    "quantisation adds to the perplexity of the full weights (published for LLaMA-7B; lower is "
    "better). tokens/s: estimated for this processor."
)


def add_parsers(actions: Any) -> None:
    """``herdmate models recommend`` and ``herdmate models inspect MODEL``."""
    advising = actions.add_parser("recommend", help="recommend a model for this machine")
    advising.add_argument("--json", action="store_true", help="the same as JSON")
    advising.epilog = examples("herdmate models recommend", "herdmate models recommend --context 0")
    advising.set_defaults(run=_recommend)
    looking = actions.add_parser(
        "inspect", help="show what a model file is, and what is wrong with it"
    )
    looking.add_argument("name", metavar="MODEL", help="a path, or a name as listed")
    looking.add_argument("--json", action="store_true", help="the same as JSON")
    looking.epilog = examples("herdmate models inspect starter", "herdmate models inspect my.gguf")
    looking.set_defaults(run=_inspect)


def _recommend(arguments: argparse.Namespace) -> int:
    from herdmate.engine.devices import devices  # imports llama.cpp

    context = settings_of(arguments).engine.context_tokens
    with waiting("Looking at this machine…"):
        gpus = devices()
    memory = psutil.virtual_memory()
    gpu = max((device.free for device in gpus), default=0)
    place = next(item for item in (model_folder(), *model_folder().parents) if item.exists())
    disk = shutil.disk_usage(place).free
    advice = recommend(Machine(memory.total, gpu, disk), context)
    if arguments.json:
        machine = {"memory": memory.total, "free_memory": memory.available, "free_disk": disk,
                   "gpus": [asdict(device) for device in gpus]}  # fmt: skip
        write(json.dumps(_advice_told(advice, machine), indent=1) + "\n")
        return 0 if advice.best else 1
    console = Console(highlight=False)
    names = [f"{device.name}, {size_text(device.free)} free" for device in gpus]
    console.print(
        f"Memory {size_text(memory.total)}, {size_text(memory.available)} free; "
        f"{psutil.cpu_count(logical=False) or 1} cores; {size_text(disk)} of disk space free; "
        f"{', '.join(names) or 'no GPU that this llama.cpp can use'}.",
    )
    _show_advice(advice, context, console)
    return 0 if advice.best else 1


def _show_advice(advice: Advice, context: int, console: Console) -> None:
    columns = (
        Column(""), Column("name"), Column("file", 2, right=True), Column("needs", 1, right=True),
        Column("in", 5), Column("worse by", 4, right=True), Column("tokens/s", 3, right=True),
    )  # fmt: skip
    rows = [(
        "→" if row == advice.best else "", row.model.name, size_text(row.model.size),
        size_text(row.needs), row.place,
        "" if row.perplexity is None else f"+{row.perplexity:.2f}", _speed(row),
    ) for row in advice.rows]  # fmt: skip
    show_table(columns, rows)
    console.print(_MEANING.format(context=context or "all its"), style="dim")
    if advice.best is None:
        console.print("No model fits; close other programs or free up disk space.")
        return
    pull = f"herdmate models pull {advice.best.model.name}"
    console.print(f"Recommended: {advice.best.model.title} ({pull})", soft_wrap=True)
    if advice.further:
        console.print(advice.further, soft_wrap=True)


def _speed(row: Row) -> str:
    return f"about {row.speed:.0f}" if row.speed >= 1 else "below 1" if row.speed else ""


def _advice_told(advice: Advice, machine: dict[str, Any]) -> dict[str, Any]:
    rows = [{
        "name": row.model.name, "title": row.model.title, "size": row.model.size,
        "needs": row.needs, "place": row.place, "perplexity": row.perplexity,
        "tokens_per_second": round(row.speed, 2) or None,
    } for row in advice.rows]  # fmt: skip
    best = advice.best.model.name if advice.best else None
    return {"machine": machine, "models": rows, "recommended": best, "further": advice.further}


def _inspect(arguments: argparse.Namespace) -> int:
    from herdmate.engine.loading import unknown_architecture  # imports llama.cpp

    context = settings_of(arguments).engine.context_tokens
    path = Path(expanded(arguments.name))
    if not os.path.lexists(path):
        path = named_model(arguments.name, model_folder(), in_place()).path
    with waiting("Reading the file…"):
        found = report(path, context)
        unknown = unknown_architecture(str(found.path)) if found.loads else ""
    faults = [in_terminal(fault) for fault in (*found.faults, unknown) if fault]
    loads = found.loads and not unknown
    free = psutil.virtual_memory().available
    if arguments.json:
        told = asdict(found) | {"faults": faults, "loads": loads, "fits": found.memory <= free}
        write(json.dumps(told, indent=1, default=str) + "\n")
    else:
        _show_report(found, loads, context, free)
        console = Console(highlight=False)
        for fault in faults:
            console.print(fault, soft_wrap=not console.is_terminal)
    return 1 if faults else 0


def _show_report(found: Report, loads: bool, context: int, free: int) -> None:
    fits = "fits" if found.memory <= free else "does not fit"
    needs = f"{size_text(found.memory)} with {context} tokens of context"
    rows = (
        ("file", str(found.path)),
        ("name", found.name),
        ("architecture", found.architecture),
        ("quant", found.quant),
        ("size", size_text(found.size)),
        ("trained on", f"{found.context} tokens of context, {found.vocabulary} in the vocabulary"),
        ("can", (", ".join(found.abilities) or "continue text only") if loads else "not be loaded"),
        ("asked as", found.family),
        ("note", found.limits),
        ("memory", f"{needs}; {fits} in the {size_text(free)} free" if loads else ""),
    )
    console = Console(highlight=False)
    for title, value in rows:
        if value:
            console.print(Text(f"{title:13} {value}"), soft_wrap=True)
