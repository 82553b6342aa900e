"""A file or folder as a model: what it is, what it can do, and what is wrong with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from herdmate.bounded_read import read_text
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import needed_memory, with_cache
from herdmate.models.gguf_reader import GgufHeader
from herdmate.models.judgement import base_of, judged, why_not
from herdmate.models.split import check_parts, size_of
from herdmate.printable import one_line
from herdmate.prompting.families import Family, can_infill, described, limits

_CODELLAMA_ROPE_BASE = 1e6
_LAYERS_OF_70B = 80
_LARGEST_CONFIG = 1 << 20
_MOST_NAMES = 20_000  # in a folder

_REPLACED = frozenset({
    3011353888, 3120405792, 3470105888, 3769212192, 4011433216, 4790000928, 4921466144, 10830290720,
    14210574208, 23237076864, 23838697344, 27683776384, 35792463744,
})  # fmt: skip
"""Sizes of CodeLlama files of August 2023, replaced under the same names on 5 September."""

_QUANTS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 32: "BF16",
}  # fmt: skip
"""llama.cpp's ``llama_ftype``, the value of ``general.file_type``."""


@dataclass(frozen=True, slots=True)
class Report:
    """A model file. Sizes are in bytes; ``faults`` are sentences that say what to do, worst first.

    ``context`` is its training context in tokens, 0 if the file does not say. ``writes``: it
    generates text, rather than embeddings or vision features. ``family`` are its prompt formats,
    ``limits`` what it cannot do, both as said once it is loaded. ``loads``: it can be loaded,
    as far as its metadata says. ``licence`` is in the file's own words, if it has any; ``base`` is
    the model that it was made from, as the file says.
    """

    path: Path
    name: str
    architecture: str
    quant: str
    size: int
    context: int
    vocabulary: int
    memory: int
    licence: str
    abilities: tuple[str, ...]
    writes: bool
    loads: bool
    faults: tuple[str, ...]
    family: str = ""
    limits: str = ""
    base: str = ""


def report(path: Path, context_tokens: int) -> Report:
    """A report from the metadata only. ``memory`` includes a KV cache for ``context_tokens``.

    Raises ``ModelError``, which says what is wrong and what to get instead, if it is not a model.
    """
    if os.path.isdir(path):
        raise ModelError(_of_folder(path))
    header, family = judged(path)
    size, known = size_of(path), catalogue.of_file(path)
    loads = _loads(header, path)
    return Report(
        path=path,
        name=header.name or path.stem,
        architecture=header.architecture,
        quant=_QUANTS.get(header.metadata.get("general.file_type", -1), "unknown"),
        size=size,
        context=header.count("context_length"),
        vocabulary=header.vocabulary,
        memory=_memory(header, size, known, context_tokens),
        licence=one_line(str(header.metadata.get("general.license", "")), 60),
        abilities=() if why_not(header, path) else tuple(_abilities(family)),
        writes=header.writes,
        loads=loads,
        faults=tuple(_faults(header, path, size, known)),
        family=described(family) if loads else "",
        limits=(limits(family) or "") if loads else "",
        base=one_line(base_of(header), 100),
    )


def _loads(header: GgufHeader, path: Path) -> bool:
    try:
        check_parts(path)
    except ModelError:
        return False
    return not why_not(header, path)


def _of_folder(path: Path) -> str:
    """The sentence for a folder: what weights it holds, and which file to use instead."""
    names = sorted(item.name for item in islice(path.iterdir(), _MOST_NAMES))
    if ggufs := [name for name in names if name.endswith(".gguf")]:
        return f"{path} is a folder; use the file in it: {path / ggufs[0]}."
    weights = any(name.endswith((".safetensors", ".bin", ".pt")) for name in names)
    if not weights:
        return f"{path} is a folder without a GGUF model; use a GGUF file."
    method = _quantised_by(path) or "safetensors or PyTorch"
    twin = _twin(path.name)
    return (
        f"{path} contains {method} weights, which llama.cpp cannot read; fetch the GGUF file "
        f"instead: `herdmate models pull {twin}`."
    )


def _quantised_by(folder: Path) -> str:
    """The quantisation (``GPTQ``, ``AWQ``) in the folder's configuration or name; else empty."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        config = json.loads(read_text(folder / "config.json", _LARGEST_CONFIG))
        return one_line(str(config["quantization_config"]["quant_method"]).upper(), 16)
    return next((kind for kind in ("GPTQ", "AWQ") if kind in folder.name.upper()), "")


def _twin(folder: str) -> str:
    """The catalogue name of the model that a folder seems to hold."""
    words = f"-{folder.lower()}-"
    sizes = ("70b", "34b", "13b", "7b") if "codellama" in words.replace("code-l", "codel") else ()
    return f"codellama-{next((size for size in sizes if f'-{size}-' in words), '7b')}"


def _memory(
    header: GgufHeader, size: int, known: CatalogueModel | None, context_tokens: int
) -> int:
    """As ``choose`` computes it, but with the KV cache from the file's own shape if known."""
    context = context_tokens or header.count("context_length")
    if header.kv_bytes and context:
        return with_cache(size, header.kv_bytes * context)
    return needed_memory(size, known, context_tokens)


def _abilities(family: Family) -> Iterator[str]:
    if can_infill(family):
        yield "infill"
    if family.chat is not None and family.follows:
        yield "instruct"


def _faults(
    header: GgufHeader, path: Path, size: int, known: CatalogueModel | None
) -> Iterator[str]:
    again = f"`herdmate models pull {known.name}` fetches the right one" if known else ""
    if known and size in _REPLACED:
        yield f"This is the August 2023 upload, which was replaced in September; {again}."
    elif known and not known.has_size(size):
        yield f"It has {size} bytes, but the known file of that name has {known.size}; {again}."
    try:
        check_parts(path)
    except ModelError as error:
        yield str(error)
        return
    if reason := why_not(header, path):
        yield f"It {reason}."
    if _is_codellama(header, path):
        yield from _codellama_faults(header)


def _codellama_faults(header: GgufHeader) -> Iterator[str]:
    if header.count("block_count") == _LAYERS_OF_70B:
        return  # the 70B Instruct has another rope base, and like 34B no infilling
    base = header.metadata.get(f"{header.architecture}.rope.freq_base", 10000.0)
    if base != _CODELLAMA_ROPE_BASE:
        shown = f"{base:g}" if isinstance(base, (int, float)) else "not a number"
        yield (
            f"Its rope base is {shown} but CodeLlama's is 1000000, so its answers get worse with "
            "every token; fetch the file in the catalogue: `herdmate models list`."
        )
    if "▁<MID>" not in header.pieces:
        yield (
            "Its vocabulary has no infill tokens, so ghost text cannot take the code after the "
            "cursor into account; the 7B and 13B Instruct models have them: `herdmate models "
            "pull codellama-7b`."
        )


def _is_codellama(header: GgufHeader, path: Path) -> bool:
    words = f"{header.name} {path.name}".lower().replace("-", "").replace("_", "")
    return header.architecture == "llama" and "codellama" in words
