"""llama.cpp as a backend, through the low-level API of llama-cpp-python.

The high-level ``Llama`` class is not used: it serves one request at a time, cannot be stopped
inside prompt evaluation and hard-codes the ids of infilling to 0.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import llama_cpp
import psutil

from herdmate.engine import vocabulary
from herdmate.engine.backend import Sampler, Slot
from herdmate.errors import EngineError, ModelError
from herdmate.generation import ModelInfo, Sampling, Segment

_log = logging.getLogger(__name__)

_SEQUENCES = 8
_BATCH = 512


@dataclass(frozen=True, slots=True)
class Load:
    """How a model is to be loaded: its file, and the settings of the engine."""

    path: str
    context: int = 4096
    threads: int = 0
    gpu_layers: int = -1
    control_pieces: tuple[str, ...] = ()


def load(how: Load, on_progress: Callable[[float], None]) -> LlamaBackend:
    """Load a model. ``on_progress`` is told fractions from 0 to 1.

    Raises ``ModelError`` with a sentence that says what to do.
    """
    said = _route_log()
    _check_file(how.path)
    model = _load_model(how, on_progress)
    if not model:
        raise ModelError(_why_not_loaded(how.path, said))
    try:
        return LlamaBackend(how, model)
    except Exception:
        llama_cpp.llama_model_free(model)
        raise


class LlamaBackend:
    """One model and one context of several sequences. See ``backend.Backend``."""

    def __init__(self, how: Load, model: Any) -> None:
        self._model = model
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self._pieces = vocabulary.control_pieces(self._vocab, how.control_pieces)
        self._context = _new_context(how, model)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(_BATCH, 0, 1)
        self._abort = _AbortFlag(self._context)
        self._info = _model_info(how, model, self._context, self._pieces)

    @property
    def info(self) -> ModelInfo:
        """What is loaded."""
        return self._info

    @property
    def chunk(self) -> int:
        """Small enough to make way soon on a processor; a GPU is only fast with more."""
        return _BATCH if llama_cpp.llama_supports_gpu_offload() else 128

    @property
    def sequences(self) -> int:
        """How many sequences the cache can hold."""
        return _SEQUENCES

    def tokenize(self, segments: Sequence[Segment]) -> list[int]:
        """Token ids of a prompt. Thread safe: the vocabulary is never written."""
        return vocabulary.tokenize(self._vocab, segments, self._pieces)

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for."""
        return vocabulary.piece_of(self._vocab, token)

    def is_end(self, token: int) -> bool:
        """Is it an end-of-generation token?"""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def token_of(self, piece: str) -> int | None:
        """The id of a control piece."""
        return self._pieces.get(piece)

    def evaluate(self, batch: Sequence[Slot]) -> bool:
        """Evaluate at most 512 slots; ``False`` when aborted."""
        native = self._batch
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
            "set herdmate.engine.contextTokens lower or choose a smaller model."
        )

    def forget(self, sequence: int, start: int) -> None:
        """Drop cached tokens from a position on."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, start, -1)

    def sampler(self, sampling: Sampling) -> Sampler:
        """A sampler chain of llama.cpp."""
        return _ChainSampler(self._context, sampling)

    def abort(self) -> None:
        """Stop the running evaluation."""
        self._abort.set(True)

    def allow(self) -> None:
        """Let evaluations run again."""
        self._abort.set(False)


class _AbortFlag:
    """llama.cpp asks a callback before each node of its graph whether to go on.

    A Python callback would take the interpreter's lock some hundred times a token. The C library's
    ``strlen`` serves instead: it answers 0 while the flag's first byte is 0 and 1 once it is set.
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


class _ChainSampler:
    """One generation's sampler chain."""

    def __init__(self, context: Any, sampling: Sampling) -> None:
        self._context = context
        self._chain = llama_cpp.llama_sampler_chain_init(
            llama_cpp.llama_sampler_chain_default_params()
        )
        for link in _links(sampling):
            llama_cpp.llama_sampler_chain_add(self._chain, link)

    def sample(self, index: int) -> int:
        """The next token after batch slot ``index``."""
        return int(llama_cpp.llama_sampler_sample(self._chain, self._context, index))

    def close(self) -> None:
        """Free the chain and its links."""
        llama_cpp.llama_sampler_free(self._chain)


