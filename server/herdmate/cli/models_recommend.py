"""``herdmate models recommend``: the pair of models for this machine, why, and what it costs."""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import asdict
from typing import Any

import psutil
from rich.text import Text

from herdmate.cli.console import Console, waiting
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import write
from herdmate.models.discovery import in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.pair import ANSWER_TOKENS, Advice, Pair, recommend
from herdmate.models.recommend import BYTES_A_SECOND, Machine, Row

_WORDS_A_TOKEN = 0.75

_MEANING = (
    "for: what it is recommended for. download: the file. memory: what it takes while it runs, "
    "with room to see {seen}. runs on: the graphics processor (GPU), or the processor (CPU). "
    "writes: tokens a second, {source}; a token is about three quarters of a word. answer: seconds "
    "for one of 200 words, once it has begun. lost: what its compression costs, measured with a "
    "LLaMA; not known for others."
)

_LOST = ((0.03, "nothing"), (0.1, "hardly anything"), (0.3, "a little"), (9.0, "a lot"))
"""Words for what is added to the perplexity. The quants usually recommended add up to 0.1."""


def add_parser(actions: Any) -> None:
    """``herdmate models recommend``."""
    parser = actions.add_parser(
        "recommend", help="recommend models for this machine: for answers and for ghost text"
    )
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.epilog = examples("herdmate models recommend", "herdmate models recommend --context 0")
    parser.set_defaults(run=_recommend)


def _recommend(arguments: argparse.Namespace) -> int:
    from herdmate.engine.devices import devices  # imports llama.cpp
    from herdmate.models.measured_speed import bytes_a_second

    context = settings_of(arguments).engine.context_tokens
    with waiting("Looking at this machine…"):
        gpus = devices()
        found = (*own(model_folder()), *in_place())
        # What was measured with layers on a GPU says nothing about the processor.
        measured = None if gpus else bytes_a_second(found)
    memory = psutil.virtual_memory()
    gpu = max((device.free for device in gpus), default=0)
    place = next(item for item in (model_folder(), *model_folder().parents) if item.exists())
    disk = shutil.disk_usage(place).free
    here = frozenset(item.model.name for item in found if item.model)
    own_speed = measured or BYTES_A_SECOND
    advice = recommend(Machine(memory.total, gpu, disk, own_speed, here), context)
    if arguments.json:
        machine = {
            "memory": memory.total, "free_memory": memory.available, "free_disk": disk,
            "gpus": [asdict(device) for device in gpus], "measured": measured is not None,
        }  # fmt: skip
        write(json.dumps(_told(advice, machine), indent=1) + "\n")
        return 0 if advice.pair else 1
    console = Console(highlight=False)
    names = [f"{device.name}, {size_text(device.free)} free" for device in gpus]
    console.print(
        f"Memory {size_text(memory.total)}, {size_text(memory.available)} free; "
        f"{psutil.cpu_count(logical=False) or 1} cores; {size_text(disk)} of disk space free; "
        f"{', '.join(names) or 'no GPU that this llama.cpp can use'}.",
        soft_wrap=not console.is_terminal,
    )
    _show(advice, here, console)
    words = f"{context * _WORDS_A_TOKEN:.0f} words" if context else "all that it was trained to see"
    source = "measured here" if measured else "estimated from another machine"
    console.print(_MEANING.format(seen=words, source=source), style="dim",
                  soft_wrap=not console.is_terminal)  # fmt: skip
    return 0 if advice.pair else 1


def _show(advice: Advice, here: frozenset[str], console: Console) -> None:
    if advice.pair is None:
        console.print("No model fits; close other programs or free up disk space.")
        return
    for role, row in _roles(advice.pair):
        name = row.model.name
        pull = "already here" if name in here else f"herdmate models pull {name}"
        console.print(Text(f"For {role}: {row.model.title} ({pull})", style="bold"), soft_wrap=True)
    if not advice.pair.is_one:
        console.print("To use both: herdmate config set completion.model auto", style="bold")
    for reason in (*advice.reasons, advice.further):
        if reason:
            console.print(reason, soft_wrap=not console.is_terminal)
    console.print()
    _show_trade(advice.trade, advice.pair)


def _roles(pair: Pair) -> tuple[tuple[str, Row], ...]:
    if pair.is_one:
        return (("answers and ghost text", pair.answers),)
    return (("answers", pair.answers), ("ghost text", pair.ghost))


def _show_trade(rows: tuple[Row, ...], pair: Pair) -> None:
    columns = (
        Column("for", 1), Column("name"), Column("download", 5, right=True),
        Column("memory", 2, right=True), Column("runs on", 4), Column("writes", 3, right=True),
        Column("answer", 6, right=True), Column("lost", 8), Column("licence", 7),
    )  # fmt: skip
    roles = {row.model.name: "both" if pair.is_one else role for role, row in _roles(pair)}
    show_table(columns, [(
        roles.get(row.model.name, ""), row.model.name, size_text(row.model.size),
        size_text(row.needs), "GPU" if row.place == "GPU" else "CPU", _speed(row),
        f"{ANSWER_TOKENS / row.speed:.0f} s" if row.speed else "", _lost(row),
        row.model.licence,
    ) for row in rows])  # fmt: skip


def _speed(row: Row) -> str:
    if row.place == "GPU":
        return "fast"
    return f"about {row.speed:.0f}" if row.speed >= 1 else "below 1"


def _lost(row: Row) -> str:
    if row.perplexity is None:
        return ""
    return next(words for most, words in _LOST if row.perplexity < most)


def _told(advice: Advice, machine: dict[str, Any]) -> dict[str, Any]:
    rows = [{
        "name": row.model.name, "title": row.model.title, "size": row.model.size,
        "needs": row.needs, "place": row.place, "perplexity": row.perplexity,
        "tokens_per_second": round(row.speed, 2) or None, "infill": row.model.infill,
        "instruct": row.model.instruct,
    } for row in advice.rows]  # fmt: skip
    pair = advice.pair
    names = pair and {"answers": pair.answers.model.name, "ghost_text": pair.ghost.model.name}
    return {
        "machine": machine,
        "models": rows,
        "recommended": pair.answers.model.name if pair else None,
        "pair": names,
        "reasons": advice.reasons,
        "further": advice.further,
    }
