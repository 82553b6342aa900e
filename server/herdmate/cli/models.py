"""``herdmate models``: list, fetch, find and remove models."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import psutil

from herdmate.cli import (
    models_fetch,
    models_list,
    models_recommend,
    models_report,
    perplexity,
    tune,
)
from herdmate.cli.confirm import agrees
from herdmate.cli.console import Console
from herdmate.cli.parser import Parser, examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text
from herdmate.cli.terminal import tell, tell_error, write
from herdmate.errors import ModelError
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import choose
from herdmate.models.discovery import in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.resolve import fetched
from herdmate.models.split import parts_of
from herdmate.models.verified_fetch import remove


def add_arguments(parser: Parser) -> None:
    """``herdmate models list | pull | path | rm | recommend | inspect | perplexity | tune``."""
    parser.epilog = examples(
        "herdmate models list", "herdmate models recommend", "herdmate models pull starter"
    )
    actions = parser.add_commands("actions", "ACTION")
    models_list.add_parser(actions)
    models_fetch.add_parser(actions)
    path = actions.add_parser("path", help="print the path of the model that would be used")
    path.add_argument("name", metavar="MODEL", nargs="?", help="by default, the setting model")
    path.add_argument("--json", action="store_true", help="the same as JSON")
    path.set_defaults(run=_path)
    removing = actions.add_parser("rm", help="remove a model's file, or a partial download of it")
    removing.add_argument("name", metavar="MODEL", help="a name as listed")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    removing.epilog = examples("herdmate models rm codellama-13b")
    removing.set_defaults(run=_remove)
    models_recommend.add_parser(actions)
    models_report.add_parser(actions)
    perplexity.add_parser(actions)
    tune.add_parser(actions)


def _path(arguments: argparse.Namespace) -> int:
    free, settings = psutil.virtual_memory().available, settings_of(arguments)
    name = arguments.name or settings.model
    chosen = choose(name, model_folder(), free, settings.engine.context_tokens, in_place())
    if arguments.json:
        told = {"model": name, "path": str(chosen.path), "fits": chosen.fits,
                "note": chosen.note or None}  # fmt: skip
        write(json.dumps(told, indent=1) + "\n")
    else:
        write(f"{chosen.path}\n")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    folder = model_folder()
    files = _unknown(arguments.name, folder)
    models = () if files else _own(arguments.name)
    known = (folder / model.file for model in models)
    files = files or [path for path in known if os.path.lexists(path)]
    if files and not arguments.yes:
        what = f"{', '.join(map(str, files))} ({size_text(sum(map(_size, files)))})"
        if not sys.stdin.isatty():
            tell_error(f"herdmate: Add --yes to remove {what}.")
            return 1
        if not agrees(f"Remove {what}?", Console(highlight=False)):
            return 1
    for model in models:
        remove(model, folder)
    for path in files:
        path.unlink(missing_ok=True)
        tell(f"Removed {path}")
    return 0


def _unknown(name: str, folder: Path) -> list[Path]:
    """The files of a listed model in our folder that is in no catalogue and was never pinned."""
    item = next((item for item in own(folder) if item.name == name and item.model is None), None)
    if item is None:
        return []
    return [path for part in parts_of(item.path.name) if os.path.lexists(path := folder / part)]


def _size(path: Path) -> int:
    return os.lstat(path).st_size


def _own(name: str) -> tuple[CatalogueModel, ...]:
    """The models of a name; ``ModelError`` for other programs' files, which are theirs."""
    other = next((item for item in in_place() if name in (item.name, str(item.path))), None)
    if other is not None and not os.path.lexists(model_folder() / other.path.name):
        raise ModelError(f"{name} belongs to {other.place}; remove it there.")
    if os.path.basename(name) != name and os.path.isfile(name):
        if os.path.realpath(os.path.dirname(name)) != os.path.realpath(model_folder()):
            raise ModelError(f"{name} is not in {model_folder()}, so it is yours to remove.")
        name = os.path.basename(name)
    return fetched(name, model_folder())