def _links(sampling: Sampling) -> list[Any]:
    if sampling.temperature <= 0:
        return [llama_cpp.llama_sampler_init_greedy()]
    return [
        llama_cpp.llama_sampler_init_top_k(sampling.top_k),
        llama_cpp.llama_sampler_init_top_p(sampling.top_p, 1),
        llama_cpp.llama_sampler_init_min_p(sampling.min_p, 1),
        llama_cpp.llama_sampler_init_temp(sampling.temperature),
        llama_cpp.llama_sampler_init_dist(sampling.seed),
    ]


def _load_model(how: Load, on_progress: Callable[[float], None]) -> Any:
    @llama_cpp.llama_progress_callback  # type: ignore[untyped-decorator]
    def progress(fraction: float, _data: Any) -> bool:
        on_progress(fraction)
        return True

    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = how.gpu_layers
    params.progress_callback = progress
    llama_cpp.llama_backend_init()
    return llama_cpp.llama_model_load_from_file(how.path.encode(), params)


def _new_context(how: Load, model: Any) -> Any:
    params = llama_cpp.llama_context_default_params()
    trained = llama_cpp.llama_model_n_ctx_train(model)
    params.n_ctx = min(how.context, trained) if trained > 0 else how.context
    params.n_batch = params.n_ubatch = _BATCH
    params.n_seq_max = _SEQUENCES
    params.kv_unified = True  # all sequences share the cells: none is reserved for an idle lane
    params.no_perf = True
    threads = how.threads or psutil.cpu_count(logical=False) or 1
    params.n_threads = params.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise ModelError(
            f"There is not enough memory for a context of {params.n_ctx} tokens; set "
            "herdmate.engine.contextTokens lower or choose a smaller model."
        )
    return context


def _model_info(how: Load, model: Any, context: Any, pieces: dict[str, int]) -> ModelInfo:
    vocab = llama_cpp.llama_model_get_vocab(model)
    architecture = _metadata(model, "general.architecture")
    return ModelInfo(
        path=how.path,
        name=_metadata(model, "general.name") or Path(how.path).stem,
        architecture=architecture,
        vocabulary=_vocabulary_kind(vocab),
        vocabulary_size=llama_cpp.llama_vocab_n_tokens(vocab),
        context=llama_cpp.llama_n_ctx(context),
        context_trained=llama_cpp.llama_model_n_ctx_train(model),
        layers=llama_cpp.llama_model_n_layer(model),
        parameters=llama_cpp.llama_model_n_params(model),
        size=llama_cpp.llama_model_size(model),
        pieces=pieces,
    )


def _vocabulary_kind(vocab: Any) -> Literal["spm", "bpe", "other"]:
    kind = llama_cpp.llama_vocab_type(vocab)
    if kind == llama_cpp.LLAMA_VOCAB_TYPE_SPM:
        return "spm"
    return "bpe" if kind == llama_cpp.LLAMA_VOCAB_TYPE_BPE else "other"


def _metadata(model: Any, key: str) -> str:
    buffer = ctypes.create_string_buffer(256)
    length = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode("utf-8", "replace") if length >= 0 else ""


def _check_file(path: str) -> None:
    """llama.cpp's own message for a missing file says little."""
    if not Path(path).is_file():
        raise ModelError(f"There is no model file at {path}; set herdmate.model to one.")


# ggml_log_level: 1 debug, 2 info, 3 warning, 4 error, 5 goes on with the line before
_LEVELS = {4: logging.INFO}  # a cancelled evaluation is an error to llama.cpp


def _route_log() -> list[str]:
    """Send llama.cpp's log to ours, its errors at INFO; the list collects those."""
    errors: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def write(level: int, text: bytes, _data: Any) -> None:
        line = text.decode("utf-8", "replace").rstrip()
        if level == 4 and line:
            errors.append(line)
        if line:
            _log.log(_LEVELS.get(level, logging.DEBUG), "llama.cpp: %s", line)

    _kept_alive.append(write)
    llama_cpp.llama_log_set(write, ctypes.c_void_p(0))
    return errors


_kept_alive: list[Any] = []  # ctypes callbacks that C still holds


def _why_not_loaded(path: str, said: Sequence[str]) -> str:
    name, words = Path(path).name, " ".join(said)
    if "unknown model architecture" in words:
        kind = words.split("unknown model architecture:")[-1].split("'")[1:2]
        return (
            f"{name} is of an architecture that this llama.cpp does not know ({''.join(kind)}); "
            "upgrade llama-cpp-python or choose another model."
        )
    if any(word in words for word in ("failed to allocate", "unable to allocate", "out of memory")):
        return f"There is not enough memory for {name}; choose a smaller model or quantisation."
    last = said[-1] if said else "no reason was given"
    return f"{name} could not be loaded ({last}); fetch it again or choose another model."
