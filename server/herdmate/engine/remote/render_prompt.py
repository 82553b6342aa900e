"""A prompt's segments as a server can be told them: as text, as a hole, or as a conversation.

A server reads control tokens out of the text itself. So what stands in the user's code and looks
like one is broken by a word joiner behind its ``<``, which has no width, and mended in the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from herdmate.generation import SERVER_HOLE, SERVER_ROLES, Prompt, Segment, Special


@dataclass(frozen=True, slots=True)
class Plain:
    """A prompt in the words of the model's family; the server adds what begins a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """What is before the answer and behind it."""

    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: role and text of each turn. The answer begins with ``reply_start``."""

    turns: tuple[tuple[str, str], ...]
    reply_start: str = ""


Put = Plain | Hole | Talk


def render_prompt(prompt: Prompt) -> Put:
    """A prompt as a server is told it."""
    pieces = {segment.piece for segment in prompt.segments if isinstance(segment, Special)}
    if SERVER_HOLE[-1] in pieces:
        said = _said(prompt.segments)
        return Hole(said[SERVER_HOLE[0]], said[SERVER_HOLE[1]])
    if pieces & set(SERVER_ROLES):
        return _talk(prompt.segments)
    return Plain(_plain(prompt.segments))


def stops(prompt: Prompt, others: Sequence[str]) -> tuple[str, ...]:
    """The strings that end an answer: the request's own first, then the pieces that end it."""
    ends = (_written(piece) for piece in prompt.end_pieces)
    return tuple(dict.fromkeys(text for text in (*others, *prompt.stop, *ends) if text))


def text_of(render_prompt: Put) -> str:
    """All that the server is told, for counting."""
    if isinstance(render_prompt, Plain):
        return render_prompt.text
    if isinstance(render_prompt, Hole):
        return render_prompt.prefix + render_prompt.suffix
    return "\n".join(text for _, text in render_prompt.turns)


class Mended:
    """An answer in which the word joiners that were put into the prompt are taken out again."""

    def __init__(self) -> None:
        self._behind_open = False

    def push(self, text: str) -> str:
        """The next part, mended; the joiner may come in another part than its ``<``."""
        if self._behind_open:
            text = text.removeprefix(_BREAK)
        if text:
            self._behind_open = text.endswith("<")
        return text.replace(f"<{_BREAK}", "<")


_BREAK = "\N{WORD JOINER}"

_CONTROL = re.compile(
    r"<(?=\|[^<>|\n]{1,40}\|>|｜[^<>｜\n]{1,40}｜>"
    r"|(?:/?s|bos|eos|pad|unk|PRE|SUF|MID|EOT|step|fim_\w{1,16}|\w{1,8}_of_\w{1,8}|file_sep|"
    r"reponame|repo_name|filename|endoftext)>)"
)
"""Where a text looks like a control token of any family that is in use."""

_WRITTEN: Mapping[str, str] = {"bos": "<s>", "eos": "</s>"}


def _neutral(text: str) -> str:
    return _CONTROL.sub(f"<{_BREAK}", text)


def _written(piece: str) -> str:
    """SentencePiece writes a space as ``▁``."""
    return _WRITTEN.get(piece, piece.replace("▁", " "))


def _plain(segments: Sequence[Segment]) -> str:
    """The server itself adds a BOS, and SentencePiece a space, where a text begins.

    Elsewhere a piece stands as the vocabulary has it: llama.cpp finds it so in whatever stands
    around it, and puts no space behind it.
    """
    has_spaces = Special("bos") in segments  # of SentencePiece
    text = ""
    for segment in segments:
        begins = text == "" or text.endswith("<s>")
        if isinstance(segment, Special):
            if segment.piece == "bos" and not text:
                continue
            written = _WRITTEN.get(segment.piece, segment.piece)
            text += written.removeprefix("▁") if begins else written
        elif segment.text:
            space = " " if has_spaces and segment.leading_space and not begins else ""
            text += space + _neutral(segment.text)
    return text


def _said(segments: Sequence[Segment]) -> dict[str, str]:
    """The text behind each piece."""
    found = dict.fromkeys(SERVER_HOLE, "")
    piece = ""
    for segment in segments:
        if isinstance(segment, Special):
            piece = segment.piece
        elif piece in found:
            found[piece] += _neutral(segment.text)
    return found


def _talk(segments: Sequence[Segment]) -> Talk:
    turns: list[tuple[str, str]] = []
    for segment in segments:
        if isinstance(segment, Special):
            turns.append((segment.piece.partition(":")[2], ""))
        else:
            role, text = turns[-1]
            turns[-1] = (role, text + _neutral(segment.text))
    last = turns.pop()[1]
    return Talk(tuple(turn for turn in turns if turn[1]), last)
