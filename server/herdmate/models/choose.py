"""Which model file to load: the one the user named, or the best one here that fits."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from herdmate.child_process import absolute
from herdmate.errors import ModelError, NoModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.discovery import Found, in_place, own
from herdmate.models.folder import model_folder, named, why_unreadable
from herdmate.models.inspect import read_header
from herdmate.models.judgement import loadable
from herdmate.models.split import size_of
from herdmate.models.user_sources import is_given, models_of
from herdmate.user_folders import expanded

_MARGIN = 350 * 1024 * 1024
"""Bytes that llama.cpp needs besides the weights and the KV cache."""

_KV_GUESS = 200 * 1024
"""KV bytes per token of a model that is not in the catalogue."""

_CONTEXT_GUESS = 32_768
"""Context of such a model, in tokens."""

_CODELLAMA = re.compile(r"code[-_ ]?llama", re.I)
_FAMILIES = re.compile(r"code[-_ ]?llama|qwen[-_ ]?2\.?5[-_ ]?coder", re.I)
"""Match the names that other programs give models."""

_OFFERED = ("codellama-34b", "codellama-13b", "codellama-7b", "starter-1.5b", "starter")
"""What to suggest when another model does not fit, best first."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file to load. ``model`` is its catalogue entry, ``note`` a sentence for the user.

    ``fits``: there is enough free memory for it. ``needs`` is the memory that it takes, in bytes.
    ``name`` is what it is listed as.
    """

    path: Path
    model: CatalogueModel | None
    note: str = ""
    fits: bool = True
    needs: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is loaded as well, and the bytes of memory that it takes."""

    path: Path
    needs: int


@dataclass(frozen=True, slots=True)
class _Room:
    """Free memory in bytes, the context in tokens that must fit too, and who else needs memory."""

    free: int
    context_tokens: int
    beside: Loaded | None = None

    def needs(self, size: int, model: CatalogueModel | None) -> int:
        return needed_memory(size, model, self.context_tokens)

    def fits(self, size: int, model: CatalogueModel | None) -> bool:
        taken = self.beside.needs if self.beside else 0
        return self.needs(size, model) + taken <= self.free

    def holds(self, item: Found) -> bool:
        """Does a model fit? One that is loaded anyway takes no more."""
        is_there = self.beside is not None and is_same_file(item.path, self.beside.path)
        return is_there or self.fits(item.size, item.model)

    def too_small_for(self, size: int, model: CatalogueModel | None) -> str:
        """The needed and the free memory, as part of a sentence."""
        return too_little(self.needs(size, model), self.free, self.beside)


def choose(
    setting: str, folder: Path, free_memory: int, context_tokens: int, others: Sequence[Found] = (),
    beside: Loaded | None = None,
) -> Chosen:  # fmt: skip
    """The file that the setting ``model`` means: ``auto``, a path, or a listed name.

    ``free_memory`` is in bytes; ``others`` are other programs' models; ``beside`` is one that takes
    some of that memory. Raises ``NoModelError`` if ``auto`` finds none, ``ModelError`` if the named
    one is missing or not a model. A named model is chosen even if it does not seem to fit; the note
    then suggests one that would.
    """
    room = _Room(free_memory, context_tokens, beside)
    found = _ranked(folder, others)
    if setting == "auto":
        if not found:
            raise _why_none(folder)
        return _best(found, room)
    item = named_model(setting, folder, others)
    try:
        loadable(item.path)
        size = size_of(item.path)
    except OSError as error:  # the file, or its drive, has just gone
        raise ModelError(
            f"{item.name} cannot be read ({error.strerror or error}); set herdmate.model to "
            "another model."
        ) from error
    chosen = _chosen(replace(item, size=size), room)
    if room.holds(replace(item, size=size)):
        return chosen
    note = f"{item.name} {room.too_small_for(size, item.model)}; {_what_fits(found, room)}."
    return replace(chosen, note=note, fits=False)


