"""``herdmate models``: list, fetch, find and remove models."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import psutil
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from herdmate.cli import perplexity, tune
from herdmate.cli.confirm import agrees
from herdmate.cli.console import Console
from herdmate.cli.parser import Parser
from herdmate.cli.terminal import write
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import choose
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.listing import Listed, listed
from herdmate.models.recommend import Machine, recommend
from herdmate.models.report import report
from herdmate.models.resolve import asked, fetched
from herdmate.models.user_sources import is_given, pinned
from herdmate.models.verified_fetch import FetchProgress, fetch, remove
from herdmate.settings import Settings
from herdmate.user_folders import expanded

_VARIANTS = (
    "--all adds the base models, which fill in the middle (7B, 13B, 70B) but do not follow\n"
    "instructions, and the Python variants, which only continue the text before the cursor\n"
    "and are at their best in Python."
)


def add_arguments(parser: Parser) -> None:
    """``herdmate models list | pull | path | rm | recommend | inspect | perplexity | tune``."""
    actions = parser.add_commands("actions", "ACTION")
    listing = actions.add_parser(
        "list", help="list the models on this machine and those available to fetch"
    )
    listing.add_argument("--json", action="store_true", help="everything known about them, as JSON")
    listing.add_argument("--all", action="store_true", help="include base and Python variants")
    listing.set_defaults(run=_list)
    pulling = actions.add_parser("pull", help="fetch a model")
    pulling.add_argument(
        "name",
        metavar="MODEL",
        help="codellama-7b, starter…, hf:OWNER/REPO/FILE.gguf or https://…/FILE.gguf",
    )
    pulling.add_argument("--yes", action="store_true", help="agree to the model's licence")
    pulling.set_defaults(run=_pull)
    path = actions.add_parser("path", help="print the path of the model that would be used")
    path.add_argument("name", metavar="MODEL", nargs="?", default="auto")
    path.set_defaults(run=_path)
    removing = actions.add_parser("rm", help="remove a model's file, or a partial download of it")
    removing.add_argument("name", metavar="MODEL")
    removing.set_defaults(run=_remove)
    advising = actions.add_parser("recommend", help="recommend a model for this machine")
    advising.set_defaults(run=_recommend)
    looking = actions.add_parser(
        "inspect", help="show what a model file is, and what is wrong with it"
    )
    looking.add_argument("path", type=Path, metavar="PATH")
    looking.set_defaults(run=_inspect)
    perplexity.add_parser(actions)
    tune.add_parser(actions)


def pull_with_progress(model: CatalogueModel, console: Console) -> Path:
    """Fetch a model with a progress bar; on Ctrl-C say how to resume, then re-raise."""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(),
        TransferSpeedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(model.title, total=model.size)

            def tell(state: FetchProgress) -> None:
                described = f"{model.title}: {state.phase}"
                progress.update(task, completed=state.done, description=described)

            return asyncio.run(fetch(model, model_folder(), tell, in_place()))
    except KeyboardInterrupt:
        console.print("Stopped. Nothing is lost: run the same command to resume.")
        raise


def _list(arguments: argparse.Namespace) -> int:
    free = psutil.virtual_memory().available
    found = listed(model_folder(), Settings().engine.context_tokens, in_place())
    if arguments.json:
        rows = [asdict(model) | {"fits": model.needs <= free} for model in found]
        write(json.dumps(rows, indent=1, default=str) + "\n")
        return 0
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WHOLE)
    shown = [model for model in found if model.instruct or model.path or arguments.all]
    console.print(_table(shown, free, console.width >= _WIDE))
    if not arguments.all:
        console.print(_VARIANTS)
    for model in found:
        if model.place:
            console.print(f"{model.name}: {model.path}", soft_wrap=True)
    return 0


_WIDE = 120
"""Terminal columns from which the table also shows family, quantisation and licence."""

_WHOLE = 240
"""Columns of a table that goes to a pipe or a file."""


def _table(found: Sequence[Listed], free: int, wide: bool) -> Table:
    """One row per model. The name is never cut, because other commands take it."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("name", no_wrap=True, overflow="ignore")
    for title in ("size", "context", "can", "fits", "where"):
        table.add_column(title, no_wrap=title == "size")
    for title in ("family", "quant", "licence") if wide else ():
        table.add_column(title, no_wrap=True)
    for model in found:
        can = [word for word in ("infill", "instruct") if getattr(model, word)]
        table.add_row(
            Text(model.name), f"{model.size / 1e9:.1f} GB",
            f"{model.context}" if model.context else "?", " ".join(can) or "continue",
            "yes" if model.needs <= free else "no", (model.place or "here") if model.path else "",
            *((Text(model.family), model.quant, Text(model.licence)) if wide else ()),
        )  # fmt: skip
    return table


