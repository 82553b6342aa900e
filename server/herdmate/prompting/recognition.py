"""Which family a model belongs to: the one judgement behind inspecting, listing and loading it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from herdmate.generation import THOUGHTS, ModelInfo
from herdmate.prompting.family_table import Chat, Entry, Infill, Table, family_table, flat
from herdmate.prompting.notation import NOTHING, Format

LONGEST_TEMPLATE = 64 * 1024
"""Characters of a chat template; the longest known has 17,000."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a model is and can do.

    ``untrained``: its vocabulary has pieces for infilling that its training did not use. ``fault``
    is what is wrong with its chat template, as a part of a sentence. ``bos``: does a prompt begin
    with BOS? ``None`` leaves it to the vocabulary.
    """

    name: str
    infill: Infill | None
    chat: Chat | None
    follows: bool
    bos: bool | None
    unthinking: Format = NOTHING
    thoughts: tuple[tuple[str, str], ...] = ()
    untrained: bool = False
    fault: str = ""


def recognised(info: ModelInfo) -> Recognised:
    """The family of a model, by its vocabulary, its own name, its file's name and its template.

    A fine-tune of another name has the family of its base model, if its vocabulary has that
    family's pieces; for conversations it may have another format, which its template shows.
    """
    table = family_table()[0]
    entry, by_base = _entry_for(info, table)
    shown, fault = _chat_of_template(info.template, table)
    chat = table.chats[entry.chat] if entry.chat else shown
    if (entry.template_first or by_base) and info.template.strip():
        chat = shown
    infill = table.infills.get(entry.infill)
    names = (*_names(info), flat(info.base) if by_base else "")
    if infill and _matches(entry.infill_unless or "(?!)", names):
        infill = None
    follows = chat is not None
    if entry.follows is not None and not (by_base and shown):
        follows = _matches(entry.follows, names)
    return Recognised(
        entry.name,
        infill,
        chat,
        follows,
        entry.bos,
        _unthinking(info.template, table) if chat else NOTHING,
        tuple(pair for pair in THOUGHTS if pair[0] in info.template or pair[0] in info.pieces),
        infill is None and not entry.infill and _has_pieces(info, table),
        "" if chat else fault,
    )


def _entry_for(info: ModelInfo, table: Table) -> tuple[Entry, bool]:
    """The first entry that fits, or one of no family; and whether the base model's name decided."""
    name = _name(info, table)
    if not name and info.base:
        base = flat(info.base)
        for entry in table.families:
            # Anybody can write a name into a file. Without pieces of its own, it proves nothing.
            when = {"name": re.escape(flat(entry.name)), **(entry.when or {})}
            if "has" in when and _holds(when, info, base):
                return entry, True
    for entry in table.families:
        if entry.when and _holds(entry.when, info, name):
            return entry, False
    return Entry(info.architecture or "unknown"), False


def _name(info: ModelInfo, table: Table) -> str:
    """The name to go by: the model's own if it says which family it is, since files get renamed."""
    patterns = [
        entry.when["name"] for entry in table.families if entry.when and "name" in entry.when
    ]
    for name in _names(info):
        if any(re.search(pattern, name) for pattern in patterns):
            return name
    return ""


def _names(info: ModelInfo) -> tuple[str, str]:
    """The model's own name and its file's; a remote server may give a path that says more."""
    file = info.path if not info.architecture else PurePath(info.path).name
    return flat(info.name), flat(file)


def _matches(pattern: str, names: Sequence[str]) -> bool:
    return re.search(pattern, " ".join(filter(None, names))) is not None


def _holds(when: Mapping[str, Any], info: ModelInfo, name: str) -> bool:
    kinds = when.get("architecture", ())
    return (
        (not kinds or not info.architecture or info.architecture in kinds)
        and all(piece in info.pieces for piece in when.get("has", ()))
        and not any(piece in info.pieces for piece in when.get("lacks", ()))
        and ("name" not in when or re.search(when["name"], name) is not None)
    )


def _chat_of_template(template: str, table: Table) -> tuple[Chat | None, str]:
    """The format of a chat template, and why it is not known."""
    if not template.strip():
        return None, ""
    if len(template) > LONGEST_TEMPLATE:
        return None, f"its chat template is longer than {LONGEST_TEMPLATE // 1024} kB"
    for sign in table.templates:
        if sign.fits(template):
            return table.chats[sign.chat], ""
    return None, "its chat template is a program in no format that Herdmate knows"


def _unthinking(template: str, table: Table) -> Format:
    signs = (sign for sign in table.thinking if sign.fits(template[:LONGEST_TEMPLATE]))
    return next((sign.reply for sign in signs), NOTHING)


def _has_pieces(info: ModelInfo, table: Table) -> bool:
    return any(_has(info, infill) for infill in table.infills.values())


def _has(info: ModelInfo, infill: Infill) -> bool:
    return bool(infill.pieces) and all(piece in info.pieces for piece in _main(infill))


def _main(infill: Infill) -> Iterator[str]:
    """The pieces of the format that are only for infilling."""
    return (piece for piece in infill.pieces if piece not in ("<|user|>", "<|assistant|>"))
