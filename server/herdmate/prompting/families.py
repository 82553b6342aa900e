"""How a model is asked to infill and to follow instructions, by the family that it belongs to.

Families and formats are data (``families.toml``, ``chat_formats.toml``); this module recognises a
model's family and writes prompts in its formats. A model of no known family is asked in the format
that its chat template shows. Templates in GGUF files are programs: they are looked at, never run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from herdmate.control_tags import beginning_of, neutralised
from herdmate.errors import ModelError
from herdmate.generation import (
    SERVER_HOLE,
    SERVER_ROLES,
    THOUGHTS,
    ModelInfo,
    Prompt,
    Segment,
    Special,
    Text,
)
from herdmate.prompting.family_table import Chat, Infill, family_table
from herdmate.prompting.family_table import Order as Order
from herdmate.prompting.notation import NOTHING, Format, Place, Writer
from herdmate.prompting.recognition import Recognised, recognised
from herdmate.text import Excerpt


@dataclass(frozen=True, slots=True)
class Family:
    """How to prompt one model.

    ``infill`` is ``None`` if it was not trained to infill, ``chat`` if it cannot be asked anything,
    which ``refusal`` then says. ``note`` tells the user what the model cannot do. ``knows_files``:
    it was trained to see several files of a repository. ``follows``: it was trained to follow
    instructions. ``pieces`` are its vocabulary's control pieces; ``unthinking`` begins an answer so
    that the model does not think aloud, and ``thoughts`` are what begins and ends it if it does.
    """

    name: str
    infill: Infill | None
    order: Order
    chat: Chat | None
    begins_with_bos: bool
    pieces: frozenset[str]
    note: str | None = None
    knows_files: bool = False
    follows: bool = True
    unthinking: Format = NOTHING
    thoughts: tuple[tuple[str, str], ...] = ()
    refusal: str = ""

    @property
    def instruct(self) -> str:
        """The name of the format for conversations; ``no`` if there is none."""
        return self.chat.name if self.chat else "no"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


CONTROL_PIECES = family_table()[0].pieces
"""The pieces that the engine looks up in a vocabulary when it loads a model."""

QWEN_PIECES = (
    *("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|file_sep|>"),
    *("<|repo_name|>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"),
)
"""The control pieces of Qwen's coders."""

_CANNOT_INFILL = "so ghost text uses only the code before the cursor."