def from_here(setting: str, folder: Path) -> str:
    """The setting for a server with another working directory: a path is made absolute."""
    is_listed = not _is_path(setting) or os.path.isfile(folder / setting)
    return setting if is_listed else str(_path(setting))


def all_from_here(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Settings as an editor sends them, whose models mean the same to such a server."""
    own = dict(settings.get("completion") or {})
    if own.get("model") and not own.get("remoteUrl"):
        own["model"] = from_here(own["model"], folder)
    found = {**settings, "completion": own} if own else dict(settings)
    return {**found, "model": from_here(found["model"], folder)} if found.get("model") else found


def what_fits(
    folder: Path, free_memory: int, context_tokens: int, others: Sequence[Found] = ()
) -> str:
    """Which model would fit into ``free_memory``, or how to make room; a part of a sentence."""
    return _what_fits(_ranked(folder, others), _Room(free_memory, context_tokens))


def is_same_file(one: Path, other: Path) -> bool:
    """Are two paths the same file, perhaps through a link? ``False`` if either is not there."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def needed_memory(size: int, model: CatalogueModel | None, context_tokens: int) -> int:
    """Bytes of memory that a file of ``size`` bytes needs, including KV cache and a margin.

    ``context_tokens`` of 0 means the model's own context.
    """
    per_token, own = (model.kv_bytes, model.context) if model else (_KV_GUESS, _CONTEXT_GUESS)
    return with_cache(size, per_token * (context_tokens or own))


def with_cache(size: int, cache: int) -> int:
    """Bytes of memory that a file of ``size`` bytes needs with a KV cache of ``cache`` bytes."""
    return size + cache + _MARGIN


def too_little(needs: int, free: int, beside: Loaded | None = None) -> str:
    """What a model needs and what is free, in bytes, as part of a sentence."""
    other = f" beside the {beside.needs / 1e9:.1f} GB of {beside.path.name}" if beside else ""
    return f"needs {needs / 1e9:.1f} GB of memory{other}, and only {free / 1e9:.1f} GB is free"


def named_model(setting: str, folder: Path, others: Sequence[Found]) -> Found:
    """The model of a listed name, a path, or a catalogue name, whatever its file holds.

    Raises ``NoModelError`` if it is not on this machine, ``ModelError`` for an unknown name.
    """
    if not os.path.isabs(setting) and os.path.isfile(folder / setting):
        return Found(setting, folder / setting, 0, catalogue.of_file(Path(setting)))
    if (other := next((item for item in others if item.name == setting), None)) is not None:
        return other
    if is_given(setting):
        return _fetched(setting, folder)
    if _is_path(setting):
        path = _path(setting)
        return Found(path.name, path, 0, catalogue.of_file(path))
    here = [item.name for item in (*own(folder), *others)]
    model = catalogue.find(setting, here)
    if os.path.lexists(folder / model.file):
        return Found(model.file, folder / model.file, model.size, model)
    if (other := next((item for item in others if item.model == model), None)) is not None:
        return other
    raise NoModelError(
        f"{model.title} is not on this machine; run `herdmate models pull {model.name}`."
    )


def refuse_unknown(name: str) -> None:
    """Raise ``ModelError`` for a name that is neither listed nor a path nor of the catalogue."""
    if name != "auto":
        with suppress(NoModelError):
            named_model(name, model_folder(), in_place())


def _best(found: Sequence[Found], room: _Room) -> Chosen:
    """The largest CodeLlama-Instruct that fits, else the largest other model that does."""
    broken: list[ModelError] = []
    for item in found:
        if not room.holds(item):
            continue
        try:
            loadable(item.path)
        except ModelError as error:
            broken.append(error)
            continue
        better = [] if _is_codellama(item) else [_get_codellama(found, room)]
        return replace(_chosen(item, room), note=" ".join([*map(str, broken), *better]))
    raise broken[0] if broken else _nothing_fits(found, room)


def _chosen(item: Found, room: _Room) -> Chosen:
    name = item.model.name if item.model else item.name
    return Chosen(item.path, item.model, needs=room.needs(item.size, item.model), name=name)


def _fetched(address: str, folder: Path) -> Found:
    """The file that was fetched from an address."""
    path = folder / models_of(address)[0].file
    if not os.path.lexists(path):
        raise NoModelError(
            f"{address} is not on this machine; run `herdmate models pull {address}`."
        )
    return Found(path.name, path, 0, catalogue.of_file(path))


def _is_path(setting: str) -> bool:
    if is_given(setting):
        return False
    is_file = setting.lower().endswith((".gguf", ".bin", ".safetensors", ".pt", ".pth"))
    return is_file or "/" in setting or "\\" in setting


def _path(setting: str) -> Path:
    try:
        return Path(absolute(expanded(setting)))
    except ValueError:  # it contains a character that no path can have
        return Path(setting)


def _why_none(folder: Path) -> ModelError:
    """The error if there is no model: an unreadable folder, an invalid file, or nothing at all."""
    if reason := why_unreadable(folder):
        return ModelError(reason)
    for path in named(folder):
        try:
            read_header(path)
        except ModelError as error:
            return error
    return NoModelError(
        "There is no model on this machine yet; run `herdmate models pull starter`."
    )


def _nothing_fits(found: Sequence[Found], room: _Room) -> ModelError:
    smallest = min(found, key=lambda item: item.size)
    return ModelError(
        f"The smallest model on this machine, {smallest.name}, "
        f"{room.too_small_for(smallest.size, smallest.model)}; {_what_fits(found, room)}."
    )


def _ranked(folder: Path, others: Sequence[Found]) -> list[Found]:
    """The models that ``auto`` can take: CodeLlama first, then our own, larger before smaller.

    From other programs only those known to follow instructions: their users have all kinds.
    """
    found = [*own(folder), *(item for item in others if _suits(item))]
    return sorted(found, key=lambda item: (_is_codellama(item), not item.place, item.size),
                  reverse=True)  # fmt: skip


def _suits(item: Found) -> bool:
    if item.model is not None:
        return item.model.instruct
    return bool(_FAMILIES.search(item.name)) and (item.instructs or "instruct" in item.name.lower())


def _what_fits(found: Sequence[Found], room: _Room) -> str:
    """The best model here that fits, else one to fetch, else how to make room."""
    for item in found:
        if room.fits(item.size, item.model) and _is_sound(item):
            return f"set herdmate.model to {item.name}, which fits"
    for name in _OFFERED:
        model = catalogue.find(name)
        if room.fits(model.size, model):
            return f"{model.title} would fit: `herdmate models pull {name}`"
    return "close other programs, or reduce herdmate.engine.contextTokens"


def _is_sound(item: Found) -> bool:
    try:
        loadable(item.path)
    except ModelError:
        return False
    return True


def _get_codellama(found: Sequence[Found], room: _Room) -> str:
    here = min(filter(_is_codellama, found), key=lambda item: item.size, default=None)
    if here is not None:
        alone = replace(room, beside=None).fits(here.size, here.model)
        mend = f", or set herdmate.model to {here.name}, which then writes ghost text too"
        return (
            f"{here.name} would answer better, but {room.too_small_for(here.size, here.model)}; "
            f"close other programs{mend if alone else ''}."
        )
    model = catalogue.find("codellama-7b")
    if room.fits(model.size, model):
        size = f"{model.size / 1e9:.1f} GB"
        return (
            "For better but slower answers, fetch CodeLlama: `herdmate models pull codellama-7b` "
            f"({size})."
        )
    return (
        f"CodeLlama would answer better, but {model.title} {room.too_small_for(model.size, model)};"
        " close other programs, then run `herdmate models pull codellama-7b`."
    )


def _is_codellama(item: Found) -> bool:
    if item.model is not None:
        return item.model.kind == "CodeLlama" and item.model.instruct
    return bool(item.place) and bool(_CODELLAMA.search(item.name))
