"""Other programs' models on this machine; they are used in place.

LM Studio, Ollama, Hugging Face's hub and text-generation-webui, each in its usual folders or those
in its own settings. Their files are never changed.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_config_path

from herdmate import bounded_read
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.folder import present
from herdmate.models.split import is_first, size_of
from herdmate.user_folders import expanded, home_folder

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_DEEPEST = 5  # folders below a place; LM Studio has two, the hub three
_MOST = 20_000  # directory entries examined per place
_LARGEST_TEXT = 1 << 20  # bytes of another program's settings or manifest
_OLLAMA_MODEL = "application/vnd.ollama.image.model"
_OLLAMA_TEMPLATE = "application/vnd.ollama.image.template"
_INSTRUCT_MARKS = ("[INST]", "<|im_start|>", "Source: user")  # of CodeLlama, Qwen, CodeLlama 70B
_OLLAMA_LIBRARY = "registry.ollama.ai/library/"


@dataclass(frozen=True, slots=True)
class Found:
    """A model file. ``name`` is what the setting ``model`` takes.

    ``model`` is its catalogue entry; ``size`` is in bytes. ``place`` is the program whose folder it
    is in, empty for Herdmate's own. ``instructs``: that program says that it follows instructions;
    the file itself can say so too.
    """

    name: str
    path: Path
    size: int
    model: CatalogueModel | None
    place: str = ""
    instructs: bool = False


def own(folder: Path) -> tuple[Found, ...]:
    """The models in Herdmate's own folder."""
    found: list[Found] = []
    for path in present(folder):
        with suppress(OSError):  # the file has just been removed
            found.append(Found(path.name, path, size_of(path), catalogue.of_file(path)))
    return tuple(found)


def in_place() -> tuple[Found, ...]:
    """Other programs' models, each file once; a name already taken is replaced by the path."""
    found: list[Found] = []
    files: set[tuple[int, int]] = set()
    names: set[str] = set()
    for item in _everywhere():
        with suppress(OSError):
            status = item.path.stat()
            if (key := (status.st_dev, status.st_ino)) in files:
                continue
            files.add(key)
            name = item.name if item.name not in names else str(item.path)
            names.add(name)
            found.append(replace(item, name=name))
    return tuple(found)


def _everywhere() -> Iterator[Found]:
    for place, folders in _PLACES.items():
        for folder in _reachable(folders()):
            for path in _ggufs(folder):
                with suppress(OSError):
                    size = size_of(path)
                    yield Found(path.name, path, size, _known(path, size), place)
    for folder in _reachable(_ollama_folders()):
        yield from _reachable(_of_ollama(folder))


def _reachable(items: Iterator[_T]) -> Iterator[_T]:
    """The items up to the first error, which is logged: a program's folders can be unreadable."""
    try:
        yield from items
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: no home directory
        _log.info("models of other programs are skipped: %s", type(error).__name__)


def _known(path: Path, size: int) -> CatalogueModel | None:
    """A file's catalogue entry; outside our folder its size must match too, not just its name."""
    model = catalogue.of_file(path)
    return model if model and model.has_size(size) else None


def _ggufs(folder: Path) -> list[Path]:
    """Model files below a folder, sorted by path.

    Links are followed, but no folder is entered twice; unreadable ones are skipped.
    """
    found: list[Path] = []
    left, entered = [(folder, 0)], set()
    seen = 0
    while left and seen < _MOST:
        at, depth = left.pop()
        with suppress(OSError, ValueError):
            status = at.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(at) as entries:
                for entry in islice(entries, _MOST - seen):
                    seen += 1
                    if os.path.isdir(entry.path):  # entry.is_dir() raises for circular links
                        left += [(Path(entry.path), depth + 1)] if depth < _DEEPEST else []
                    elif _is_model(entry.name) and os.path.isfile(entry.path):
                        found.append(Path(entry.path))
    return sorted(found)