_SERVER = Chat("server", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
"""The roles and what each says; a remote server puts these into its model's format."""

_HOLE = Infill(
    "server",
    "psm",
    Format(
        (
            Special(SERVER_HOLE[0]), Place("prefix"), Special(SERVER_HOLE[1]), Place("suffix"),
            Special(SERVER_HOLE[2]),
        )
    ),
)  # fmt: skip


def family_of(info: ModelInfo) -> Family:
    """The family of a loaded model, by its vocabulary, its name and its chat template."""
    pieces = frozenset(info.pieces)
    return _family(
        info.path, info.name, info.architecture, info.template, info.adds_bos, pieces, info.base,
        info.listed,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _family(
    path: str, name: str, architecture: str, template: str, adds_bos: bool, pieces: frozenset[str],
    base: str, listed: str,
) -> Family:  # fmt: skip
    """What ``family_of`` answers; it is asked with every keystroke."""
    info = ModelInfo(
        path, name, architecture, "other", 0, 0, 0, 0, 0, 0, dict.fromkeys(pieces, 0),
        template=template, adds_bos=adds_bos, base=base, listed=listed,
    )  # fmt: skip
    if SERVER_ROLES[0] in pieces:
        hole = _HOLE if SERVER_HOLE[0] in pieces else None
        note = (
            "" if hole else f"{info.shown} was not trained to fill in the middle, {_CANNOT_INFILL}"
        )
        return Family(
            "The server's format", hole, "psm", _SERVER, False, pieces, note or None
        )  # fmt: skip
    found = recognised(info)
    infill, bos = found.infill, found.bos
    return Family(
        found.name,
        infill,
        infill.order if infill else "psm",
        found.chat,
        info.adds_bos if bos is None else bos,
        pieces,
        _note(info, found),
        infill is not None and infill.knows_files and _files_pieces(infill) <= pieces,
        found.follows,
        found.unthinking,
        found.thoughts,
        _refusal(info, found),
    )


def can_infill(family: Family) -> bool:
    """Was the model trained to fill in between a prefix and a suffix?"""
    return family.infill is not None


def limits(family: Family) -> str | None:
    """What the model cannot do, in words for the user; ``None`` if it can do everything."""
    return family.note


def described(family: Family) -> str:
    """A family's prompt formats, in words for the user."""
    orders = {"spm": "suffix first", "psm": "prefix first"}
    infill = f"infill {orders[family.order]}" if family.infill else "no infill"
    return f"{family.name}: {infill}, {family.instruct} instructions"


@dataclass(frozen=True, slots=True)
class Others:
    """Code from other files to show along with the prompt's own, whose path is ``own``.

    ``mark`` begins a comment in the file's language: models that were not trained to see several
    files get the code as comments. ``language`` is what people call it.
    """

    excerpts: tuple[Excerpt, ...]
    own: str
    mark: str
    language: str = ""


def infill_prompt(
    family: Family,
    prefix: str,
    suffix: str,
    order: Order | None = None,
    others: Others | None = None,
) -> Prompt:
    """The prompt whose answer belongs between ``prefix`` and ``suffix``.

    ``order`` is another one than the family's own, to measure it. Raises ``ModelError`` for a
    family that cannot infill.
    """
    infill = family.infill
    if infill is None:
        raise ModelError(family.note or f"{family.name} cannot fill in the middle.")
    others = others or Others((), "", "")
    if others.excerpts and not family.knows_files:
        prefix = _as_comments(others) + prefix
    writer = Writer(_written(infill, family))
    writer.write(
        infill.form(order),
        {
            "prefix": (Text(prefix, leading_space=True),),
            "suffix": (Text(suffix, leading_space=False),),
            "files": _files(infill, family, others),
            "own": _own(infill, family, others),
            "path": (Text(others.own),),
            "language": (Text(others.language),),
        },
        ends_at="prefix",
    )
    return Prompt(tuple(writer.segments), infill.end, infill.stop, writer.end)


def continue_prompt(family: Family, prefix: str, others: Others | None = None) -> Prompt:
    """The prompt for a model that cannot infill: the answer continues ``prefix``."""
    prefix = (_as_comments(others) if others is not None else "") + prefix
    head: tuple[Segment, ...] = (Special("bos"),) if family.begins_with_bos else ()
    return Prompt((*head, Text(prefix, leading_space=True)), cursor=len(head))


def instruct_prompt(
    family: Family, system: str, turns: tuple[Turn, ...], reply_start: str = ""
) -> Prompt:
    """The prompt whose answer is the assistant's next message, which begins with ``reply_start``.

    The last turn is the user's. Raises ``ModelError`` if the model cannot be asked anything.
    """
    chat, system = family.chat, system.strip()
    if chat is None:
        raise ModelError(family.refusal or f"{family.name} cannot follow instructions.")
    if chat is _SERVER:
        return _server(system, turns, reply_start)
    # What the vocabulary lacks is text, which the user's text could contain too.
    tags = (*chat.tags, *(piece for piece in chat.pieces if piece not in family.pieces))
    texts = [_said(turn.text, chat, tags) for turn in turns]
    system = neutralised(system, beginning_of(tags)) if tags else system
    known = dict.fromkeys(family.pieces, 0)
    writer = Writer(known, chat.dummy_space)
    writer.write(
        chat.system if system else chat.opening, {"text": (Text(system, chat.dummy_space),)}
    )
    for at, text in enumerate(texts):
        if at:
            writer.write(chat.answer if at % 2 else chat.next, {})
        writer.text(text)
    writer.write(chat.reply, {})
    writer.write(family.unthinking, {})
    if reply_start:
        writer.text(chat.begun + reply_start)
    segments = writer.segments
    if family.begins_with_bos and segments[:1] != [Special("bos")]:
        segments.insert(0, Special("bos"))
    ends = chat.end or (*chat.pieces, "eos")
    return Prompt(tuple(segments), ends, chat.stop, tags=tags, thoughts=family.thoughts)


def _said(text: str, chat: Chat, tags: tuple[str, ...]) -> str:
    text = neutralised(text, beginning_of(tags)) if tags else text
    return text.strip() if chat.strip else text


def _server(system: str, turns: tuple[Turn, ...], reply_start: str) -> Prompt:
    said = [("system", system)] + [(turn.role, turn.text) for turn in turns]
    said.append(("assistant", reply_start))
    pairs = ((Special(f"role:{role}"), Text(text)) for role, text in said)
    segments = tuple(segment for pair in pairs for segment in pair)
    return Prompt(segments, thoughts=() if reply_start else THOUGHTS)


def _written(infill: Infill, family: Family) -> dict[str, int]:
    """The pieces to write as such; the format's own always are, so that a lack is noticed."""
    return dict.fromkeys((*infill.form().pieces, *family.pieces, "bos"), 0)


def _files_pieces(infill: Infill) -> set[str]:
    forms = (infill.repository, infill.file, infill.last)
    return {piece for form in forms for piece in form.pieces}


def _files(infill: Infill, family: Family, others: Others) -> tuple[Segment, ...]:
    """Other files in the family's format: the repository's name, then each after its path."""
    if not others.excerpts or not family.knows_files:
        return ()
    writer = Writer(_written(infill, family))
    repository = Text(others.own.partition("/")[0])
    writer.write(infill.repository, {"repository": (repository,)})
    for excerpt in others.excerpts:
        values = {"path": (Text(excerpt.path),), "code": (Text(excerpt.code),)}
        writer.write(infill.file, values)
    writer.write(infill.last, {})
    return tuple(writer.segments)


def _own(infill: Infill, family: Family, others: Others) -> tuple[Segment, ...]:
    """The path of the file being edited, where the format has a place for it."""
    shows_files = bool(others.excerpts) and family.knows_files
    if not others.own or not (shows_files or infill.names_own):
        return ()
    writer = Writer(_written(infill, family))
    writer.write(infill.own, {"path": (Text(others.own),)})
    return tuple(writer.segments)


def _as_comments(others: Others) -> str:
    """The excerpts as comments above the code, with a blank line between."""
    lines = [
        line
        for excerpt in others.excerpts
        for line in (f"Path: {excerpt.path}", *excerpt.code.splitlines())
    ]
    said = "".join(f"{others.mark} {line}".rstrip() + "\n" for line in lines)
    return said + "\n" if said else ""


def _note(info: ModelInfo, found: Recognised) -> str | None:
    said = []
    if found.infill is None:
        although = ", although its vocabulary has pieces for it" if found.untrained else ""
        said.append(
            f"{info.shown} was not trained to fill in the middle{although}, {_CANNOT_INFILL}"
        )
    if found.chat is None:
        said.append(_refusal(info, found))
    elif not found.follows:
        said.append(
            f"{info.shown} is not an Instruct model, so explanations and refactorings will be poor."
        )
    return " ".join(said) or None


def _refusal(info: ModelInfo, found: Recognised) -> str:
    """Why the model cannot be asked anything; empty if it can."""
    if found.chat is not None:
        return ""
    if not found.fault:
        return (
            f"{info.shown} is not an Instruct model, so it can neither explain nor refactor; "
            "choose one that is (`herdmate models list`)."
        )
    return (
        f"{info.shown} can neither explain nor refactor, because {found.fault}; choose another "
        "model (`herdmate models list`), or describe its format in families.toml."
    )
