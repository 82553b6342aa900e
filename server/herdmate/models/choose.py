"""Which model file to load: the one that the user named, or the best that is there and fits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from herdmate.errors import ModelError, NoModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.folder import present
from herdmate.models.inspect import read_header

_MARGIN = 350 * 1024 * 1024
"""What llama.cpp takes beside the weights and the KV cache, in bytes."""

_KV_GUESS = 200 * 1024
"""KV bytes for one token of a model that is not in the catalogue."""

_OFFERED = ("codellama-34b", "codellama-13b", "codellama-7b", "starter-1.5b", "starter")
"""What is advised when something else does not fit, from the best."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file to load. ``model`` is its catalogue entry, ``note`` a sentence for the user."""

    path: Path
    model: CatalogueModel | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Room:
    """Free memory in bytes, and the tokens of context that must fit into it too."""

    free: int
    context_tokens: int

    def fits(self, size: int, model: CatalogueModel | None) -> bool:
        return needed_memory(size, model, self.context_tokens) <= self.free

    def too_small_for(self, size: int, model: CatalogueModel | None) -> str:
        """The numbers, as part of a sentence."""
        needed = needed_memory(size, model, self.context_tokens)
        return f"needs {needed / 1e9:.1f} GB of memory and {self.free / 1e9:.1f} GB are free"


def choose(setting: str, folder: Path, free_memory: int, context_tokens: int) -> Chosen:
    """The file that the setting ``model`` means: ``auto``, a path, or a catalogue name.

    ``free_memory`` is in bytes. Raises ``NoModelError`` when ``auto`` finds none, ``ModelError``
    when the one that was named is not there or is not a model. What was named is chosen also when
    it does not seem to fit; the note then says which one would.
    """
    room = _Room(free_memory, context_tokens)
    if setting == "auto":
        return _best(folder, room)
    path, model = _named(setting, folder)
    read_header(path)
    size = path.stat().st_size
    if room.fits(size, model):
        return Chosen(path, model)
    note = f"{path.name} {room.too_small_for(size, model)}; {_what_fits(folder, room)}."
    return Chosen(path, model, note)


def what_fits(folder: Path, free_memory: int, context_tokens: int) -> str:
    """Which model would fit into so many bytes, or how to make room; a part of a sentence."""
    return _what_fits(folder, _Room(free_memory, context_tokens))


def needed_memory(size: int, model: CatalogueModel | None, context_tokens: int) -> int:
    """Bytes that a file of ``size`` bytes takes when it is loaded: with KV cache and a margin."""
    per_token = model.kv_bytes if model else _KV_GUESS
    return size + per_token * context_tokens + _MARGIN


def _named(setting: str, folder: Path) -> tuple[Path, CatalogueModel | None]:
    """A path, a file's name in the model folder, or a catalogue name."""
    if (folder / setting).is_file():
        return folder / setting, catalogue.of_file(Path(setting))
    if setting.endswith(".gguf") or "/" in setting or "\\" in setting:
        path = Path(setting).expanduser()
        return path, catalogue.of_file(path)
    model = catalogue.find(setting)
    if not (folder / model.file).exists():
        raise NoModelError(
            f"{model.title} is not on this machine; run `herdmate models pull {model.name}`."
        )
    return folder / model.file, model


def _best(folder: Path, room: _Room) -> Chosen:
    """The largest CodeLlama-Instruct that fits, else the largest other one that does."""
    found = _ranked(folder)
    if not found:
        raise NoModelError(
            "There is no model on this machine yet; run `herdmate models pull starter`."
        )
    broken: list[ModelError] = []
    for path, model in found:
        if not room.fits(path.stat().st_size, model):
            continue
        try:
            read_header(path)
        except ModelError as error:
            broken.append(error)
            continue
        notes = [*map(str, broken), *([] if _is_codellama(model) else [_get_codellama(room)])]
        return Chosen(path, model, " ".join(notes))
    raise broken[0] if broken else _nothing_fits(folder, room)


def _nothing_fits(folder: Path, room: _Room) -> ModelError:
    smallest, model = min(_ranked(folder), key=lambda entry: entry[0].stat().st_size)
    return ModelError(
        f"The smallest model on this machine, {smallest.name}, "
        f"{room.too_small_for(smallest.stat().st_size, model)}; {_what_fits(folder, room)}."
    )


def _ranked(folder: Path) -> list[tuple[Path, CatalogueModel | None]]:
    """What is there: CodeLlama before others, the larger before the smaller."""
    found = [(path, catalogue.of_file(path)) for path in present(folder)]
    return sorted(
        found, key=lambda entry: (_is_codellama(entry[1]), entry[0].stat().st_size), reverse=True
    )


def _what_fits(folder: Path, room: _Room) -> str:
    """The best that is there and fits, else what could be fetched, else how to make room."""
    for path, entry in _ranked(folder):
        if room.fits(path.stat().st_size, entry):
            return f"set herdmate.model to {path.name}, which fits"
    for name in _OFFERED:
        model = catalogue.find(name)
        if room.fits(model.size, model):
            return f"{model.title} would fit: `herdmate models pull {name}`"
    return "close something, or set herdmate.engine.contextTokens lower"


def _get_codellama(room: _Room) -> str:
    model = catalogue.find("codellama-7b")
    if room.fits(model.size, model):
        size = f"{model.size / 1e9:.1f} GB"
        return f"For better answers get CodeLlama: `herdmate models pull codellama-7b` ({size})."
    return (
        f"CodeLlama would answer better, but {model.title} {room.too_small_for(model.size, model)};"
        " close something, then run `herdmate models pull codellama-7b`."
    )


def _is_codellama(model: CatalogueModel | None) -> bool:
    return model is not None and model.kind == "CodeLlama"
