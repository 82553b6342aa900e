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

_GET_CODELLAMA = "For better answers get CodeLlama: `herdmate models pull codellama-7b` (4.1 GB)."


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file to load. ``model`` is its catalogue entry, ``note`` a sentence for the user."""

    path: Path
    model: CatalogueModel | None
    note: str = ""


def choose(setting: str, folder: Path, free_memory: int, context_tokens: int) -> Chosen:
    """The file that the setting ``model`` means: ``auto``, a path, or a catalogue name.

    ``free_memory`` is in bytes. Raises ``NoModelError`` when ``auto`` finds none, ``ModelError``
    when the one that was named is not there or is not a model.
    """
    if setting == "auto":
        return _best(folder, free_memory, context_tokens)
    if setting.endswith(".gguf") or "/" in setting or "\\" in setting:
        path = Path(setting).expanduser()
        read_header(path)
        return Chosen(path, _entry(path))
    model = catalogue.find(setting)
    path = folder / model.file
    if not path.exists():
        raise NoModelError(
            f"{model.title} is not on this machine; run `herdmate models pull {model.name}`."
        )
    read_header(path)
    return Chosen(path, model)


def needed_memory(path: Path, model: CatalogueModel | None, context_tokens: int) -> int:
    """Bytes that a model takes when it is loaded: weights, KV cache, and a margin."""
    per_token = model.kv_bytes if model else _KV_GUESS
    return path.stat().st_size + per_token * context_tokens + _MARGIN


def _best(folder: Path, free_memory: int, context_tokens: int) -> Chosen:
    """The largest CodeLlama-Instruct that fits, else the largest other one that does."""
    found = [(path, _entry(path)) for path in present(folder)]
    if not found:
        raise NoModelError(
            "There is no model on this machine yet; run `herdmate models pull starter`."
        )
    fitting = [
        (model is not None and model.kind == "CodeLlama", path.stat().st_size, path, model)
        for path, model in found
        if needed_memory(path, model, context_tokens) <= free_memory
    ]
    if not fitting:
        smallest = min(path.stat().st_size for path, _ in found)
        raise ModelError(
            f"The smallest model on this machine has {smallest / 1e9:.1f} GB and there are "
            f"{free_memory / 1e9:.1f} GB of memory free; close something, or set "
            "herdmate.engine.contextTokens lower."
        )
    is_codellama, _, path, model = max(fitting, key=lambda entry: entry[:2])
    return Chosen(path, model, "" if is_codellama else _GET_CODELLAMA)


def _entry(path: Path) -> CatalogueModel | None:
    """The catalogue's entry of a file, by its name."""
    return next((model for model in catalogue.models() if model.file == path.name), None)
