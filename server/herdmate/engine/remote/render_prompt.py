"""A prompt's segments in a form that a server takes: plain text, a hole, or a conversation.

A server parses control tokens in the text itself, so ``control_tags`` neutralises what looks like
one in the user's code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from herdmate.control_tags import OUR_TAG, SERVERS_TAG, neutralised
from herdmate.generation import SERVER_HOLE, SERVER_ROLES, Prompt, Segment, Special


@dataclass(frozen=True, slots=True)
class TextPrompt:
    """A prompt in the format of the model's family; the server adds the beginning-of-text token."""

    text: str


@dataclass(frozen=True, slots=True)
class InfillPrompt:
    """The text before the answer and the text after it."""

    prefix: str
    suffix: str


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A conversation: role and text of each turn. The answer begins with ``reply_start``."""

    turns: tuple[tuple[str, str], ...]
    reply_start: str = ""


RenderedPrompt = TextPrompt | InfillPrompt | ChatPrompt


def render_prompt(prompt: Prompt) -> RenderedPrompt:
    """A prompt in the form that suits its segments."""
    said = neutralised(prompt.said, SERVERS_TAG)
    pieces = {segment.piece for segment in prompt.segments if isinstance(segment, Special)}
    if SERVER_HOLE[-1] in pieces:
        around = _around(prompt.segments)
        return InfillPrompt(around[SERVER_HOLE[0]] + said, around[SERVER_HOLE[1]])
    if pieces & set(SERVER_ROLES):
        return _talk(prompt.segments)
    return TextPrompt(_as_text(prompt.segments) + neutralised(prompt.said, OUR_TAG))


def stops(prompt: Prompt, others: Sequence[str]) -> tuple[str, ...]:
    """The strings that end an answer: the request's own first, then the prompt's end pieces."""
    ends = (_written(piece) for piece in prompt.end_pieces)
    return tuple(dict.fromkeys(text for text in (*others, *prompt.stop, *ends) if text))


def text_of(rendered: RenderedPrompt) -> str:
    """All the text sent to the server, for counting."""
    if isinstance(rendered, TextPrompt):
        return rendered.text
    if isinstance(rendered, InfillPrompt):
        return rendered.prefix + rendered.suffix
    return "\n".join(text for _, text in rendered.turns)


_WRITTEN: Mapping[str, str] = {"bos": "<s>", "eos": "</s>"}


def _written(piece: str) -> str:
    """A piece as text: SentencePiece writes a space as ``▁``."""
    return _WRITTEN.get(piece, piece.replace("▁", " "))


def _as_text(segments: Sequence[Segment]) -> str:
    """The prompt as one text; the server adds a BOS at its beginning, SentencePiece a space.

    Elsewhere pieces are written as in the vocabulary: llama.cpp recognises them in any surrounding
    text and adds no space after them.
    """
    has_spaces = Special("bos") in segments  # a SentencePiece vocabulary
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
            text += space + neutralised(segment.text, OUR_TAG)
    return text


def _around(segments: Sequence[Segment]) -> dict[str, str]:
    """The text after each piece of ``SERVER_HOLE``."""
    found = dict.fromkeys(SERVER_HOLE, "")
    piece = ""
    for segment in segments:
        if isinstance(segment, Special):
            piece = segment.piece
        elif piece in found:
            found[piece] += neutralised(segment.text, SERVERS_TAG)
    return found


def _talk(segments: Sequence[Segment]) -> ChatPrompt:
    turns: list[tuple[str, str]] = []
    for segment in segments:
        if isinstance(segment, Special):
            turns.append((segment.piece.partition(":")[2], ""))
        else:
            role, text = turns[-1]
            turns[-1] = (role, text + neutralised(segment.text, SERVERS_TAG))
    last = turns.pop()[1]
    return ChatPrompt(tuple(turn for turn in turns if turn[1]), last)