def _pull(arguments: argparse.Namespace) -> int:
    console = Console(highlight=False)
    files = asyncio.run(asked(arguments.name, model_folder()))
    if files[0].notice and not _agrees_to_licence(files[0], console, arguments.yes):
        return 1
    if is_given(files[0].name):
        _show_given(files, console)
    paths = [pull_with_progress(model, console) for model in files]
    for model in files:
        if (known := pinned(model.name, model_folder())) is not None:
            console.print(f"{model.file}: SHA-256 {known.sha256}", soft_wrap=True)
    console.print(str(paths[0]), soft_wrap=True)
    return 0


def _show_given(files: Sequence[CatalogueModel], console: Console) -> None:
    """Print what is known about a file that the user named, before it is fetched."""
    for model in files:
        sha256 = (
            (f"SHA-256 {model.sha256}")
            if model.sha256
            else "its hash will be pinned once it is fetched"
        )
        console.print(f"{model.file}: {model.size / 1e9:.2f} GB, {sha256}",
                      soft_wrap=True)  # fmt: skip
    console.print(f"Licence unknown: see {files[0].licence_url}", soft_wrap=True)


def _path(arguments: argparse.Namespace) -> int:
    free = psutil.virtual_memory().available
    context = Settings().engine.context_tokens
    chosen = choose(arguments.name, model_folder(), free, context, in_place())
    write(f"{chosen.path}\n")
    return 0


def _recommend(_arguments: argparse.Namespace) -> int:
    from herdmate.engine.devices import devices  # imports llama.cpp

    memory, context = psutil.virtual_memory(), Settings().engine.context_tokens
    gpus = devices()
    gpu = max((device.free for device in gpus), default=0)
    place = next(item for item in (model_folder(), *model_folder().parents) if item.exists())
    disk = shutil.disk_usage(place).free
    advice = recommend(Machine(memory.total, gpu, disk), context)
    console = Console(highlight=False)
    console.print(
        f"Memory {memory.total / 1e9:.0f} GB, {memory.available / 1e9:.0f} free; "
        f"{psutil.cpu_count(logical=False) or 1} cores; {disk / 1e9:.0f} GB of disk space free; "
        + (", ".join(f"{device.name}, {device.free / 1e9:.0f} GB free" for device in gpus)
           or "no GPU that this llama.cpp can use") + ".",
    )  # fmt: skip
    columns = ("", "name", "file", "needs", "in", "perplexity", "tokens/s")
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for row in advice.rows:
        table.add_row(
            "→" if row == advice.best else "", row.model.name, f"{row.model.size / 1e9:.1f} GB",
            f"{row.needs / 1e9:.1f} GB", row.place,
            "" if row.perplexity is None else f"+{row.perplexity:.2f}",
            f"about {row.speed:.0f}" if row.speed >= 1 else "below 1" if row.speed else "",
        )  # fmt: skip
    console.print(table)
    if advice.best is None:
        console.print("No model fits; close other programs or free up disk space.")
        return 1
    pull = f"herdmate models pull {advice.best.model.name}"
    console.print(f"Recommended: {advice.best.model.title} ({pull})", soft_wrap=True)
    if advice.further:
        console.print(advice.further, soft_wrap=True)
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    from herdmate.engine.loading import unknown_architecture  # imports llama.cpp

    context = Settings().engine.context_tokens
    found = report(Path(expanded(str(arguments.path))), context)
    free = psutil.virtual_memory().available
    fits = "fits" if found.memory <= free else "does not fit"
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for title, value in (
        ("name", found.name),
        ("architecture", found.architecture),
        ("quant", found.quant),
        ("size", f"{found.size / 1e9:.2f} GB"),
        ("trained on", f"{found.context} tokens of context, {found.vocabulary} in the vocabulary"),
        ("can", ", ".join(found.abilities) or "continue text only"),
        ("memory", f"{found.memory / 1e9:.1f} GB with {context} tokens of context; {fits} in "
                   f"the {free / 1e9:.1f} GB free"),
    ):  # fmt: skip
        table.add_row(title, Text(value))
    console = Console(highlight=False)
    console.print(table)
    faults = [fault for fault in (*found.faults, unknown_architecture(str(found.path))) if fault]
    for fault in faults:
        console.print(fault)
    return 1 if faults else 0


def _remove(arguments: argparse.Namespace) -> int:
    for model in fetched(arguments.name, model_folder()):
        remove(model, model_folder())
    return 0


def _agrees_to_licence(model: CatalogueModel, console: Console, yes: bool) -> bool:
    """Show the licence's name and notice before the fetch, and ask for agreement."""
    console.print(f"Licence of {model.title}: {model.licence} ({model.licence_url}).")
    console.print(model.notice)
    if yes:
        return True
    if not sys.stdin.isatty():
        console.print("Add --yes to agree to this licence.")
        return False
    return agrees("Continue?", console)
