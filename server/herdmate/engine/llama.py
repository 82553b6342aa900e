"""llama.cpp as a backend, through the low-level API of llama-cpp-python.

The high-level ``Llama`` class is not used: it serves one request at a time, cannot be stopped
during prompt evaluation, and hard-codes the infill token ids to 0.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import llama_cpp

from herdmate.engine import tuning, vocabulary
from herdmate.engine.adapters import load_adapters, use_adapters
from herdmate.engine.backend import Sampler, Slot
from herdmate.engine.loading import (
    BATCH,
    LANES,
    OUTPUTS,
    STATES,
    has_state,
    lock_note,
    micro_batch,
    new_context,
    state_note,
)
from herdmate.engine.sampler_chain import ChainSampler, chain
from herdmate.engine.start import LlamaStart
from herdmate.engine.token_healing import PieceTable
from herdmate.errors import EngineError
from herdmate.generation import THOUGHTS, ModelInfo, Sampling, Segment, base_model
from herdmate.printable import one_line

_PARTIAL = llama_cpp.LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY

_LONGEST_TEMPLATE = 1 << 18  # bytes

_SECONDS_BETWEEN_LOOKS = 2.0
"""How often the machine's load is sampled."""

_PAUSE_SECONDS = 0.5
_FIRST_LOOK_SECONDS = 0.3
"""The pause after which the last load sample is out of date, and how long to take the next one."""


class LlamaBackend:
    """One model and one context of several sequences. See ``backend.Backend``."""

    def __init__(self, how: LlamaStart, profile: tuning.Profile, model: Any) -> None:
        self._profile = profile
        self._model = model
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self._pieces = vocabulary.control_pieces(self._vocab, how.control_pieces)
        self._tags = vocabulary.tags(self._vocab)
        marks = (mark for pair in THOUGHTS for mark in pair if mark in self._pieces)
        self._thoughts = {self._pieces[mark]: mark.encode() for mark in marks}  # even if control
        adapters = load_adapters(how, model)
        self._context = new_context(how, profile, model)
        use_adapters(self._context, adapters)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self._abort = _AbortFlag(self._context)
        self.looks_again = self._evaluated_at = 0.0
        self._info = _model_info(how, model, self._context, self._pieces, adapters.note)

    @property
    def info(self) -> ModelInfo:
        """The loaded model."""
        return self._info

    @property
    def chunk(self) -> int:
        """One micro batch, with room left for the tokens of other jobs."""
        return min(micro_batch(self._profile), BATCH - OUTPUTS)

    @property
    def lanes(self) -> int:
        """How many lanes the cache can hold."""
        return LANES if self.rewinds else STATES

    @property
    def can_shift(self) -> bool:
        """Can cached tokens be moved to other positions?"""
        return self.rewinds and bool(llama_cpp.llama_memory_can_shift(self._memory))

    @property
    def rewinds(self) -> bool:
        """Can the end of a sequence be dropped?"""
        return not has_state(self._model)

    @cached_property
    def pieces(self) -> PieceTable:
        """The bytes of all tokens except control tokens."""
        return PieceTable(vocabulary.all_pieces(self._vocab), frozenset(self._pieces.values()))

    @property
    def step_seconds(self) -> Mapping[int, float]:
        """Measured seconds of an evaluation by its number of tokens."""
        return self._profile.step_seconds

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Token ids of a prompt. Thread safe: the vocabulary is never written."""
        return vocabulary.tokenize(self._vocab, segments, self._pieces, self._tags)

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for."""
        return self._thoughts.get(token) or vocabulary.piece_of(self._vocab, token)

    def is_end(self, token: int) -> bool:
        """Is it an end-of-generation token?"""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def token_of(self, piece: str) -> int | None:
        """The id of a control piece."""
        return self._pieces.get(piece)

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        """Evaluate at most 512 slots; ``False`` if aborted."""
        native = self._batch
        self._make_way()
        native.n_tokens = len(batch)
        for index, slot in enumerate(batch):
            native.token[index] = slot.token
            native.pos[index] = slot.position
            native.n_seq_id[index] = 1
            native.seq_id[index][0] = slot.sequence
            native.logits[index] = slot.wants_logits
        code = llama_cpp.llama_decode(self._context, native)
        if code in (0, 2):
            return bool(code == 0)
        raise EngineError(
            f"llama.cpp could not evaluate the prompt (code {code}); "
            "reduce herdmate.engine.contextTokens or choose a smaller model."
        )

    def _make_way(self) -> None:
        """Use fewer threads while other processes use the cores: two share a free core badly.

        Measured with one of two cores busy (0.5B): 46 ms per token on one thread, 70 ms on two.
        """
        now = time.monotonic()
        if self.looks_again < math.inf and now - self._evaluated_at > _PAUSE_SECONDS:
            # The load while nothing was being evaluated says nothing about the load now.
            tuning.others_use()
            self.looks_again = now + _FIRST_LOOK_SECONDS
        self._evaluated_at = now
        if now < self.looks_again:
            return
        self.looks_again = now + _SECONDS_BETWEEN_LOOKS
        taken = round(tuning.others_use())
        threads = max(self._profile.threads - taken, 1)
        batch_threads = max(self._profile.batch_threads - taken, 1)
        llama_cpp.llama_set_n_threads(self._context, threads, batch_threads)

    def forget(self, sequence: int, start: int, end: int = -1) -> bool:
        """Drop cached tokens; ``False`` if the model's running state cannot go back there."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, end))

    def save(self, sequence: int) -> bytes:
        """The running state of a sequence, without its cached keys and values."""
        size = llama_cpp.llama_state_seq_get_size_ext(self._context, sequence, _PARTIAL)
        data = (ctypes.c_uint8 * size)()
        written = llama_cpp.llama_state_seq_get_data_ext(
            self._context, data, size, sequence, _PARTIAL
        )
        return bytes(data)[:written]

    def restore(self, sequence: int, state: bytes) -> bool:
        """Give a sequence back a state of its own."""
        data = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(
            llama_cpp.llama_state_seq_set_data_ext(
                self._context, data, len(state), sequence, _PARTIAL
            )
        )

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Share cached tokens."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, start, end)

    def shift(self, sequence: int, by: int) -> None:
        """Move cached tokens; llama.cpp rotates their keys in the next evaluation."""
        llama_cpp.llama_memory_seq_add(self._memory, sequence, 0, -1, by)

    def sampler(self, sampling: Sampling) -> Sampler:
        """A sampler chain of llama.cpp."""
        return ChainSampler(self._context, self._info.vocabulary_size, sampling, chain(sampling))

    def take_threads(self, profile: tuning.Profile) -> None:
        """Use the threads of a profile that differs in nothing else."""
        self._profile = profile
        llama_cpp.llama_set_n_threads(self._context, profile.threads, profile.batch_threads)

    def close(self) -> None:
        """Free everything but the model; the backend is unusable afterwards."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)

    def abort(self) -> None:
        """Stop the running evaluation."""
        self._abort.set(True)

    def allow(self) -> None:
        """Let evaluations run again."""
        self._abort.set(False)


