"""A GGUF file's metadata, read without loading the model and within strict bounds.

The format is llama.cpp's (``ggml/include/gguf.h``): magic, version, counts, key-value pairs, tensor
descriptions, then the data. Nothing in a file is trusted before it is checked against the file's
size.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from herdmate.bounded_read import UnsuitableFileError, open_regular
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.folder import model_folder
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
_LONGEST_SHOWN = 200
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
class GgufHeader:
    """A file's metadata. Arrays are represented by their lengths.

    ``pieces`` are those tokens of its vocabulary that the reader looked for.
    """

    version: int
    tensors: int
    metadata: dict[str, Any]
    pieces: frozenset[str] = frozenset()

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


def read_header(path: Path, pieces: Collection[str] = ()) -> GgufHeader:
    """Read a file's metadata, and which of ``pieces`` are in its vocabulary.

    Raises ``ModelError``, which says what is wrong and what to do.
    """
    if os.path.isdir(path):
        raise ModelError(f"{path} is a folder; set herdmate.model to a GGUF file.")
    try:
        with open_regular(path) as file:
            return _Reader(file, pieces).header()
    except _FaultError as error:
        raise ModelError(f"{path.name} {error}; {_mend(path)}.") from error
    except UnsuitableFileError as error:  # such as a pipe, which would block
        raise ModelError(f"{path} is not a file; set herdmate.model to a GGUF file.") from error
    except FileNotFoundError as error:
        raise ModelError(_missing(path)) from error
    except OSError as error:
        raise ModelError(
            f"{_short(path)} cannot be read ({error.strerror or error}); set herdmate.model to a "
            "readable file."
        ) from error
    except ValueError as error:  # a character that no path can have
        raise ModelError(
            "herdmate.model has a character that is not allowed in a path; set it to a GGUF file."
        ) from error


def _mend(path: Path) -> str:
    """What to do about a file that is no model: one that Herdmate fetched can be fetched again."""
    known = catalogue.of_file(path) if path.parent == model_folder() else None
    if known is None:
        return "use another file, or fetch one that `herdmate models list` shows"
    again = (f"`herdmate models {action} {known.name}`" for action in ("rm", "pull"))
    return f"fetch it again: {', then '.join(again)}"


def _missing(path: Path) -> str:
    if os.path.islink(path):
        return (
            f"{path} is a link to a missing file; connect the drive that has the file, or use "
            "another."
        )
    return f"There is no model file at {_short(path)}; set herdmate.model to an existing one."


def _short(path: Path) -> str:
    """A path for a message, shortened: one can be too long even for the disk."""
    text = str(path)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def why_no_model(path: Path) -> str:
    """What is wrong with a file, as the end of a sentence; empty if it is a GGUF model.

    Raises ``OSError``.
    """
    try:
        with open_regular(path) as file:
            metadata = _Reader(file).header().metadata
    except _FaultError as error:
        return str(error)
    # Parts of a split model other than the first say only which part they are.
    is_known = "general.architecture" in metadata or "split.count" in metadata
    return "" if is_known else "does not say what kind of model it is"


class _FaultError(Exception):
    """A file is not a valid GGUF file; the message continues a sentence after its name."""


class _Reader:
    """Reads one file from its start. ``_data`` is what was read, ``_at`` the position in it."""

    def __init__(self, file: BinaryIO, pieces: Collection[str] = ()) -> None:
        self._file, self._wanted = file, {piece.encode() for piece in pieces}
        self._found: frozenset[str] = frozenset()
        self._size = os.fstat(file.fileno()).st_size
        self._data, self._at = bytearray(), 0
        self._strings_left, self._arrays_left = _MOST_STRINGS, _MOST_ARRAYS

    def header(self) -> GgufHeader:
        self._check_magic()
        version = int(self._number("I"))
        if version in (2 << 24, 3 << 24):
            raise _FaultError("is for big-endian machines, which this is not")
        if version not in (2, 3):
            raise _FaultError(f"is GGUF version {version}, but only 2 and 3 are supported")
        tensors, keys = int(self._number("Q")), int(self._number("Q"))
        if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
            raise _damaged()
        metadata = {}
        for _ in range(keys):
            key = self._string()
            start = self._at
            metadata[key] = self._value(int(self._number("I")), depth=0)
            if key == _TOKENS and self._wanted and isinstance(metadata[key], int):
                self._found = self._among_strings(start + 16, metadata[key])
        self._check_tensors(tensors, metadata.get("general.alignment", 32))
        return GgufHeader(version, tensors, metadata, self._found)

    def _check_magic(self) -> None:
        start = self._file.read(16)
        magic = start[:4]
        if not magic:
            raise _FaultError("is empty")
        if start[8:10] == b'{"':
            raise _FaultError("is a safetensors file, not a GGUF model")
        if magic != b"GGUF":
            raise _FaultError(_NOT_MODELS.get(magic.lower(), "is not a GGUF model"))
        self._data += start
        self._at = 4

    def _check_tensors(self, count: int, alignment: Any) -> None:
        """Check that the file contains the last byte of every tensor."""
        end = 0
        for _ in range(count):
            self._string()
            dimensions = int(self._number("I"))
            if dimensions > 4:
                raise _damaged()
            elements = 1
            for _ in range(dimensions):
                elements *= int(self._number("Q"))
            kind, offset = int(self._number("I")), int(self._number("Q"))
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
            raise _FaultError(f"is cut off: {missing:.1f} MB is missing")

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
            raise _FaultError("is cut off")
        if end > _LONGEST_HEADER:
            raise _damaged()
        self._data += self._file.read(max(_STEP, end - len(self._data)))
        if end > len(self._data):
            raise _FaultError("is cut off")


def _damaged() -> _FaultError:
    return _FaultError("has a damaged header")
