"""One request while it runs: its tokens, its answer so far, and what can come next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from herdmate.engine.backend import Backend, Sampler
from herdmate.engine.drafting import Lookup, draft_length
from herdmate.engine.interface import OnRead, unheard
from herdmate.engine.kv_cache import Lane
from herdmate.engine.stream import TextStream
from herdmate.engine.token_healing import Tokens, cut_back
from herdmate.errors import ContextFullError, EngineError, HerdmateError
from herdmate.generation import (
    Finished,
    FinishReason,
    ModelInfo,
    Piece,
    Prompt,
    Request,
    Segment,
    Text,
    Usage,
)

Event = Piece | Finished | HerdmateError
"""What a job emits: pieces, then ``Finished`` or an error."""

Emit = Callable[[Event], None]


_MOST_HEALED = 16
"""The most dropped tokens to evaluate again at once, as the first draft."""


class Job:
    """A request, or one of its alternatives.

    ``tokens`` is the prompt plus what has been sampled so far. ``healing`` holds the bytes that the
    answer must still begin with, ``healed`` the tokens that were dropped for them. ``tail`` is the
    range of the movable suffix. ``saves`` are the lengths after which a running state is saved.
    """

    def __init__(
        self, number: int, request: Request, emit: Emit, order: int, on_read: OnRead = unheard
    ) -> None:
        self.number, self.request, self.emit, self.on_read = number, request, emit, on_read
        self.urgency = int(request.priority)
        self.rank = (self.urgency, order)
        self.index = 0
        self.tokens: list[int] = []
        self.healed: list[int] = []
        self.healing = b""
        self.tail = (0, 0)
        self.saves: frozenset[int] = frozenset()
        self.end_tokens: frozenset[int] = frozenset()
        self.stream = TextStream((*request.stop, *request.prompt.stop))
        self.lane: Lane | None = None
        self.sampler: Sampler | None = None
        self.lookup: Lookup | None = None
        self.family: list[Job] = [self]  # the alternatives of one request, shared by all of them
        self.is_forked = False
        self.reason: FinishReason | None = None
        self.room = request.max_tokens  # tokens to sample, including those that heal
        self.text = ""
        self.prompt_tokens = self.reused = self.evaluated = 0
        self.generated = self.inherited = self.drafted = 0
        self.prompt_seconds = self.generation_seconds = 0.0
        self.cancelled = False
        self._logprob = 0.0  # of the tokens since the last piece

    @property
    def lane_name(self) -> str:
        """The lane whose tokens are reused; each alternative has its own."""
        return f"{self.request.lane}#{self.index}" if self.index else self.request.lane

    @property
    def is_prompting(self) -> bool:
        """Does more than the newest token still need evaluation?"""
        held = len(self.lane.tokens) if self.lane else 0
        return self.generated == 0 or len(self.tokens) - held > 1

    @property
    def wants_alternatives(self) -> bool:
        """Is the next token the first free one of a request for several answers?"""
        return self.request.alternatives > 1 and not self.is_forked and not self.healing

    def tokenize(self, backend: Backend) -> None:
        """Tokenise the prompt. Raises ``ContextFullError`` if it does not fit."""
        prompt = self.request.prompt
        segments, blank = _without_last_blank(prompt, backend)
        parts = [backend.tokenize((segment,)) for segment in segments]
        said = self._said(b"", backend)
        count = sum(map(len, (*parts, said)))
        room = backend.info.context - self.request.max_tokens
        if not count:
            raise EngineError("There is nothing to ask the model: the prompt is empty.")
        if count > room:
            raise ContextFullError(
                f"The prompt has {count} tokens, but the context has room for only "
                f"{max(room, 0)}; select less or increase herdmate.engine.contextTokens."
            )
        if prompt.cursor is not None:
            if blank:
                self.healing = blank.encode()
            else:
                self._heal(parts, prompt.cursor, backend)
            if backend.can_shift:
                self.tail = _tail(parts, prompt.cursor)
        if said:
            parts.append(self._said(self.healing, backend))
            self.healing, self.healed = b"", []
        ids = (backend.token_of(piece) for piece in prompt.end_pieces)
        self.end_tokens = frozenset(token for token in ids if token is not None)
        self.tokens = [token for part in parts for token in part]
        if not backend.rewinds:
            self.saves = _saves(parts, prompt.cursor)
        self.prompt_tokens = count
        self.room += len(self.healed) if self.room else 0

    def draft(self, step_seconds: Mapping[int, float], is_alone: bool) -> list[int]:
        """Likely next tokens, to be evaluated together with the newest one."""
        if self.healing and not self.generated:
            return self.healed[:_MOST_HEALED] if self.room else []
        if not (self.request.drafting and is_alone and self.generated):
            return []
        if self.lookup is None:
            self.lookup = Lookup(self.tokens)
        length = draft_length(self.lookup.accuracy, step_seconds)
        return self.lookup.draft(min(length, self.room - self.generated - 1))

    def allowed(self, backend: Backend) -> Tokens | None:
        """The tokens that can come next; ``None`` means any."""
        return backend.pieces.allowed(self.healing) if self.healing else None

    def take(
        self, token: int, piece: bytes, is_end: bool, logprob: float = 0.0
    ) -> FinishReason | None:
        """Take the token that the model chose; return the reason if it ends the answer."""
        self.generated += 1
        self._logprob += logprob
        if is_end or token in self.end_tokens:
            return "end"
        self.tokens.append(token)
        if self.lookup is not None:
            self.lookup.follow(token)
        healed = min(len(self.healing), len(piece))
        self.healing, piece = self.healing[healed:], piece[healed:]
        self.say(self.stream.push(piece))
        if self.stream.stopped:
            return "stop"
        return "length" if self.generated >= self.room else None

    def say(self, text: str) -> None:
        """Emit some text."""
        if text:
            self.text += text
            logprob = self._logprob if self.request.logprobs else None
            self.emit(Piece(text, self.index, logprob))
            self._logprob = 0.0

    def spend(self, seconds: float) -> None:
        """Record the time of one evaluation."""
        if self.generated == 0:
            self.prompt_seconds += seconds
        else:
            self.generation_seconds += seconds

    def note_evaluated(self, count: int, held: int) -> None:
        """Record that tokens of the prompt were evaluated; the lane holds so many of them now."""
        if self.generated == 0:
            self.evaluated += count
            self.on_read(min(held, len(self.tokens)), len(self.tokens))

    def fork(self, order: int) -> Job:
        """An alternative with the same answer so far; it has no lane yet."""
        other = Job(self.number, self.request, self.emit, order)
        other.index, other.is_forked = len(self.family), True
        other.tokens, other.tail, other.end_tokens = list(self.tokens), self.tail, self.end_tokens
        other.room, other.stream = self.room, self.stream.clone()
        other.generated = other.inherited = self.generated
        other.sampler = self.sampler.clone() if self.sampler is not None else None
        other.family = self.family
        self.family.append(other)
        other.say(self.text)
        other._logprob = self._logprob
        return other

    def usage(self) -> Usage:
        """The usage so far, over all alternatives."""
        return Usage(
            prompt_tokens=self.prompt_tokens,
            reused_tokens=self.reused,
            evaluated_tokens=self.evaluated,
            generated_tokens=sum(job.generated - job.inherited for job in self.family),
            prompt_seconds=self.prompt_seconds,
            generation_seconds=max(job.generation_seconds for job in self.family),
            drafted_tokens=self.drafted,
        )

    def _said(self, healing: bytes, backend: Backend) -> list[int]:
        """The tokens of what the answer begins with, and of the bytes to heal before it."""
        said = self.request.prompt.said
        text = healing.decode("utf-8", "ignore") + said
        return backend.tokenize((Text(text),)) if said else []

    def _heal(self, parts: list[list[int]], cursor: int, backend: Backend) -> None:
        """Drop the last tokens before the cursor, but never the whole prompt."""
        text = parts[cursor]
        keep = cut_back([backend.piece(token) for token in text], backend.pieces)
        keep = max(keep, 1) if len(text) == sum(map(len, parts)) else keep
        self.healed, parts[cursor] = text[keep:], text[:keep]
        self.healing = b"".join(map(backend.piece, self.healed))
        if keep == 0 and self.healing and _begins_with_dummy(
            self.request.prompt, cursor, backend.info
        ):  # fmt: skip
            self.healing = self.healing[1:]


def _without_last_blank(prompt: Prompt, backend: Backend) -> tuple[Sequence[Segment], str]:
    """The segments without the last of several blanks before the cursor, and that blank.

    Before a word, an indent of 8 is a token of 7 blanks and a word with a leading space. After any
    other split, such as 0 or 8 blanks, models generate nothing but blanks.
    """
    if prompt.cursor is None or not isinstance(text := prompt.segments[prompt.cursor], Text):
        return prompt.segments, ""
    if not text.text.endswith(("  ", "\t\t")):
        return prompt.segments, ""
    blank = text.text[-1]
    if not backend.pieces.extends(blank.encode()):
        return prompt.segments, ""
    segments = list(prompt.segments)
    segments[prompt.cursor] = replace(text, text=text.text[:-1])
    return segments, blank


def _begins_with_dummy(prompt: Prompt, cursor: int, info: ModelInfo) -> bool:
    """Would the answer begin with SentencePiece's dummy space, which belongs only to a prefix?"""
    segment = prompt.segments[cursor]
    puts_space = isinstance(segment, Text) and segment.leading_space and info.vocabulary == "spm"
    return puts_space and cursor < len(prompt.segments) - 1


_BETWEEN_SAVES = 512
"""Tokens between saved states of a long prompt."""


def _saves(parts: list[list[int]], cursor: int | None) -> frozenset[int]:
    """Where the next prompt in the lane will probably differ: at the cursor, or after all of it."""
    count = sum(map(len, parts))
    found = {count - 1, *range(_BETWEEN_SAVES, count, _BETWEEN_SAVES)}
    if cursor is not None:
        found.add(sum(map(len, parts[: cursor + 1])))
    return frozenset(length for length in found if 0 < length < count)


def _tail(parts: list[list[int]], cursor: int) -> tuple[int, int]:
    """The suffix's range: between the control piece after the cursor and the last one.

    The control piece after the cursor is always evaluated again, because the model looks to it for
    the end of the prefix: of 30 lines (0.5B), 3 were filled in correctly when it was moved too, 17
    when it was evaluated, and 16 when the whole suffix was.
    """
    start = sum(map(len, parts[: cursor + 2]))
    return start, max(start, sum(map(len, parts[:-1])))
