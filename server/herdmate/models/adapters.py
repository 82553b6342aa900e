"""LoRA adapters: those that the settings name, and whether each fits a model.

llama.cpp compares an adapter with its model as well (``src/llama-adapter.cpp``), but only once the
model is loaded, and says little. The same comparison is made here from the metadata alone.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from herdmate.bounded_read import open_regular
from herdmate.child_process import absolute
from herdmate.models.gguf_reader import GgufError, GgufHeader, GgufReader, Tensor
from herdmate.models.split import MOST_PARTS, parts_of
from herdmate.printable import one_line
from herdmate.user_folders import expanded

_MOST = 8
_LARGEST_SCALE = 100.0
_SCALED = re.compile(r"(.+):(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)", re.S)
_LONGEST_SHOWN = 100

_A, _B = ".lora_a", ".lora_b"
_EMBEDDING = "token_embd.weight"
"""The one tensor whose adapter is stored the other way round."""

_FLOAT32 = 6
"""The type's number in GGUF; llama.cpp ends the process if ``alpha`` has another."""

_NUMBERS = (0, 1, 8, 30)
"""ggml's types F32, F16, Q8_0 and BF16: those in which adapters are made."""

_LORA = ("adapter", "lora")
_ALPHA = "adapter.lora.alpha"
_WORDS = "adapter.alora.invocation_tokens"


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter's file, how much of it to add to the weights, and its size in bytes."""

    path: Path
    scale: float
    size: int


@dataclass(frozen=True, slots=True)
class Fitting:
    """The adapters that fit the model ``base``, and the others by name, with what is wrong.

    ``left``: more are named than are used.
    """

    base: str = ""
    adapters: tuple[Adapter, ...] = ()
    misfits: tuple[tuple[str, str], ...] = ()
    left: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each adapter that does not fit."""
        each = (
            f"The adapter {name} {reason}; correct herdmate.engine.adapters."
            for name, reason in self.misfits
        )
        more = f"Only the first {_MOST} of herdmate.engine.adapters are used."
        return (*each, more) if self.left else tuple(each)

    @property
    def of_ghost_text(self) -> str:
        """One sentence for a model that only writes ghost text: they may fit the other one."""
        if not self.misfits:
            return ""
        names, (_, reason) = sorted({name for name, _ in self.misfits}), self.misfits[0]
        if len(names) == 1:
            return f"Ghost text does without the adapter {names[0]}, which {reason}."
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        return f"Ghost text does without the adapters {listed}, which do not fit {self.base}."


def fitting(given: Sequence[str], base: Path) -> Fitting:
    """What the setting ``engine.adapters`` means for the model in the file ``base``.

    An entry is a path, or ``PATH:SCALE``. Never raises: what does not fit is left out.
    """
    if not given:
        return Fitting()
    model = _model(base)
    adapters: list[Adapter] = []
    misfits: list[tuple[str, str]] = []
    for entry in given[:_MOST]:
        path, scale = _parsed(entry)
        reason = _why_not(path, scale, model, base)
        if reason:
            misfits.append((one_line(path.name or entry, _LONGEST_SHOWN), reason))
        else:
            adapters.append(Adapter(path, scale, os.path.getsize(path)))
    return Fitting(base.name, tuple(adapters), tuple(misfits), left=len(given) > _MOST)


def size_of_all(given: Sequence[str]) -> int:
    """Bytes of memory that all named adapters take that are there, whether they fit or not.

    Other files, such as a model named by mistake, are not loaded, and take none.
    """
    paths = {_parsed(entry)[0] for entry in given[:_MOST]}
    return sum(os.path.getsize(path) for path in paths if _is_adapter(path))


def _is_adapter(path: Path) -> bool:
    try:
        metadata = _read(path).metadata
    except (GgufError, OSError, ValueError):
        return False
    return _kinds(metadata) == _LORA


def _parsed(entry: str) -> tuple[Path, float]:
    whole = _path(entry)
    match = None if os.path.lexists(whole) else _SCALED.fullmatch(entry)
    return (_path(match[1]), float(match[2])) if match else (whole, 1.0)


def _path(text: str) -> Path:
    try:
        return Path(absolute(expanded(text)))
    except ValueError:  # it contains a character that no path can have
        return Path(text)


def _model(base: Path) -> GgufHeader | None:
    """The model's metadata, with the tensors of all its parts; ``None`` if it cannot be read."""
    try:
        header = _read(base)
        tensors = dict(header.described)
        for name in parts_of(base.name)[1:MOST_PARTS]:
            tensors |= _read(base.with_name(name)).described
    except (GgufError, OSError):
        return None
    return replace(header, described=tensors)


