"""Requests to an engine and its answers: values shared by all that prompt or run a model.

**Invariant:** a prompt is a tuple of segments. The user's text is always a ``Text`` and is
tokenised as plain text; only a ``Special`` can become a control token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text.

    ``leading_space``: does a SentencePiece vocabulary put its dummy space before it? Meta's
    ``encode`` does (prefix, instruct), ``encode_infilling`` does not (suffix).
    """

    text: str
    leading_space: bool = False


@dataclass(frozen=True, slots=True)
class Special:
    """One control token, named by its piece in the vocabulary, or ``"bos"`` or ``"eos"``."""

    piece: str


Segment = Text | Special

SERVER_ROLES = ("role:system", "role:user", "role:assistant")
"""Placeholders for control tokens that only a remote server knows: they start a role's turn."""

SERVER_HOLE = ("hole:prefix", "hole:suffix", "hole:middle")
"""The same for infilling, when the remote server assembles the prompt itself."""


THOUGHTS = (
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<seed:think>", "</seed:think>"),
)
"""What begins and what ends a thought in the formats of models that think aloud."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Segments in order, and the pieces and strings that end the model's answer.

    ``cursor`` is the index of the text that ends at the user's cursor. The cursor may have cut its
    last tokens; these are healed (see ``engine.token_healing``). ``said`` is the
    beginning of the answer if it is known: the model goes on from there, and only what is new comes
    back. ``tags`` are the texts that were kept out of the user's text (see ``control_tags``), to be
    restored in the answer. ``thoughts`` are pairs of what begins and ends a thought at the
    beginning of an answer, which is not shown.
    """

    segments: tuple[Segment, ...]
    end_pieces: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    cursor: int | None = None
    said: str = ""
    tags: tuple[str, ...] = ()
    thoughts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Temperature 0 is greedy and ignores the other fields."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 0


class Priority(IntEnum):
    """Which request goes first: lower values are more urgent and pre-empt higher ones."""

    TYPING = 0
    ASKED = 1
    BACKGROUND = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One generation.

    ``lane`` (a document's URI, a conversation) says whose tokens to reuse: requests in one lane
    share the longest common prefix of their prompts. ``max_tokens`` 0 only evaluates the prompt.
    ``alternatives`` is the number of answers, which differ in their first token. ``exact`` forbids
    reusing a suffix that was evaluated before a small change to the prefix. ``drafting`` lets the
    engine draft upcoming tokens from the prompt, for answers that repeat much of it; it does not
    change the answer. ``logprobs`` asks for the probability of each piece. ``language`` is that of
    the document, for the statistics; the engine is not told.
    """

    prompt: Prompt
    lane: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    priority: Priority = Priority.ASKED
    alternatives: int = 1
    exact: bool = False
    drafting: bool = False
    logprobs: bool = False
    language: str = ""


FinishReason = Literal["end", "stop", "length", "context", "cancelled", "repeating"]
"""``repeating``: whoever asked stopped an answer that went round in circles; no engine says it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts and seconds of one generation.

    ``prompt_tokens = reused_tokens + evaluated_tokens`` if the whole prompt was evaluated.
    ``drafted_tokens`` counts the generated tokens that came from a draft.
    """

    prompt_tokens: int = 0
    reused_tokens: int = 0
    evaluated_tokens: int = 0
    generated_tokens: int = 0
    prompt_seconds: float = 0.0
    generation_seconds: float = 0.0
    drafted_tokens: int = 0


@dataclass(slots=True)
class Totals:
    """Sums over all requests since the engine's process started.

    ``evaluated_tokens`` includes prompts and answers; ``seconds`` is the model's evaluation time.
    """

    requests: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    evaluated_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """The next bit of an answer, in whole characters. ``index`` tells alternatives apart.

    ``logprob`` is the natural logarithm of the probability that the model gave the bit's tokens;
    ``None`` if it was not asked for, or is not known. ``tokens``: how many it is made of.
    """

    text: str
    index: int = 0
    logprob: float | None = None
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Finished:
    """An engine's last message about a request; ``others`` are the alternatives' reasons."""

    reason: FinishReason
    usage: Usage
    others: tuple[FinishReason, ...] = ()


_LONGEST_BASE = 200  # characters of each


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What an engine reports about the model it has loaded.

    ``vocabulary`` is ``spm`` for one of SentencePiece that puts its dummy space before each text.
    ``pieces`` maps control pieces to their ids: those that Herdmate looks for and the vocabulary
    has. ``context`` is the context in use, ``context_trained`` the model's own, both in tokens;
    ``size`` is in bytes. ``note`` tells the user what was requested but is not possible.
    ``template`` is the chat template in its file, which is a program and only looked at;
    ``adds_bos``: its vocabulary begins every text with BOS. ``base`` names the model of which it is
    a fine-tune, as its file says (``base_model``). ``name`` is what its file, or the server, says;
    ``listed`` is the name that the user knows a file by.
    """

    path: str
    name: str
    architecture: str
    vocabulary: Literal["spm", "bpe", "other"]
    vocabulary_size: int
    context: int
    context_trained: int
    layers: int
    parameters: int
    size: int
    pieces: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    template: str = ""
    adds_bos: bool = False
    base: str = ""
    listed: str = ""

    @property
    def shown(self) -> str:
        """The name to show: a file's own can be that of the weights that it was made from."""
        return self.listed or self.name


def base_model(name: str, url: str) -> str:
    """What a file says of the model that it was made from: its name, and the end of its address."""
    told = (name, url.rstrip("/").rpartition("/")[2])
    return " ".join(part[:_LONGEST_BASE] for part in told if part)
