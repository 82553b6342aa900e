"""Wire formats of the model families: how to ask each to infill and to follow instructions.

Sources: CodeLlama from Meta's ``llama/generation.py`` and ``tokenizer.py`` and the paper (arXiv
2308.12950), Qwen2.5-Coder from its model card and report (arXiv 2409.12186). Chat templates inside
GGUF files are programs and are never run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from herdmate.control_tags import INSTRUCT_TAG, neutralised
from herdmate.errors import ModelError
from herdmate.generation import (
    SERVER_HOLE,
    SERVER_ROLES,
    ModelInfo,
    Prompt,
    Segment,
    Special,
    Text,
)
from herdmate.text import Excerpt

Order = Literal["spm", "psm"]
"""Suffix-prefix-middle or prefix-suffix-middle."""


@dataclass(frozen=True, slots=True)
class InfillPieces:
    """Control pieces for infilling; generation ends at any of ``end``."""

    prefix: str
    suffix: str
    middle: str
    end: tuple[str, ...]
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """How to prompt one family of models.

    ``infill`` is ``None`` for models that were not trained to infill; ``order`` is the cheapest
    while typing of those the model was trained on. ``note`` tells the user what the model cannot
    do. ``knows_files``: it was trained to see several files of a repository.
    """

    name: str
    infill: InfillPieces | None
    order: Order
    instruct: Literal["llama-2", "codellama-70b", "chatml", "server"]
    begins_with_bos: bool
    note: str | None = None
    knows_files: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


_CODELLAMA = InfillPieces("▁<PRE>", "▁<SUF>", "▁<MID>", ("▁<EOT>", "eos"), (" <EOT>", "<EOT>"))
_QWEN = InfillPieces(
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    ("<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|file_sep|>", "<|repo_name|>",
     "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
)  # fmt: skip

QWEN_PIECES = (
    *(_QWEN.prefix, _QWEN.suffix, _QWEN.middle, "<|fim_pad|>", "<|file_sep|>", "<|repo_name|>"),
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>"),
)
"""The control pieces of Qwen's coders."""

CONTROL_PIECES = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>", "<step>", *QWEN_PIECES)
"""The pieces that the engine looks up in a vocabulary when it loads a model."""


