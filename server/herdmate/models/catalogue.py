"""The models that Herdmate knows by name, from ``catalogue.toml``."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from herdmate.errors import ModelError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ROUNDING = 60_000_000  # bytes; half of the last decimal, plus some for an uncertain unit
_DEFAULT_QUANT = "Q4_K_M"


@dataclass(frozen=True, slots=True)
class HuggingFaceFile:
    """A file in a Hugging Face repository, at one revision."""

    repository: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True)
class PackageParts:
    """A file split into parts, which packages on a Python package index carry as data.

    ``name`` has ``{}`` for the part's number, from 1 to ``parts``.
    """

    name: str
    version: str
    parts: int


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file at an address that the user gave. ``mark`` changes when the host's file does."""

    url: str
    mark: str = ""


Source = HuggingFaceFile | PackageParts | WebFile


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One file. ``size`` is in bytes, ``kv_bytes`` the fp16 KV cache's bytes per token.

    ``context`` is its training context in tokens; ``infill``: it fills in text between a prefix and
    a suffix; ``instruct``: it follows instructions. ``sha256`` is empty for a file that the user
    named and that has not been fetched yet. ``rounded``: the size is only known to 0.1 GB.
    ``advised``: Herdmate recommends it where it suits. ``infill_match`` is the published share of
    holes that it fills exactly, in percent; 0 if there is none. ``active`` is the share of the
    weights that is read for each token. ``shared_name``: others publish files of its name.
    """

    name: str
    title: str
    kind: str
    quant: str
    file: str
    size: int
    sha256: str
    kv_bytes: int
    context: int
    infill: bool
    instruct: bool
    licence: str
    licence_url: str
    notice: str
    sources: tuple[Source, ...]
    rounded: bool = False
    advised: bool = False
    infill_match: float = 0.0
    active: float = 1.0
    shared_name: bool = False

    @property
    def family(self) -> str:
        """Its name without the quant: the same for all files of a model."""
        return self.name.removesuffix(f"-{self.quant.lower()}")

    def has_size(self, size: int) -> bool:
        """Could a file of ``size`` bytes be this one?"""
        return abs(size - self.size) <= (_ROUNDING if self.rounded else 0)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A good model of which no hash is known before the first fetch; ``size`` is 0 if unknown.

    `herdmate models pull` takes ``name``, and fetches from ``address``.
    """

    name: str
    title: str
    address: str
    licence: str
    instruct: bool
    infill: bool
    size: int = 0


@cache
def models() -> tuple[CatalogueModel, ...]:
    """All models, each family from small to large files; those without ``instruct`` come last."""
    data = _data()
    return tuple(
        _model(family, entry, data["licences"][family["licence"]])
        for family in data["family"]
        for entry in family["files"]
    )


@cache
def elsewhere() -> tuple[Elsewhere, ...]:
    """The models that are only known by their address."""
    return tuple(Elsewhere(**entry) for entry in _data()["elsewhere"])


def find(name: str, others: Iterable[str] = ()) -> CatalogueModel:
    """The model with a full name (``codellama-7b-instruct-q5_k_m``) or a short one (``starter``).

    A name without a quantisation means Q4_K_M. Raises ``ModelError``, which suggests similar names,
    ``others`` among them.
    """
    wanted = name.lower()
    for model in models():
        if wanted in (model.name, model.file.lower()):
            return model
    for model in models():
        if model.quant == _DEFAULT_QUANT and wanted in (model.family, _aliases()[model.family]):
            return model
    if far := next((item for item in elsewhere() if wanted == item.name), None):
        raise ModelError(f"{far.title} is fetched by its address: `herdmate models pull {name}`.")
    near = _similar(wanted, list(others))
    hint = f"did you mean {' or '.join(near)}? See" if near else "see"
    raise ModelError(f"There is no model {name!r}; {hint} `herdmate models list`.")


def short_names() -> tuple[str, ...]:
    """Names such as ``starter``, one a family, that stand for its usual quant."""
    return tuple(_aliases().values())


def of_file(path: Path) -> CatalogueModel | None:
    """The entry for a file, by its name, and by its size where the name alone does not tell."""
    model = next((model for model in models() if model.file == path.name), None)
    if model is not None and model.shared_name:
        with suppress(OSError, ValueError):  # there is no such file yet: the name it is
            return model if model.has_size(os.stat(path).st_size) else None
    return model


def licence(name: str) -> tuple[str, str]:
    """Where the licence of this name can be read, and what it asks for in short, if anything."""
    found = _data()["licences"][name]
    return str(found["url"]), str(found["notice"])


def starter() -> CatalogueModel:
    """The small model that any laptop runs."""
    return find("starter")


def _similar(wanted: str, others: Sequence[str]) -> list[str]:
    """The names that have all parts of a wrong one, such as its size, else those spelt like it."""
    far = [item.name for item in elsewhere()]
    parts = _parts(wanted)
    described = {name: name for name in (*others, *far)}
    described |= {alias: f"{alias} {family}" for family, alias in _aliases().items()}
    with_all = [name for name, text in described.items() if parts and parts <= _parts(text.lower())]
    known = [*others, *(model.name for model in models()), *_aliases().values(), *far]
    return with_all[:2] or difflib.get_close_matches(wanted, known, n=2)


def _parts(name: str) -> set[str]:
    """The words and numbers in a name; a number of parameters is one with or without its ``b``."""
    return set(re.findall(r"[a-z]{2,}|\d+(?:\.\d+)?", name))


@cache
def _aliases() -> dict[str, str]:
    return {family["name"]: family["alias"] for family in _data()["family"]}


@cache
def _data() -> dict[str, Any]:
    text = files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _model(
    family: dict[str, Any], entry: dict[str, Any], licence: dict[str, Any]
) -> CatalogueModel:
    sources: list[Source] = [
        HuggingFaceFile(family["repository"], family["revision"], entry["file"])
    ]
    if "packages" in family:
        sources.append(PackageParts(**family["packages"]))
    return CatalogueModel(
        name=f"{family['name']}-{entry['quant'].lower()}",
        title=f"{family['title']} {entry['quant']}",
        kind=family["kind"],
        quant=entry["quant"],
        file=entry["file"],
        size=entry["size"],
        sha256=entry["sha256"],
        kv_bytes=family["kv_bytes_per_token"],
        context=family["context"],
        infill=family["infill"],
        instruct=family["instruct"],
        licence=family["licence"],
        licence_url=licence["url"],
        notice=licence["notice"],
        sources=tuple(sources),
        rounded=family.get("rounded", False),
        advised=family.get("advised", False),
        infill_match=family.get("infill_match", 0.0),
        active=family.get("active", 1.0),
        shared_name=family.get("shared_name", False),
    )
