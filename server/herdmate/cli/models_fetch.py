"""``herdmate models pull``, and fetching a model for other commands."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from herdmate.cli.confirm import agrees
from herdmate.cli.console import Console, waiting
from herdmate.cli.parser import examples
from herdmate.cli.sizes import size_text
from herdmate.cli.terminal import write
from herdmate.errors import ModelError
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.origin import fetched, origin
from herdmate.models.resolve import asked
from herdmate.models.user_sources import is_given, pinned
from herdmate.models.verified_fetch import FetchProgress, fetch


def add_parser(actions: Any) -> None:
    """``herdmate models pull MODEL``."""
    parser = actions.add_parser("pull", help="fetch a model")
    parser.add_argument(
        "name", metavar="MODEL",
        help="codellama-7b, starter…, hf:OWNER/REPO/FILE.gguf or https://…/FILE.gguf",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="agree to the model's licence")
    parser.add_argument("--json", action="store_true", help="where the files are, as JSON")
    parser.epilog = examples(
        "herdmate models pull starter",
        "herdmate models pull hf:OWNER/REPO/FILE.gguf",
    )
    parser.set_defaults(run=_pull)


def pull_with_progress(model: CatalogueModel, console: Console) -> Path:
    """Fetch a model with a progress bar; on Ctrl-C say how to resume, then re-raise.

    Where it comes from is said before and after.
    """
    way = ""
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(),
        TransferSpeedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(model.title, total=model.size)

            def tell(state: FetchProgress) -> None:
                nonlocal way
                if state.way and not way:
                    console.print(f"Fetching {origin([model])}.", soft_wrap=True)
                way = state.way or way
                described = f"{model.title}: {state.phase} {state.way}".rstrip()
                progress.update(task, completed=state.done, description=described)

            path = asyncio.run(fetch(model, model_folder(), tell, in_place()))
    except KeyboardInterrupt:
        console.print("Stopped. Nothing is lost: run the same command to resume.")
        raise
    if way:
        console.print(fetched(model, way), soft_wrap=True)
    return path


def _pull(arguments: argparse.Namespace) -> int:
    console = Console(highlight=False, stderr=arguments.json)
    with waiting("Asking the host…"):
        files = asyncio.run(asked(arguments.name, model_folder()))
    if files[0].notice and not _agrees_to_licence(files[0], console, arguments.yes):
        raise ModelError("Nothing was fetched, because you did not agree to the licence.")
    if is_given(files[0].name):
        _show_given(files, console)
    paths = [pull_with_progress(model, console) for model in files]
    pins = {model.file: pinned(model.name, model_folder()) for model in files}
    if arguments.json:
        told = [{"file": str(path), "sha256": pin.sha256 if pin else model.sha256}
                for path, model, pin in zip(paths, files, pins.values(), strict=True)]  # fmt: skip
        write(json.dumps(told, indent=1) + "\n")
        return 0
    for name, pin in pins.items():
        if pin is not None:
            console.print(f"{name}: SHA-256 {pin.sha256}", soft_wrap=True)
    console.print(str(paths[0]), soft_wrap=True)
    return 0


def _show_given(files: Sequence[CatalogueModel], console: Console) -> None:
    """Print what is known about a file that the user named, before it is fetched."""
    for model in files:
        pin = f"SHA-256 {model.sha256}" if model.sha256 else "its hash will be pinned once fetched"
        console.print(f"{model.file}: {size_text(model.size)}, {pin}", soft_wrap=True)
    licence = "unknown: see" if files[0].licence == "unknown" else f"{files[0].licence}:"
    console.print(f"Licence {licence} {files[0].licence_url}", soft_wrap=True)


def _agrees_to_licence(model: CatalogueModel, console: Console, yes: bool) -> bool:
    """Show the licence's name and notice before the fetch, and ask for agreement."""
    console.print(f"Licence of {model.title}: {model.licence} ({model.licence_url}).")
    console.print(model.notice)
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ModelError("Add --yes to agree to this licence.")
    return agrees("Continue?", console)