def family_of(info: ModelInfo) -> Family:
    """The family of a loaded model, by its vocabulary and, if that leaves a choice, its name.

    Raises ``ModelError`` for a family that Herdmate does not know.
    """
    name = re.sub(r"[\s_-]", "", f"{info.name} {PurePath(info.path).name}".lower())
    if _has_infill(info, _CODELLAMA) or "codellama" in name:
        return _codellama(info, name)
    if "<|im_start|>" in info.pieces:
        infill = _QWEN if _has_infill(info, _QWEN) else None
        follows = "qwen" not in name or "instruct" in name  # Qwen's names mark the ones that do
        note = _note(info, infill is not None, follows)
        name = "Qwen2.5-Coder" if infill else "ChatML"
        files = _FILE in info.pieces and _REPOSITORY in info.pieces
        return Family(name, infill, "psm", "chatml", False, note, files and infill is not None)
    if SERVER_ROLES[0] in info.pieces:  # a server's model, prompted in the server's own way
        infill = InfillPieces(*SERVER_HOLE, ()) if SERVER_HOLE[0] in info.pieces else None
        return Family(
            "The server's format",
            infill,
            "psm",
            "server",
            False,
            _note(info, infill is not None, True),
        )
    raise ModelError(
        f"{info.name} belongs to a family that Herdmate does not support; choose a CodeLlama or "
        "Qwen2.5-Coder (`herdmate models list`)."
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
    files get the code as comments.
    """

    excerpts: tuple[Excerpt, ...]
    own: str
    mark: str


def infill_prompt(
    family: Family,
    prefix: str,
    suffix: str,
    order: Order | None = None,
    others: Others | None = None,
) -> Prompt:
    """The prompt whose answer belongs between ``prefix`` and ``suffix``.

    Raises ``ModelError`` for a family that cannot infill.
    """
    pieces = family.infill
    if pieces is None:
        raise ModelError(family.note or f"{family.name} cannot fill in the middle.")
    head: tuple[Segment, ...] = (Special("bos"),) if family.begins_with_bos else ()
    if others is not None and others.excerpts:
        if family.knows_files:
            head = (*head, *_files(others))
        else:
            prefix = _as_comments(others) + prefix
    before, after = Text(prefix, leading_space=True), Text(suffix, leading_space=False)
    body: tuple[str | Text, ...]
    if (order or family.order) == "spm":
        # The prefix comes last: a typed character costs a token or two, not the whole suffix.
        body = (pieces.prefix, pieces.suffix, after, pieces.middle, before)
    else:
        body = (pieces.prefix, before, pieces.suffix, after, pieces.middle)
    segments = (Special(part) if isinstance(part, str) else part for part in body)
    cursor = len(head) + body.index(before)
    return Prompt((*head, *segments), pieces.end, pieces.stop, cursor)


def continue_prompt(family: Family, prefix: str, others: Others | None = None) -> Prompt:
    """The prompt for a model that cannot infill: the answer continues ``prefix``."""
    prefix = (_as_comments(others) if others is not None else "") + prefix
    head: tuple[Segment, ...] = (Special("bos"),) if family.begins_with_bos else ()
    return Prompt((*head, Text(prefix, leading_space=True)), cursor=len(head))


def instruct_prompt(
    family: Family, system: str, turns: tuple[Turn, ...], reply_start: str = ""
) -> Prompt:
    """The prompt whose answer is the assistant's next message, which begins with ``reply_start``.

    The last turn is the user's.
    """
    build = {
        "llama-2": _llama_2,
        "codellama-70b": _codellama_70b,
        "chatml": _chatml,
        "server": _server,
    }
    return build[family.instruct](system.strip(), turns, reply_start)


_FILE, _REPOSITORY = "<|file_sep|>", "<|repo_name|>"


def _files(others: Others) -> tuple[Segment, ...]:
    """Qwen2.5-Coder's format for a repository (its README): a name, then each file after its path.

    The file being edited comes last.
    """
    files = [Text(f"{excerpt.path}\n{excerpt.code}") for excerpt in others.excerpts]
    texts = (*files, Text(f"{others.own}\n"))
    repository = Text(others.own.partition("/")[0] + "\n")
    return (
        Special(_REPOSITORY),
        repository,
        *(segment for text in texts for segment in (Special(_FILE), text)),
    )


def _as_comments(others: Others) -> str:
    lines = [
        line for excerpt in others.excerpts for line in (excerpt.path, *excerpt.code.splitlines())
    ]
    return "".join(f"{others.mark} {line}".rstrip() + "\n" for line in lines)


_CANNOT_INFILL = (
    "was not trained to fill in the middle, so ghost text uses only the code before the cursor."
)


def _has_infill(info: ModelInfo, pieces: InfillPieces) -> bool:
    return all(piece in info.pieces for piece in (pieces.prefix, pieces.suffix, pieces.middle))


def _codellama(info: ModelInfo, name: str) -> Family:
    """7B and 13B infill, base and Instruct; 34B, 70B-Instruct and the Python variants do not."""
    infill = _CODELLAMA if _has_infill(info, _CODELLAMA) else None
    chat: Literal["llama-2", "codellama-70b"] = "llama-2"
    if "<step>" in info.pieces:  # what Meta's code goes by
        chat = "codellama-70b"
        infill = None if "instruct" in name else infill
    note = _note(info, infill is not None, "instruct" in name)
    return Family("CodeLlama", infill, "spm", chat, True, note)


def _note(info: ModelInfo, infills: bool, follows_instructions: bool) -> str | None:
    said = [] if infills else [f"{info.name} {_CANNOT_INFILL}"]
    if not follows_instructions:
        said.append(
            f"{info.name} is not an Instruct model, so explanations and refactorings will be poor."
        )
    return " ".join(said) or None


def _llama_2(system: str, turns: tuple[Turn, ...], reply_start: str) -> Prompt:
    """Meta's ``chat_completion``: BOS before each exchange, EOS after each finished one."""
    texts = [neutralised(turn.text, INSTRUCT_TAG).strip() for turn in turns]
    if system:
        texts[0] = f"<<SYS>>\n{neutralised(system, INSTRUCT_TAG)}\n<</SYS>>\n\n{texts[0]}"
    segments: list[Segment] = []
    for at in range(0, len(texts) - 1, 2):
        closed = Text(f"[INST] {texts[at]} [/INST] {texts[at + 1]} ", leading_space=True)
        segments += [Special("bos"), closed, Special("eos")]
    last = f"[INST] {texts[-1]} [/INST]" + (f" {reply_start}" if reply_start else "")
    return Prompt((*segments, Special("bos"), Text(last, leading_space=True)), ("eos",))


def _codellama_70b(system: str, turns: tuple[Turn, ...], reply_start: str) -> Prompt:
    """Meta's ``dialog_prompt_tokens``: header and body separate, a dummy space before each.

    The system header is there even if the system text is empty.
    """
    segments: list[Segment] = [Special("bos")]
    for role, text in [("system", system)] + [(turn.role, turn.text) for turn in turns]:
        segments.append(Text(f" Source: {role}", leading_space=True))
        if text:
            said = neutralised(text, INSTRUCT_TAG).strip()
            segments.append(Text(f"\n\n {said}", leading_space=True))
        segments.append(Special("<step>"))
    segments.append(Text(" Source: assistant\nDestination: user", leading_space=True))
    segments.append(Text(f"\n\n {reply_start}", leading_space=True))
    return Prompt(tuple(segments), ("<step>", "eos"))


def _chatml(system: str, turns: tuple[Turn, ...], reply_start: str) -> Prompt:
    """ChatML, as Qwen2.5 uses it. Its tags are control pieces, so text cannot contain them."""
    segments: list[Segment] = []
    for role, text in [("system", system)] + [(turn.role, turn.text) for turn in turns]:
        segments += [Special("<|im_start|>"), Text(f"{role}\n{text}"), Special("<|im_end|>")]
        segments.append(Text("\n"))
    segments += [Special("<|im_start|>"), Text(f"assistant\n{reply_start}")]
    return Prompt(tuple(segments), ("<|im_end|>", "<|endoftext|>"))


def _server(system: str, turns: tuple[Turn, ...], reply_start: str) -> Prompt:
    """The roles and what each says; the server puts these into its model's format."""
    said = [("system", system)] + [(turn.role, turn.text) for turn in turns]
    said.append(("assistant", reply_start))
    pairs = ((Special(f"role:{role}"), Text(text)) for role, text in said)
    return Prompt(tuple(segment for pair in pairs for segment in pair))
