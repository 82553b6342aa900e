"""``herdmate models recommend``: the pair of models for this machine, why, and what it costs."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from math import isinf
from pathlib import Path
from typing import Any

import psutil
from rich.text import Text

from herdmate.cli.console import Console, waiting
from herdmate.cli.models_in_use import ANSWERS, GHOST_TEXT, beside_answers, files_in_use
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import settings_of
from herdmate.cli.sizes import size_text, speed_text, tokens_text
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import write
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.answer_speed import Writer, in_use
from herdmate.models.choose import choose, is_same_file
from herdmate.models.discovery import Found, in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.measured_speed import bytes_a_second, to_measure
from herdmate.models.pair import ANSWER_TOKENS, Advice, Pair, recommend
from herdmate.models.recommend import BYTES_A_SECOND, Machine, Row
from herdmate.models.role_choices import choose_engine, look_up
from herdmate.roles import AUTO, SAME, is_open
from herdmate.settings import Settings

_WORDS_A_TOKEN = 0.75

_MEANING = (
    "for: what it is recommended for. in use: what for, or both. download: the file. "
    "memory: what it takes while it runs, with room to see {seen}. runs on: the graphics processor "
    "(GPU) or the processor (CPU). writes: tokens a second, estimated from {source}; a token is "
    "about three quarters of a word. answer: seconds for one of 200 words, once it has begun, "
    "estimated too. lost: what its compression costs, measured with a LLaMA; not known for others."
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
        used = _in_use(settings, memory, found)
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
        told = _told(advice, machine) | {
            "now": _as_json(used.now), "faster": _as_json(used.faster),
            "in_use": {"answers": used.answers or None, "ghost_text": used.ghost or None},
        }  # fmt: skip
        write(json.dumps(told, indent=1) + "\n")
        return 0 if advice.pair else 1
    names = [f"{device.name}, {size_text(device.free)} free" for device in gpus]
    _show_machine(memory, disk, ", ".join(names) or "no GPU that this llama.cpp can use")
    _show_now(settings, used)
    _show(advice, here, settings, used)
    if advice.pair is None:
        return 1
    _show_trade(advice, advice.pair, used)
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


@dataclass(frozen=True, slots=True)
class _InUse:
    """The names of the models on this machine that are in use; ``""`` where none is.

    ``now`` is how fast the one for answers is, ``faster`` another one that would be faster.
    """

    answers: str = ""
    ghost: str = ""
    now: Writer | None = None
    faster: Writer | None = None

    def of(self, name: str) -> str:
        """What a model is in use for."""
        uses = [use for use, one in ((ANSWERS, self.answers), (GHOST_TEXT, self.ghost))
                if one == name]  # fmt: skip
        return "both" if len(uses) > 1 else "".join(uses)


def _in_use(settings: Settings, memory: Any, found: Sequence[Found]) -> _InUse:
    roles = look_up(choose_engine, settings, 0)
    used, others, context = files_in_use(roles), in_place(), settings.engine.context_tokens

    def name_of(path: Path | None) -> str:
        if path is None:
            return ""
        item = next((item for item in found if is_same_file(item.path, path)), None)
        model = item.model if item else catalogue.of_file(path)
        return model.name if model else item.name if item else path.name

    names = _InUse(name_of(used.file_for(ANSWERS)), name_of(used.file_for(GHOST_TEXT)))
    if settings.remote.url:
        return names
    beside = beside_answers(settings, roles)
    with suppress(ModelError, OSError):
        chosen = choose(settings.model, model_folder(), memory.available, context, others, beside)
        now, faster, _ = in_use(chosen, context, memory.total, others)
        return replace(names, answers=now.name, now=now, faster=faster)
    return names


def _show_now(settings: Settings, used: _InUse) -> None:
    """What runs now, and what would be faster."""
    now, faster = used.now, used.faster
    if settings.remote.url:
        _say(f"\nIn use: {settings.remote.url}. This is about models on this machine.")
    if now is not None:
        what = "" if used.ghost == used.answers else f" for {ANSWERS}"
        _say(f"\nIn use{what}: {now.name}; it writes {speed_text(now)}.")
        if now.slowed:
            _say(f"Its last answer came at {tokens_text(now.slowed)}; `herdmate doctor` says why.")
    other = used.ghost or settings.completion.remote_url
    if other and used.ghost != used.answers:
        _say(f"In use for {GHOST_TEXT}: {other}.")
    if faster is not None:
        _say(f"Faster: {faster.name}, {speed_text(faster)}:")
        for command in _use(faster.name, faster.is_here):
            _say(f"  {command}", is_whole=True)


def _show(advice: Advice, here: frozenset[str], settings: Settings, used: _InUse) -> None:
    now = used.now
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
    commands = _commands(advice.pair, here, settings, used)
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


def _commands(pair: Pair, here: frozenset[str], settings: Settings, used: _InUse) -> list[str]:
    """What is left to do until the pair is in use."""
    answers, ghost = pair.answers.model.name, pair.ghost.model.name
    pulls = dict.fromkeys(name for name in (answers, ghost) if name not in here)
    found = [f"herdmate models pull {name}" for name in pulls]
    is_changed = used.answers != answers or bool(settings.remote.url)
    if is_changed:
        found.append(f"herdmate config set model {answers}")
    if settings.remote.url:
        found.append("herdmate config unset remote.url")
    if settings.completion.remote_url:
        found.append("herdmate config unset completion.remoteUrl")
    if model := _model_for_ghost_text(pair, here, settings, used, is_changed):
        found.append(f"herdmate config set completion.model {model}")
    return found


def _model_for_ghost_text(
    pair: Pair, here: frozenset[str], settings: Settings, used: _InUse, is_changed: bool
) -> str:
    """What ``completion.model`` is to be; ``""`` if that can stay.

    ``is_changed``: another model answers, or another setting names the same one.
    """
    ghost, setting = pair.ghost.model.name, settings.completion.model
    if pair.is_one:
        stays = setting in ("", SAME) if is_changed else used.ghost == ghost
        return "" if stays else SAME
    if used.ghost == ghost and not (is_changed and setting in ("", SAME)):
        return ""
    if setting == AUTO or (is_open(settings) and not is_changed):
        return ghost if ghost in here else ""  # it is taken once it is here
    return AUTO


def _use(name: str, is_here: bool) -> list[str]:
    """The commands with which a model answers from now on."""
    pull = [] if is_here else [f"herdmate models pull {name}"]
    return [*pull, f"herdmate config set model {name}"]


def _roles(pair: Pair) -> tuple[tuple[str, Row], ...]:
    if pair.is_one:
        return (("answers and ghost text", pair.answers),)
    return (("answers", pair.answers), ("ghost text", pair.ghost))


def _show_trade(advice: Advice, pair: Pair, used: _InUse) -> None:
    """The rows worth comparing, with the models in use and a faster one."""
    wanted = {used.answers, used.ghost, *(row.model.name for row in advice.trade)}
    wanted |= {used.faster.name} if used.faster else set()
    rows = [row for row in advice.rows if row.model.name in wanted]
    columns = (
        Column("for", 1), Column("in use", 2), Column("name"), Column("download", 6, right=True),
        Column("memory", 3, right=True), Column("runs on", 5), Column("writes", 4, right=True),
        Column("answer", 7, right=True), Column("lost", 9), Column("licence", 8),
    )  # fmt: skip
    roles = {row.model.name: "both" if pair.is_one else role for role, row in _roles(pair)}
    show_table(columns, [(
        roles.get(row.model.name, ""), used.of(row.model.name), row.model.name,
        size_text(row.model.size), size_text(row.needs), "GPU" if row.place == "GPU" else "CPU",
        _speed(row), f"{ANSWER_TOKENS / row.speed:.0f} s" if row.speed else "", _lost(row),
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
