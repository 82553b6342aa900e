"""GGUF files of an exact shape with random weights, to measure models that cannot be fetched.

A model's time and memory depend on its shape and quantisation, not on the values of its weights.
The Q4_K_M mix is llama.cpp's: the output, and half of the attention value and feed-forward down
matrices, have six bits, the others four. Shapes are from the model cards and agree with the
published files' sizes.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from herdmate.bench.vocabulary_pieces import CONTROLS, FIRST_CONTROL, pieces
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.folder import model_folder
from herdmate.user_folders import cache_folder

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shape:
    """A model of the llama architecture; ``width`` and ``feed_forward`` in values per token."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    feed_forward: int
    vocabulary: int
    context: int
    rope_base: float
    mix: Literal["Q4_K_M", "F32"]

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of KV cache per token of the context, in half precision."""
        return 2 * 2 * self.layers * self.width * self.kv_heads // self.heads


SHAPES: Mapping[str, Shape] = {
    "codellama-7b": Shape(32, 4096, 32, 32, 11008, 32016, 16384, 1e6, "Q4_K_M"),
    "codellama-13b": Shape(40, 5120, 40, 40, 13824, 32016, 16384, 1e6, "Q4_K_M"),
    "tiny": Shape(2, 64, 4, 2, 128, 640, 4096, 1e4, "F32"),
}


def cached(name: str, on_progress: Callable[[float], None] = lambda _: None) -> Path:
    """The file of this shape in the user's cache, made now if it is missing.

    Raises ``ModelError`` if it cannot be made.
    """
    path = cache_folder() / "shapes" / f"{name}-random-{SHAPES[name].mix}.gguf"
    return path if path.is_file() else make(name, path, on_progress)


def make(name: str, path: Path, on_progress: Callable[[float], None] = lambda _: None) -> Path:
    """Write a file of this shape; ``on_progress`` receives fractions from 0 to 1.

    The weights are the same every time, and the file gets its name only once complete. Raises
    ``ModelError`` if the disk is too full or ``gguf`` is not installed.
    """
    shape = SHAPES[name]
    gguf = _gguf()
    tensors = list(_tensors(shape))
    size = sum(tensor.size for tensor in tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(path.parent).free
    if free < size * 1.02:
        raise ModelError(
            f"{path.parent} has {free / 1e9:.1f} GB free, but a model of shape {name} takes "
            f"{size / 1e9:.1f} GB; free up space or choose another shape."
        )
    part = path.with_name(path.name + ".part")
    try:
        _write(gguf, part, name, tensors, on_progress)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A matrix; ``kind`` is ggml's name for its type."""

    name: str
    rows: int
    columns: int
    kind: Literal["F32", "Q4_K", "Q6_K"]

    @property
    def size(self) -> int:
        """Size in bytes."""
        block, count = {"F32": (4, 1), "Q4_K": (144, 256), "Q6_K": (210, 256)}[self.kind]
        return self.rows * self.columns // count * block


def _tensors(shape: Shape) -> Iterator[_Tensor]:
    small: Literal["F32", "Q4_K"] = "F32" if shape.mix == "F32" else "Q4_K"
    large: Literal["F32", "Q6_K"] = "F32" if shape.mix == "F32" else "Q6_K"
    width, kv = shape.width, shape.width * shape.kv_heads // shape.heads
    yield _Tensor("token_embd.weight", shape.vocabulary, width, small)
    for at in range(shape.layers):
        more = large if _has_more_bits(at, shape.layers) else small
        yield _Tensor(f"blk.{at}.attn_norm.weight", 1, width, "F32")
        yield _Tensor(f"blk.{at}.attn_q.weight", width, width, small)
        yield _Tensor(f"blk.{at}.attn_k.weight", kv, width, small)
        yield _Tensor(f"blk.{at}.attn_v.weight", kv, width, more)
        yield _Tensor(f"blk.{at}.attn_output.weight", width, width, small)
        yield _Tensor(f"blk.{at}.ffn_norm.weight", 1, width, "F32")
        yield _Tensor(f"blk.{at}.ffn_gate.weight", shape.feed_forward, width, small)
        yield _Tensor(f"blk.{at}.ffn_up.weight", shape.feed_forward, width, small)
        yield _Tensor(f"blk.{at}.ffn_down.weight", width, shape.feed_forward, more)
    yield _Tensor("output_norm.weight", 1, width, "F32")
    yield _Tensor("output.weight", shape.vocabulary, width, large)


