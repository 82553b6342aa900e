"""Reads the metadata of a GGUF file within strict bounds.

The format is llama.cpp's (``ggml/include/gguf.h``): magic, version, counts, key-value pairs, tensor
descriptions, then the data. Nothing in a file is trusted before it is checked against the file's
size.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from herdmate.models.tensor_types import BLOCKS
from herdmate.printable import one_line

_MOST_KEYS, _MOST_TENSORS, _LONGEST_STRING = 4096, 65536, 1 << 20
_LONGEST_HEADER = 32 << 20  # bytes; one with 150 000 tokens and their merges has 6 MB
_MOST_STRINGS = (
    1 << 20
)  # in all arrays together; the most known are 262 144 tokens and 514 906 merges
_MOST_ARRAYS = 1 << 12  # nested in arrays; no known model has any
_LARGEST_COUNT = 1 << 31
_LARGEST_OFFSET = 1 << 62
_STEP = 1 << 20
_KINDS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LENGTH = struct.Struct("<Q")
_LONGEST_NAME = 100  # characters of a file's own texts that users see

_NOT_MODELS = {
    b"ggml": "is in the GGML format, which llama.cpp dropped in August 2023",
    b"fmgg": "is in the GGML format, which llama.cpp dropped in August 2023",
    b"lmgg": "is in the GGML format, which llama.cpp dropped in August 2023",
    b"tjgg": "is in the GGML format, which llama.cpp dropped in August 2023",
    b"vers": "is a git-lfs pointer, not the model itself",
    b"<!do": "is a web page, not a model",
    b"<htm": "is a web page, not a model",
    b"pk\x03\x04": "is a PyTorch or zip file, not a GGUF model",
}


_NOT_WRITING = frozenset({
    "clip", "bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "modern-bert", "jina-bert-v2",
    "jina-bert-v3", "t5encoder", "wavtokenizer-dec", "eurobert", "gemma-embedding", "llama-embed",
})  # fmt: skip
"""Architectures of llama.cpp that do not generate text: vision, embeddings, audio."""

_TOKENS = "tokenizer.ggml.tokens"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor's dimensions, the innermost first, and its type's number in ggml."""

    shape: tuple[int, ...]
    kind: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """A file's metadata. Arrays are represented by their lengths.

    ``pieces`` are those tokens of its vocabulary that the reader looked for. If the reader was to
    keep them, ``described`` are its tensors by name, ``kinds`` the types of its values by key.
    """

    version: int
    tensors: int
    metadata: dict[str, Any]
    pieces: frozenset[str] = frozenset()
    described: Mapping[str, Tensor] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        """``llama``, ``qwen2``, …"""
        return one_line(str(self.metadata.get("general.architecture", "")), _LONGEST_NAME)

    @property
    def name(self) -> str:
        """The model's own name."""
        return one_line(str(self.metadata.get("general.name", "")), _LONGEST_NAME)

    @property
    def writes(self) -> bool:
        """Does it generate text? Adapters, projectors and embedding models do not."""
        kind = self.metadata.get("general.type", "model")
        pools = f"{self.architecture}.pooling_type" in self.metadata
        return kind == "model" and not pools and self.architecture not in _NOT_WRITING

    @property
    def kv_bytes(self) -> int:
        """Bytes of the fp16 KV cache per token; 0 if the file does not say enough."""
        heads = self.count("attention.head_count")
        if not heads:
            return 0
        shared = self.count("attention.head_count_kv") or heads
        width = self.count("embedding_length") // heads
        keys = self.count("attention.key_length") or width
        values = self.count("attention.value_length") or width
        return self.count("block_count") * shared * (keys + values) * 2

    def count(self, key: str) -> int:
        """A positive integer that the file states for its architecture, else 0.

        Implausible numbers count as 0 too, since memory is computed from these.
        """
        value = self.metadata.get(f"{self.architecture}.{key}")
        if not isinstance(value, int) or isinstance(value, bool):
            return 0
        return value if 0 < value < _LARGEST_COUNT else 0

    @property
    def vocabulary(self) -> int:
        """The number of tokens in the vocabulary; 0 if there is none."""
        length = self.metadata.get(_TOKENS)
        return length if isinstance(length, int) and length > 0 else 0


class GgufError(Exception):
    """A file is not a valid GGUF file; the message continues a sentence after its name."""