class _AbortFlag:
    """llama.cpp asks a callback before each node of its graph whether to go on.

    A Python callback would take the interpreter's lock hundreds of times per token. The C library's
    ``strlen`` serves instead: it returns 0 while the flag's first byte is 0, and 1 once it is set.
    """

    def __init__(self, context: Any) -> None:
        self._flag = ctypes.create_string_buffer(2)
        libc = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        strlen = ctypes.cast(libc.strlen, llama_cpp.ggml_abort_callback)
        llama_cpp.llama_set_abort_callback(
            context, strlen, ctypes.cast(self._flag, ctypes.c_void_p)
        )
        self._strlen = strlen

    def set(self, value: bool) -> None:
        self._flag[0] = b"\x01" if value else b"\x00"


def _model_info(
    how: LlamaStart, model: Any, context: Any, pieces: dict[str, int], note: str
) -> ModelInfo:
    vocab = llama_cpp.llama_model_get_vocab(model)
    architecture = _metadata(model, "general.architecture")
    return ModelInfo(
        path=how.path,
        name=one_line(_metadata(model, "general.name") or Path(how.path).stem, 100),
        architecture=architecture,
        vocabulary=_vocabulary_kind(vocab),
        vocabulary_size=llama_cpp.llama_vocab_n_tokens(vocab),
        context=llama_cpp.llama_n_ctx(context),
        context_trained=llama_cpp.llama_model_n_ctx_train(model),
        layers=llama_cpp.llama_model_n_layer(model),
        parameters=llama_cpp.llama_model_n_params(model),
        size=llama_cpp.llama_model_size(model),
        pieces=pieces,
        note=" ".join(filter(None, (lock_note(how), state_note(model), note))),
        template=_template(model),
        adds_bos=bool(llama_cpp.llama_vocab_get_add_bos(vocab)),
        base=base_model(
            _metadata(model, "general.base_model.0.name"),
            _metadata(model, "general.base_model.0.repo_url"),
        ),
        listed=how.name,
    )


def _vocabulary_kind(vocab: Any) -> Literal["spm", "bpe", "other"]:
    if vocabulary.puts_space_first(vocab):
        return "spm"
    is_bpe = llama_cpp.llama_vocab_type(vocab) == llama_cpp.LLAMA_VOCAB_TYPE_BPE
    return "bpe" if is_bpe else "other"


def _template(model: Any) -> str:
    """The chat template in the file; no more of a long one than shows that it is too long."""
    text = llama_cpp.llama_model_chat_template(model, None)
    return text[:_LONGEST_TEMPLATE].decode("utf-8", "replace") if text else ""


def _metadata(model: Any, key: str) -> str:
    buffer = ctypes.create_string_buffer(256)
    length = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""
