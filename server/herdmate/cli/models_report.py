"""``herdmate models inspect``: what a file is, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from rich.text import Text

from herdmate.cli.console import Console, waiting
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text
from herdmate.cli.terminal import write
from herdmate.cli.wording import in_terminal
from herdmate.models import catalogue
from herdmate.models.choose import named_model
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.report import Report, report
from herdmate.user_folders import expanded


def add_parser(actions: Any) -> None:
    """``herdmate models inspect MODEL``."""
    looking = actions.add_parser(
        "inspect", help="show what a model file is, and what is wrong with it"
    )
    looking.add_argument("name", metavar="MODEL", help="a path, or a name as listed")
    looking.add_argument("--json", action="store_true", help="the same as JSON")
    looking.epilog = examples("herdmate models inspect starter", "herdmate models inspect my.gguf")
    looking.set_defaults(run=_inspect)


def _inspect(arguments: argparse.Namespace) -> int:
    from herdmate.engine.loading import unknown_architecture  # imports llama.cpp

    context = settings_of(arguments).engine.context_tokens
    path, name = Path(expanded(arguments.name)), ""
    if not os.path.lexists(path):
        item = named_model(arguments.name, model_folder(), in_place())
        path, name = item.path, item.name
    known = catalogue.of_file(path)
    name = known.name if known else name or path.name
    with waiting("Reading the file…"):
        found = report(path, context)
        unknown = unknown_architecture(str(found.path)) if found.loads else ""
    faults = [in_terminal(fault) for fault in (*found.faults, unknown) if fault]
    loads = found.loads and not unknown
    free = psutil.virtual_memory().available
    if arguments.json:
        told = asdict(found) | {"faults": faults, "loads": loads, "fits": found.memory <= free,
                               "listed": name}  # fmt: skip
        write(json.dumps(told, indent=1, default=str) + "\n")
    else:
        _show_report(found, name, loads, context, free)
        console = Console(highlight=False)
        for fault in faults:
            console.print(fault, soft_wrap=not console.is_terminal)
    return 1 if faults else 0


def _show_report(found: Report, name: str, loads: bool, context: int, free: int) -> None:
    fits = "fits" if found.memory <= free else "does not fit"
    needs = f"{size_text(found.memory)} with {context} tokens of context"
    rows = (
        ("file", str(found.path)),
        ("name", name),
        ("called inside", found.name),
        ("architecture", found.architecture),
        ("quant", found.quant),
        ("size", size_text(found.size)),
        ("trained on", f"{found.context} tokens of context, {found.vocabulary} in the vocabulary"),
        ("can", (", ".join(found.abilities) or "continue text only") if loads else "not be loaded"),
        ("made from", found.base),
        ("asked as", found.family),
        ("note", found.limits),
        ("memory", f"{needs}; {fits} in the {size_text(free)} free" if loads else ""),
    )
    console = Console(highlight=False)
    for title, value in rows:
        if value:
            console.print(Text(f"{title:13} {value}"), soft_wrap=True)
