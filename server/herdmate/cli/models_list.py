"""``herdmate models list``: the models on this machine, those that suit it, and all others."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import psutil

from herdmate.cli.models_in_use import InUse, models_in_use
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import tell, write
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import Elsewhere
from herdmate.models.discovery import in_place
from herdmate.models.folder import model_folder
from herdmate.models.listing import Listed, listed
from herdmate.models.pair import recommend
from herdmate.models.recommend import Machine

_HERE = "On this machine"
_ADVISED = "Recommended for this machine"
_ELSEWHERE = "Known by address only: the hash is pinned at the first download"

_MEANING = (
    "short name: commands take it too. in use: what for, or both; `herdmate config set model` and "
    "`config set completion.model` change it. can: ghost text (fills in at the cursor), answers "
    "(explains, refactors, chats), or continues text. needs: memory while it runs. fits: in the "
    "memory that is free now. context: the most tokens that it can see."
)

_COLUMNS = (
    Column("name"), Column("short name", 1), Column("in use", 2), Column("size", 3, right=True),
    Column("needs", 6, right=True), Column("fits", 4), Column("can", 5),
    Column("context", 8, right=True), Column("place", 7), Column("licence", 9), Column("path", 10),
)  # fmt: skip


def add_parser(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """``herdmate models list [WORD]``."""
    parser = actions.add_parser(
        "list", help="list the models on this machine and those that suit it"
    )
    parser.add_argument("word", nargs="?", metavar="WORD", help="only names that contain it")
    parser.add_argument("--json", action="store_true", help="everything known about them, as JSON")
    parser.add_argument("--all", action="store_true", help="all that can be fetched")
    parser.epilog = examples("herdmate models list", "herdmate models list 13b --all")
    parser.set_defaults(run=_list)


def _list(arguments: argparse.Namespace) -> int:
    settings, memory = settings_of(arguments), psutil.virtual_memory()
    context = settings.engine.context_tokens
    every = listed(model_folder(), context, in_place())
    word = (arguments.word or "").lower()
    alias = _name_of(word)
    found = [model for model in every
             if model.name == alias or word in f"{model.name} {model.title}".lower()]  # fmt: skip
    far = [item for item in catalogue.elsewhere() if word in f"{item.name} {item.title}".lower()]
    if not found and not far:
        raise ModelError(f"No model has {arguments.word!r} in its name; see --all.")
    used = models_in_use(settings)
    if arguments.json:
        rows = [_as_json(model, memory.available, used) for model in found]
        write(json.dumps(rows, indent=1, default=str) + "\n")
        return 0
    advised = _advised(memory.total, context)
    is_whole = arguments.all or bool(word)
    shown = [model for model in found if model.path or is_whole or model.name in advised]
    _show(shown, far if is_whole else (), memory.available, advised, used)
    tell(_MEANING)
    for note in () if word else used.unlisted([model.path for model in shown]):
        tell(note)
    if not is_whole:
        hidden = len(found) - len(shown) + len(far)
        tell(f"{hidden} more can be fetched: herdmate models list --all, or a WORD of their names")
    return 0


def _name_of(word: str) -> str:
    """The full name for one such as ``starter``; empty if it is none."""
    with suppress(ModelError):
        return catalogue.find(word).name
    return ""


def _short(name: str) -> str:
    """The name such as ``starter`` for a model; empty if it has none."""
    return next((word for word in catalogue.short_names() if _name_of(word) == name), "")


def _advised(memory: int, context: int) -> frozenset[str]:
    """The starter and what is recommended without a GPU, which is not looked for: it takes time."""
    pair = recommend(Machine(memory, 0, sys.maxsize), context).pair
    names = [pair.answers.model.name, pair.ghost.model.name] if pair else []
    return frozenset([*names, catalogue.starter().name])


def _show(
    found: Sequence[Listed], far: Sequence[Elsewhere], free: int, advised: frozenset[str],
    used: InUse,
) -> None:  # fmt: skip
    """One row per model, in groups. Names are never left out, because other commands take them."""
    groups = [_group(model, advised) for model in found]
    order = {name: at for at, name in enumerate([_HERE, _ADVISED, *groups])}
    ranked = sorted(zip(groups, found, strict=True), key=lambda pair: order[pair[0]])
    rows = [_row(model, free, used) for _, model in ranked]
    rows += [_row_of_address(item) for item in far]
    titles = [group for group, _ in ranked] + [_ELSEWHERE] * len(far)
    show_table(_COLUMNS, rows, titles)


def _group(model: Listed, advised: frozenset[str]) -> str:
    if model.path:
        return _HERE
    return _ADVISED if model.name in advised else model.title.removesuffix(f" {model.quant}")


def _row(model: Listed, free: int, used: InUse) -> tuple[str, ...]:
    uses = used.uses_of(model.path)
    return (
        model.name, _short(model.name), "both" if len(uses) > 1 else "".join(uses),
        size_text(model.size), size_text(model.needs), "yes" if model.needs <= free else "no",
        _can(model), f"{model.context}" if model.context else "?", model.place, model.licence,
        str(model.path or ""),
    )  # fmt: skip


def _row_of_address(item: Elsewhere) -> tuple[str, ...]:
    size = size_text(item.size) if item.size else "?"
    can = _can(item)
    return item.name, "", "", size, "?", "?", can, "?", "", item.licence, item.address


def _as_json(model: Listed, free: int, used: InUse) -> dict[str, Any]:
    uses = [use.replace(" ", "_") for use in used.uses_of(model.path)]
    return asdict(model) | {
        "fits": model.needs <= free, "short_name": _short(model.name), "in_use": uses
    }  # fmt: skip


def _can(model: Listed | Elsewhere) -> str:
    can = (("ghost text", model.infill), ("answers", model.instruct))
    return ", ".join(word for word, does in can if does) or "continues text"
