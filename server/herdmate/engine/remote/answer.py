"""One answer from a remote server: its text, its end and its usage."""

from __future__ import annotations

import time

from herdmate.control_tags import ServersAnswer
from herdmate.engine.remote.dialect import Counted, RemoteRequest, Said
from herdmate.engine.remote.estimate import estimated
from herdmate.engine.remote.render_prompt import ChatPrompt, text_of
from herdmate.engine.remote.strip_preamble import PreambleStripper
from herdmate.engine.stream import TextStream
from herdmate.engine.thoughts import Thought, only_thought
from herdmate.errors import ServerError
from herdmate.generation import THOUGHTS, Finished, FinishReason, Totals, Usage

_SLACK = 16
"""How many text messages beyond ``max_tokens`` to accept before cutting the answer off."""

_LONGEST_TOKEN = 256
"""How many characters per token to accept; the longest tokens of known models are blanks."""

_EMPTY = 4096
"""How many consecutive messages without text to accept, such as those of a thinking model."""


class Answering:
    """Collects a server's messages; ``is_over`` once no more are needed."""

    def __init__(self, question: RemoteRequest, totals: Totals) -> None:
        self._question, self._totals = question, totals
        talk = question.prompt
        start = talk.reply_start if isinstance(talk, ChatPrompt) else ""
        # Code in a thought is no answer; a thought before any other answer is the host's to hide.
        self._thought, self._preamble = Thought(THOUGHTS if start else ()), PreambleStripper(start)
        self._mended, self._stream = ServersAnswer(), TextStream(question.stop)
        self._reason: FinishReason | None = None
        self._counted = Counted()
        self._began = time.monotonic()
        self._first_at = self._last_at = 0.0
        self._pieces = self._empty = self._characters = 0
        self._logprob: float | None = 0.0  # of what came since the last piece
        self.is_over = False

    def take(self, said: Said) -> str:
        """The text that can be shown now. Raises ``ServerError`` if only empty messages come."""
        if said.counted is not None:
            self._counted = said.counted
            self.is_over = self._reason is not None or said.reason is not None
        if self._reason is not None:  # only usage follows the end
            return ""
        self._note(said)
        text = self._stream.push(self._unstopped(said.text).encode("utf-8", "replace"))
        if self._stream.stopped:
            self._reason, self.is_over = "stop", True
        elif said.reason is not None:
            self._reason = said.reason
        elif self._is_too_much():
            self._reason, self.is_over = "length", True
        return text

    def logprob(self) -> float | None:
        """The log-probability of what came since this was last asked; ``None`` if not known.

        Text that is held back counts for the piece with which it is shown, or for the one before.
        """
        known, self._logprob = self._logprob, None if self._logprob is None else 0.0
        return known

    def rest(self) -> str:
        """The text that was held back; call it when nothing more comes.

        Raises ``EngineError`` if the answer was nothing but a thought.
        """
        if self._stream.stopped:
            return ""
        if self._thought.is_thinking:
            raise only_thought()
        held = self._preamble.push(self._thought.finish()) + self._preamble.finish()
        text = self._stream.push(self._mended.push(held).encode("utf-8", "replace"))
        return text + self._stream.finish()

    def end(self) -> None:
        """Mark the answer as read to its end."""
        self._reason = self._reason or "end"

    def finished(self) -> Finished:
        """The reason and the usage; an answer without an end counts as cancelled."""
        counted, question = self._counted, self._question
        is_reported = counted.prompt_tokens >= 0
        prompt = counted.prompt_tokens if is_reported else estimated(text_of(question.prompt))
        generated = counted.generated_tokens if counted.generated_tokens >= 0 else self._pieces
        reading = counted.prompt_seconds or max(self._first_at - self._began, 0.0)
        writing = counted.generation_seconds or self._last_at - self._first_at
        usage = Usage(
            prompt,
            counted.reused_tokens,
            prompt - counted.reused_tokens,
            generated,
            reading,
            writing,
        )
        return Finished(self._reason or "cancelled", usage)

    def note_totals(self) -> None:
        """Add the usage to the totals of all requests."""
        usage, totals = self.finished().usage, self._totals
        totals.requests += 1
        totals.prompt_tokens += usage.prompt_tokens
        totals.reused_tokens += usage.reused_tokens
        totals.evaluated_tokens += usage.evaluated_tokens + usage.generated_tokens
        totals.generated_tokens += usage.generated_tokens
        totals.seconds += usage.prompt_seconds + usage.generation_seconds

    def _is_too_much(self) -> bool:
        most = self._question.max_tokens + _SLACK
        return self._pieces >= most or self._characters >= most * _LONGEST_TOKEN

    def _unstopped(self, text: str) -> str:
        return self._mended.push(self._preamble.push(self._thought.push(text)))

    def _note(self, said: Said) -> None:
        if not said.text:
            self._empty += 1
            if self._empty > _EMPTY + self._question.max_tokens:
                raise ServerError("The remote server sends messages but no answer; try again.")
            return
        self._empty = 0
        self._pieces += 1
        self._characters += len(said.text)
        if self._logprob is not None:
            self._logprob = None if said.logprob is None else self._logprob + said.logprob
        self._last_at = time.monotonic()
        self._first_at = self._first_at or self._last_at
