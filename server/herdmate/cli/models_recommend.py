"""``herdmate models recommend``: the pair of models for this machine, why, and what it costs."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from math import isinf
from typing import Any

import psutil
from rich.text import Text

from herdmate.cli.console import Console, waiting
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text, speed_text, tokens_text
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import write
from herdmate.errors import ModelError
from herdmate.models.answer_speed import Writer, in_use
from herdmate.models.choose import choose
from herdmate.models.discovery import in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.measured_speed import bytes_a_second, to_measure
from herdmate.models.pair import ANSWER_TOKENS, Advice, Pair, recommend
from herdmate.models.recommend import BYTES_A_SECOND, Machine, Row
from herdmate.roles import is_apart, is_open
from herdmate.settings import Settings

_WORDS_A_TOKEN = 0.75

_MEANING = (
    "for: what it is recommended for, or in use. download: the file. memory: what it takes while "
    "it runs, with room to see {seen}. runs on: the graphics processor (GPU) or the processor "
    "(CPU). writes: tokens a second, estimated from {source}; a token is about three quarters of a "
    "word. answer: seconds for one of 200 words, once it has begun, estimated too. lost: what its "
    "compression costs, measured with a LLaMA; not known for others."
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
    from herdmate.engine.measured_steps import measured_in_process

    settings = settings_of(arguments)
    context = settings.engine.context_tokens
    with waiting("Looking at this machine…"):
        gpus = devices()
        found = (*own(model_folder()), *in_place())
        measured = bytes_a_second(found, measured_in_process(to_measure(found)))
        memory = psutil.virtual_memory()
        now, faster = _in_use(settings, memory)
    gpu = max([device.free for device in gpus] or [0])
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
        told = _told(advice, machine) | {"now": _as_json(now), "faster": _as_json(faster)}
        write(json.dumps(told, indent=1) + "\n")
        return 0 if advice.pair else 1
    names = [f"{device.name}, {size_text(device.free)} free" for device in gpus]
    _show_machine(memory, disk, ", ".join(names) or "no GPU that this llama.cpp can use")
    _show_now(settings, now, faster)
    _show(advice, here, settings, now)
    if advice.pair is None:
        return 1
    _show_trade(advice, advice.pair, [item.name for item in (now, faster) if item])
    words = f"{context * _WORDS_A_TOKEN:.0f} words" if context else "all that it was trained to see"
    source = "models measured here" if measured else "another machine"
    _say(_MEANING.format(seen=words, source=source), style="dim")
    return 0


def _show_machine(memory: Any, disk: int, gpus: str) -> None:
    cores = psutil.cpu_count(logical=False) or 1
    _say(f"Memory {size_text(memory.total)}, {size_text(memory.available)} free; {cores} cores; "
         f"{size_text(disk)} of disk space free; {gpus}.")  # fmt: skip


def _say(text: str, style: str = "", is_whole: bool = False) -> None:
    """Print a line, wrapped at words on a terminal unless it is to be kept whole."""
    console = Console(highlight=False)
    console.print(Text(text, style=style), soft_wrap=is_whole or not console.is_terminal)


def _in_use(settings: Settings, memory: Any) -> tuple[Writer | None, Writer | None]:
    """The model that answers, if one on this machine does, and a faster one, if there is any."""
    others, context = in_place(), settings.engine.context_tokens
    if settings.remote.url:
        return None, None
    with suppress(ModelError, OSError):
        chosen = choose(settings.model, model_folder(), memory.available, context, others)
        return in_use(chosen, context, memory.total, others)
    return None, None


def _show_now(settings: Settings, now: Writer | None, faster: Writer | None) -> None:
    """What runs now, and what would be faster."""
    if settings.remote.url:
        _say(f"\nIn use: {settings.remote.url}. This is about models on this machine.")
    if now is not None:
        _say(f"\nIn use: {now.name}; it writes {speed_text(now)}.")
        if now.slowed:
            _say(f"Its last answer came at {tokens_text(now.slowed)}; `herdmate doctor` says why.")
    if faster is not None:
        _say(f"Faster: {faster.name}, {speed_text(faster)}:")
        for command in _use(faster.name, faster.is_here):
            _say(f"  {command}", is_whole=True)


def _show(advice: Advice, here: frozenset[str], settings: Settings, now: Writer | None) -> None:
    if advice.pair is None:
        _say("\nNo model fits; close other programs or free up disk space.")
        return
    _say("")
    for role, row in _roles(advice.pair):
        is_here = "already here" if row.model.name in here else size_text(row.model.size)
        _say(f"Recommended for {role}: {row.model.name} ({is_here})", "bold", is_whole=True)
    for reason in (*_reasons(advice, advice.pair.answers, now), advice.further):
        if reason:
            _say(reason)
    commands = _commands(advice.pair, here, settings, now)
    is_slower = now is not None and _is_slower(advice.pair.answers, now)
    use = "If that is worth the wait, to use it:" if is_slower else "To use this:"
    _say(use if commands else "This is what is in use.")
    for command in commands:
        _say(f"  {command}", "" if is_slower else "bold", is_whole=True)
    _say("")


def _reasons(advice: Advice, answers: Row, now: Writer | None) -> list[str]:
    """The reasons, and what changes compared with the model in use."""
    if now is None:
        return list(advice.reasons)
    said = [reason for reason in advice.reasons if f"set model {now.name}`" not in reason]
    if _is_slower(answers, now):
        better = f"{answers.model.name} answers better than {now.name}, but more slowly; "
        return [f"{better}{now.name}, which is in use, is the quick choice.", *said]
    return said


def _is_slower(answers: Row, now: Writer) -> bool:
    return answers.model.name != now.name and 0 < answers.speed < now.speed


def _commands(
    pair: Pair, here: frozenset[str], settings: Settings, now: Writer | None
) -> list[str]:
    """What is left to do until the pair is in use."""
    answers, ghost = pair.answers.model.name, pair.ghost.model.name
    is_used = now is not None and now.name == answers
    pulls = dict.fromkeys(name for name in (answers, ghost) if name not in here)
    found = [f"herdmate models pull {name}" for name in pulls]
    if not is_used:
        found.append(f"herdmate config set model {answers}")
    if settings.remote.url:
        found.append("herdmate config unset remote.url")
    is_chosen = is_apart(settings) and (is_used or not is_open(settings))
    if not pair.is_one and not is_chosen:
        found.append("herdmate config set completion.model auto")
    return found


def _use(name: str, is_here: bool) -> list[str]:
    """The commands with which a model answers from now on."""
    pull = [] if is_here else [f"herdmate models pull {name}"]
    return [*pull, f"herdmate config set model {name}"]


def _roles(pair: Pair) -> tuple[tuple[str, Row], ...]:
    if pair.is_one:
        return (("answers and ghost text", pair.answers),)
    return (("answers", pair.answers), ("ghost text", pair.ghost))


def _show_trade(advice: Advice, pair: Pair, others: Sequence[str]) -> None:
    """The rows worth comparing; ``others`` are the model in use and a faster one."""
    wanted = {*others, *(row.model.name for row in advice.trade)}
    rows = [row for row in advice.rows if row.model.name in wanted]
    columns = (
        Column("for", 1), Column("name"), Column("download", 5, right=True),
        Column("memory", 2, right=True), Column("runs on", 4), Column("writes", 3, right=True),
        Column("answer", 6, right=True), Column("lost", 8), Column("licence", 7),
    )  # fmt: skip
    roles = {row.model.name: "both" if pair.is_one else role for role, row in _roles(pair)}
    for name in others[:1]:
        roles[name] = ", ".join(filter(None, (roles.get(name), "in use")))
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


def _as_json(writer: Writer | None) -> dict[str, Any] | None:
    if writer is None:
        return None
    speed = None if isinf(writer.speed) else round(writer.speed, 2)
    return {"name": writer.name, "tokens_per_second": speed, "measured": writer.is_measured,
            "here": writer.is_here}  # fmt: skip


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
