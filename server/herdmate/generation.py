"""What is asked of an engine and what it answers: values shared by prompting, engine and assist.

**Invariant:** a prompt is a tuple of segments. Text of the user is always a ``Text`` and is
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

    ``leading_space`` says whether a SentencePiece vocabulary puts its dummy space before it, as
    Meta's ``encode`` does (prefix, instruct) and ``encode_infilling`` does not (suffix).
    """

    text: str
    leading_space: bool = False


@dataclass(frozen=True, slots=True)
class Special:
    """One control token, named by its piece in the vocabulary, or ``"bos"`` or ``"eos"``."""

    piece: str


Segment = Text | Special

SERVER_ROLES = ("role:system", "role:user", "role:assistant")
"""Stand for control tokens that only a server knows: whose turn follows, in its own format."""

SERVER_HOLE = ("hole:prefix", "hole:suffix", "hole:middle")
"""The same of infilling, where the server puts the prompt together itself."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Segments in order, and the pieces and strings that end the model's answer.

    ``cursor`` is the index of the text that ends where the user types: its last tokens, which the
    cursor may have cut, are healed (see ``engine.healing``).
    """

    segments: tuple[Segment, ...]
    end_pieces: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Temperature 0 is greedy; the other fields then do nothing."""

    temperature: float = 0.0
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 0


class Priority(IntEnum):
    """Who goes first: lower is more urgent and pre-empts what is higher."""

    TYPING = 0
    ASKED = 1
    BACKGROUND = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One generation.

    ``lane`` names whose tokens to reuse (a document's URI, a conversation): requests of one lane
    share the longest common prefix of their prompts. ``max_tokens`` 0 only evaluates the prompt.
    ``alternatives`` asks for so many answers, which differ in their first token. ``exact`` forbids
    to reuse a suffix that was evaluated before the prefix changed a little. ``drafting`` lets the
    engine look up in the prompt what may come next, for answers that repeat much of it; the answer
    is the same without.
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


FinishReason = Literal["end", "stop", "length", "context", "cancelled"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts and seconds of one generation.

    ``prompt_tokens = reused_tokens + evaluated_tokens`` where the prompt was evaluated whole.
    ``drafted_tokens`` of the generated ones came of a draft.
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

    ``evaluated_tokens`` counts those of prompts and of answers; ``seconds`` is the time that the
    model was evaluating.
    """

    requests: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    evaluated_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more text of an answer; whole characters only. ``index`` tells alternatives apart."""

    text: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The last thing an engine says of a request; ``others`` are the alternatives' reasons."""

    reason: FinishReason
    usage: Usage
    others: tuple[FinishReason, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What an engine tells of the model that it holds.

    ``pieces`` maps the control pieces that the vocabulary has (of those that Herdmate looks for)
    to their ids. ``context`` is the context in use, ``context_trained`` the model's own, both in
    tokens; ``size`` is in bytes. ``note`` says to the user what was asked for and cannot be done.
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