def _has_more_bits(layer: int, layers: int) -> bool:
    """llama.cpp's rule: the first and last eighth of the layers, and every third one between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _write(
    gguf: Any,
    path: Path,
    name: str,
    tensors: list[_Tensor],
    on_progress: Callable[[float], None],
) -> None:
    shape = SHAPES[name]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"CodeLlama shape {name}, random weights")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(shape.rope_base)
    _add_vocabulary(gguf, writer, shape)
    for tensor in tensors:
        kind = gguf.GGMLQuantizationType[tensor.kind]
        is_vector = tensor.rows == 1
        row = tensor.size // tensor.rows if tensor.kind != "F32" else tensor.columns
        sizes = [row] if is_vector else [tensor.rows, row]
        numbers = np.dtype(np.float32 if tensor.kind == "F32" else np.uint8)
        writer.add_tensor_info(tensor.name, sizes, numbers, tensor.size, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    dice, done, total = np.random.default_rng(1), 0, sum(tensor.size for tensor in tensors)
    make_block = partial(_blocks, dice=dice)
    tiles = {"Q4_K": make_block("Q4_K"), "Q6_K": make_block("Q6_K")} if shape.mix != "F32" else {}
    for tensor in tensors:
        whole = tensor.kind == "F32"
        writer.write_tensor_data(
            _numbers(tensor, dice) if whole else np.resize(tiles[tensor.kind], tensor.size)
        )
        done += tensor.size
        on_progress(done / total)
    writer.close()


def _numbers(tensor: _Tensor, dice: np.random.Generator) -> npt.NDArray[np.float32]:
    """Ones for a norm, else normally distributed; larger for the output, so it has preferences."""
    if tensor.rows == 1:
        return np.ones(tensor.columns, dtype=np.float32)
    scale = {"token_embd.weight": 1.0, "output.weight": 0.5}.get(
        tensor.name, 1.5 / math.sqrt(tensor.columns)
    )
    numbers = dice.normal(0, scale, (tensor.rows, tensor.columns))
    return np.ascontiguousarray(numbers, dtype=np.float32)


def _blocks(kind: str, dice: np.random.Generator) -> Bytes:
    """Several megabytes of random blocks whose weights have mean 0 and deviation near 0.02."""
    count, size = (1 << 16), {"Q4_K": 144, "Q6_K": 210}[kind]
    blocks = dice.integers(0, 256, (count, size), dtype=np.uint8)
    if kind == "Q4_K":  # scale and minimum, in half precision, come first
        blocks[:, 0:4] = np.array([1.4e-4, 7.5 * 1.4e-4], dtype=np.float16).view(np.uint8)
    else:  # the scale comes last
        blocks[:, 208:210] = np.array([1.5e-5], dtype=np.float16).view(np.uint8)
    return blocks.reshape(-1)


def _add_vocabulary(gguf: Any, writer: Any, shape: Shape) -> None:
    """CodeLlama's order: three control tokens, the bytes, pieces by rank, infill pieces last."""
    kind = gguf.TokenType
    fixed = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    kinds = [kind.UNKNOWN, kind.CONTROL, kind.CONTROL, *[kind.BYTE] * 256]
    last = min(FIRST_CONTROL, shape.vocabulary - 16)
    words = pieces(_starter(), last - len(fixed))
    tail = [f"<unused {at}>" for at in range(16 - 7 - len(CONTROLS))]
    stubs = [f"<stub {at}>" for at in range(7)]
    tokens = [*fixed, *words, *stubs, *CONTROLS, *tail]
    kinds += [kind.NORMAL] * len(words) + [kind.UNUSED] * 7
    kinds += [kind.NORMAL] * len(CONTROLS) + [kind.UNUSED] * len(tail)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(at) for at in range(len(tokens))])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def _starter() -> Path | None:
    path = model_folder() / catalogue.starter().file
    return path if path.is_file() else None


def _gguf() -> Any:
    try:
        import gguf
    except ImportError as error:
        raise ModelError(
            "Generating a model needs the gguf package; install it with pip install "
            '"herdmate[bench]".'
        ) from error
    return gguf