def _read(path: Path) -> GgufHeader:
    """A file's metadata, read once for as long as the file stays as it is."""
    found = os.stat(path)
    return _header(path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=2 * _MOST)
def _header(path: Path, _as_it_is: tuple[int, ...]) -> GgufHeader:
    with open_regular(path) as file:
        return GgufReader(file, whole=True).header()


def _why_not(path: Path, scale: float, model: GgufHeader | None, base: Path) -> str:
    """Why an adapter cannot be used, after its name; empty if it can."""
    if not math.isfinite(scale) or abs(scale) > _LARGEST_SCALE:
        return f"has a scale beyond {_LARGEST_SCALE:.0f}"
    try:
        adapter = _read(path)
    except GgufError as error:
        return str(error).replace("GGUF model", "GGUF file")
    except FileNotFoundError:
        return f"is not there ({one_line(str(path.parent), _LONGEST_SHOWN)})"
    except (OSError, ValueError) as error:
        return f"cannot be read ({getattr(error, 'strerror', None) or 'it is not a file'})"
    if model is None:
        return "cannot be compared with the model, which cannot be read"
    return next(_faults(adapter, model, base), "")


def _faults(adapter: GgufHeader, model: GgufHeader, base: Path) -> Iterator[str]:
    kinds = _kinds(adapter.metadata)
    if kinds != _LORA:
        what = "a model" if kinds[0] in (None, "model") else "something else"
        yield f"is {what}, not a LoRA adapter"
    if adapter.architecture != model.architecture:
        yield (
            f"is for models of the architecture {adapter.architecture or 'unknown'}, but "
            f"{base.name} is {model.architecture or 'unknown'}"
        )
    if _WORDS in adapter.metadata:
        yield "works only after certain words of its own, which Herdmate does not write"
    if adapter.kinds.get(_ALPHA, _FLOAT32) != _FLOAT32:
        yield "has a damaged header"
    if not adapter.described:
        yield "has no weights"
    misfits = _misfits(adapter.described, model.described)
    yield from (f"does not fit {base.name}: {words}" for words in misfits)


def _kinds(metadata: Mapping[str, object]) -> tuple[object, object]:
    return metadata.get("general.type"), metadata.get("adapter.type")


def _misfits(own: Mapping[str, Tensor], model: Mapping[str, Tensor]) -> Iterator[str]:
    """What differs between the adapter's tensors and those that they change."""
    for name, tensor in own.items():
        shown = one_line(name, _LONGEST_SHOWN)
        if name.endswith("_norm.weight"):
            continue  # llama.cpp passes over these
        target = name.removesuffix(_A).removesuffix(_B)
        if target == name or not {target + _A, target + _B} <= own.keys():
            yield f"{shown} is half of a pair"
        elif tensor.kind not in _NUMBERS:
            yield f"{shown} has numbers of an unknown type"
        elif target not in model:
            yield f"it changes {one_line(target, _LONGEST_SHOWN)}, which that model does not have"
        elif not _fits(target, own[target + _A].shape, own[target + _B].shape, model[target].shape):
            yield f"{one_line(target, _LONGEST_SHOWN)} has another shape there"


def _fits(target: str, a: tuple[int, ...], b: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Do the two factors have the product's shape? The innermost dimension comes first."""
    if min(len(a), len(b), len(whole)) < 2:
        return False
    if target == _EMBEDDING:
        return (b[1], a[1]) == whole[:2] and a[0] == b[0]
    return (a[0], b[1]) == whole[:2] and a[1] == b[0] and a[2:] == b[2:] == whole[2:]