def _is_model(name: str) -> bool:
    """Does its name say so? The vision part of a model (``mmproj``) is a separate file."""
    low = name.lower()
    is_whole = low.endswith(".gguf") and is_first(name)
    return is_whole and not low.startswith(("mmproj", ".")) and "-mmproj" not in low


def _lm_studio() -> Iterator[Path]:
    home = home_folder()
    homes = [home / ".lmstudio", home / ".cache" / "lm-studio"]
    if pointer := _text(home / ".lmstudio-home-pointer").partition("\n")[0].strip():
        homes.insert(0, Path(pointer))
    for settings in (*homes, user_config_path("LM Studio", appauthor=False, roaming=True)):
        told = _object(settings / "settings.json").get("downloadsFolder")
        if isinstance(told, str) and told:
            yield Path(expanded(told))
    yield from (item / "models" for item in homes)


def _hugging_face() -> Iterator[Path]:
    told = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    cache = os.environ.get("XDG_CACHE_HOME") or home_folder() / ".cache"
    home = Path(expanded(os.environ.get("HF_HOME") or str(Path(cache, "huggingface"))))
    hub = Path(expanded(told)) if told else home / "hub"
    yield from sorted(islice(hub.glob("models--*/snapshots"), _MOST)) if os.path.isdir(hub) else ()


def _text_generation_webui() -> Iterator[Path]:
    for name in ("text-generation-webui", "textgen"):
        yield home_folder() / name / "user_data" / "models"
        yield home_folder() / name / "models"


_PLACES = {
    "LM Studio": _lm_studio,
    "Hugging Face": _hugging_face,
    "text-generation-webui": _text_generation_webui,
}


def _ollama_folders() -> Iterator[Path]:
    told = os.environ.get("OLLAMA_MODELS")
    yield Path(expanded(told)) if told else home_folder() / ".ollama" / "models"
    yield Path("/usr/share/ollama/.ollama/models")  # of the service that its installer sets up


def _of_ollama(folder: Path) -> Iterator[Found]:
    """Ollama's models: files are named by SHA-256, and a manifest per model refers to them."""
    manifests = folder / "manifests"
    there = islice(manifests.glob("*/*/*/*"), _MOST) if os.path.isdir(manifests) else ()
    for manifest in sorted(there):
        layers = _layers(manifest)
        path = _blob(folder, layers.get(_OLLAMA_MODEL, ""))
        if path is None:
            continue
        template = _blob(folder, layers.get(_OLLAMA_TEMPLATE, ""))
        words = _text(template) if template else ""
        at = manifest.relative_to(manifests)
        name = f"{at.parent.as_posix()}/".removeprefix(_OLLAMA_LIBRARY)[:-1]
        model = next((item for item in catalogue.models() if path.name.endswith(item.sha256)), None)
        instructs = any(mark in words for mark in _INSTRUCT_MARKS)
        with suppress(OSError):
            size = path.stat().st_size
            yield Found(f"{name}:{at.name}", path, size, model, "Ollama", instructs)


def _layers(manifest: Path) -> dict[str, str]:
    """The digests in a manifest by layer type."""
    told = _object(manifest).get("layers")
    layers = [layer for layer in told if isinstance(layer, dict)] if isinstance(told, list) else []
    return {str(layer.get("mediaType")): str(layer.get("digest")) for layer in layers}


def _blob(folder: Path, digest: str) -> Path | None:
    """The file with a digest; older versions kept the colon in the file's name."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):  # it becomes part of a path
        return None
    paths = (folder / "blobs" / name for name in (digest.replace(":", "-"), digest))
    return next((path for path in paths if os.path.isfile(path)), None)


def _text(path: Path) -> str:
    """The content of a small text file; empty if it cannot be read."""
    with suppress(OSError, ValueError):
        return bounded_read.read_text(path, _LARGEST_TEXT, errors="strict")
    return ""


def _object(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty if there is none."""
    with suppress(ValueError, RecursionError):
        told = json.loads(_text(path) or "{}")
        return told if isinstance(told, dict) else {}
    return {}