class GgufReader:
    """Reads one file from its start. ``_data`` is what was read, ``_at`` the position in it.

    It looks for ``pieces`` in the vocabulary, and keeps what describes tensors and types if
    ``whole`` is set.
    """

    def __init__(self, file: BinaryIO, pieces: Collection[str] = (), whole: bool = False) -> None:
        self._keeps = whole
        self._described: dict[str, Tensor] = {}
        self._kinds: dict[str, int] = {}
        self._file, self._wanted = file, {piece.encode() for piece in pieces}
        self._found: frozenset[str] = frozenset()
        self._size = os.fstat(file.fileno()).st_size
        self._data, self._at = bytearray(), 0
        self._strings_left, self._arrays_left = _MOST_STRINGS, _MOST_ARRAYS

    def header(self) -> GgufHeader:
        """The file's metadata. Raises ``GgufError`` and ``OSError``."""
        self._check_magic()
        version = int(self._number("I"))
        if version in (2 << 24, 3 << 24):
            raise GgufError("is for big-endian machines, which this is not")
        if version not in (2, 3):
            raise GgufError(f"is GGUF version {version}, but only 2 and 3 are supported")
        tensors, keys = int(self._number("Q")), int(self._number("Q"))
        if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
            raise _damaged()
        metadata = {}
        for _ in range(keys):
            key = self._string()
            start = self._at
            kind = int(self._number("I"))
            metadata[key] = self._value(kind, depth=0)
            if self._keeps:
                self._kinds[key] = kind
            if key == _TOKENS and self._wanted and isinstance(metadata[key], int):
                self._found = self._among_strings(start + 16, metadata[key])
        self._check_tensors(tensors, metadata.get("general.alignment", 32))
        return GgufHeader(version, tensors, metadata, self._found, self._described, self._kinds)

    def _check_magic(self) -> None:
        start = self._file.read(16)
        magic = start[:4]
        if not magic:
            raise GgufError("is empty")
        if start[8:10] == b'{"':
            raise GgufError("is a safetensors file, not a GGUF model")
        if magic != b"GGUF":
            raise GgufError(_NOT_MODELS.get(magic.lower(), "is not a GGUF model"))
        self._data += start
        self._at = 4

    def _check_tensors(self, count: int, alignment: Any) -> None:
        """Check that the file contains the last byte of every tensor."""
        end = 0
        for _ in range(count):
            name = self._string()
            dimensions = int(self._number("I"))
            if dimensions > 4:
                raise _damaged()
            shape = tuple(int(self._number("Q")) for _ in range(dimensions))
            elements = math.prod(shape)
            kind, offset = int(self._number("I")), int(self._number("Q"))
            if self._keeps:
                self._described[name] = Tensor(shape, kind)
            per_block, block_bytes = BLOCKS.get(kind, (1, 0))
            end = max(end, offset + elements // per_block * block_bytes)
            if end > _LARGEST_OFFSET:
                raise _damaged()
        if not isinstance(alignment, int) or not 0 < alignment < _LARGEST_COUNT:
            raise _damaged()
        if alignment & (alignment - 1):  # not a power of two
            raise _damaged()
        start = -(-self._at // alignment) * alignment
        if count and start + end > self._size:  # a vocabulary alone ends unpadded
            missing = (start + end - self._size) / 1e6
            raise GgufError(f"is cut off: {missing:.1f} MB is missing")

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _KINDS:
            return self._number(_KINDS[kind])
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY and depth < 2:
            return self._skip_array(depth)
        raise _damaged()

    def _skip_array(self, depth: int) -> int:
        """Skip an array, such as a whole vocabulary; return its length."""
        kind, count = int(self._number("I")), int(self._number("Q"))
        if count > self._size:
            raise _damaged()
        if kind in _KINDS:
            self._skip(count * struct.calcsize(f"<{_KINDS[kind]}"))
        elif kind == _STRING:
            self._strings_left -= count
            if self._strings_left < 0:
                raise _damaged()
            self._skip_strings(count)
        else:
            self._arrays_left -= count
            if self._arrays_left < 0:
                raise _damaged()
            for _ in range(count):
                self._value(kind, depth + 1)
        return count

    def _skip_strings(self, count: int) -> None:
        """Skip strings in one loop without calls, since a vocabulary has hundreds of thousands."""
        longest, at, data = min(_LONGEST_STRING, self._size), self._at, self._data
        for _ in range(count):
            if at + 8 > len(data):
                self._reach(at + 8)
            length = _LENGTH.unpack_from(data, at)[0]
            if length > longest:
                raise _damaged()
            at += 8 + length
        self._at = at
        self._reach(at)

    def _among_strings(self, at: int, count: int) -> frozenset[str]:
        """The wanted ones of the strings in an array that was just skipped."""
        wanted, found, data = self._wanted, [], self._data
        sizes = {len(piece) for piece in wanted}
        for _ in range(count):
            if at + 8 > self._at:
                break  # it is no array of strings
            length = _LENGTH.unpack_from(data, at)[0]
            if length in sizes and (text := bytes(data[at + 8 : at + 8 + length])) in wanted:
                found.append(text.decode())
            at += 8 + length
        return frozenset(found)

    def _number(self, kind: str) -> Any:
        start = self._at
        self._skip(struct.calcsize(f"<{kind}"))
        return struct.unpack_from(f"<{kind}", self._data, start)[0]

    def _string(self) -> str:
        length = self._length()
        start = self._at
        self._skip(length)
        return self._data[start : self._at].decode("utf-8", "replace")

    def _length(self) -> int:
        length = int(self._number("Q"))
        if length > min(_LONGEST_STRING, self._size):
            raise _damaged()
        return length

    def _skip(self, count: int) -> None:
        """Advance by ``count`` bytes, which are then in ``_data``."""
        self._at += count
        if self._at > len(self._data):
            self._reach(self._at)

    def _reach(self, end: int) -> None:
        """Read until ``_data`` has all bytes up to ``end``."""
        if end <= len(self._data):
            return
        if end > self._size:
            raise GgufError("is cut off")
        if end > _LONGEST_HEADER:
            raise _damaged()
        self._data += self._file.read(max(_STEP, end - len(self._data)))
        if end > len(self._data):
            raise GgufError("is cut off")


def _damaged() -> GgufError:
    return GgufError("has a damaged header")
