"""Files at the user's own addresses: ``hf:OWNER/REPO/FILE`` and ``https://…``.

The catalogue does not pin their hashes, so the first fetch does: later fetches under the same name
must get the same file. The parts of a split model are separate files, which llama.cpp joins.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from herdmate.atomic_write import write_whole
from herdmate.bounded_read import read_text
from herdmate.errors import FetchError, ModelError
from herdmate.loopback import is_loopback
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel, HuggingFaceFile, WebFile
from herdmate.models.split import parts_of

_HUB = re.compile(r"hf:([\w.-]+/[\w.-]+)/((?:[\w.+-]+/)*[\w.+-]+\.gguf)")
_FILE = re.compile(r"[\w+-][\w.+ -]*\.gguf")
_MOST_PARTS = 100
_LARGEST_PINS = 1 << 24
_QUANT = re.compile(r"(?:IQ|Q)\d\w*|B?F16|F32", re.I)


@dataclass(frozen=True, slots=True)
class Pin:
    """A file's size and hash at its first fetch."""

    size: int
    sha256: str


def is_given(name: str) -> bool:
    """Is it an address rather than a catalogue name?"""
    return name.startswith("hf:") or "://" in name


def is_allowed(url: str) -> bool:
    """Is it https, or http to this machine?"""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises if it is out of range
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or is_loopback(url))


def models_of(given: str) -> tuple[CatalogueModel, ...]:
    """The files at an address, all parts of a split one, with sizes still unknown (0).

    Raises ``ModelError`` if it is not the address of a GGUF file.
    """
    if given.startswith("hf:"):
        match = _HUB.fullmatch(given)
        if match is None:
            raise ModelError(
                f"{given} is not of the form hf:OWNER/REPO/FILE.gguf; copy the names from the "
                "file's page on Hugging Face."
            )
        repository, file = match[1], match[2]
        if any(not part.strip(".") for part in (*repository.split("/"), *file.split("/"))):
            raise ModelError(f"{given} is not a path within a repository; leave out `.` and `..`.")
        page = f"https://huggingface.co/{repository}"
        sources: list[HuggingFaceFile | WebFile] = [
            HuggingFaceFile(repository, "main", name) for name in _split_names(file)
        ]
    else:
        if not is_allowed(given):
            raise ModelError(f"{given} is not a valid https:// address; correct it.")
        parts = urlsplit(given)
        if parts.username or parts.password:
            raise ModelError(
                "Herdmate does not fetch from an address that contains a password; download the "
                "file yourself."
            )
        if not _FILE.fullmatch(unquote(parts.path).rpartition("/")[2]):
            raise ModelError(f"{given} is not a GGUF file; use the address of one.")
        page = given
        sources = [WebFile(parts._replace(path=name).geturl()) for name in _split_names(parts.path)]
    if len(sources) > _MOST_PARTS:
        raise ModelError(
            f"{given} has {len(sources)} parts, but at most {_MOST_PARTS} can be fetched; choose "
            "another model."
        )
    return tuple(_model(source, page) for source in sources)


def pins_path(folder: Path) -> Path:
    """Where the pins are kept."""
    return folder / ".pins.json"


def pinned(name: str, folder: Path) -> Pin | None:
    """A file's pin, if it has been fetched."""
    pin = _pins(folder).get(name)
    with suppress(TypeError, KeyError, ValueError, OverflowError):
        return Pin(int(pin["size"]), str(pin["sha256"])) if pin else None
    return None


def pin(name: str, value: Pin | None, folder: Path) -> None:
    """Save a pin; ``None`` removes it."""
    pins = {key: item for key, item in _pins(folder).items() if key != name}
    if value is not None:
        pins[name] = {"size": value.size, "sha256": value.sha256}
    write_whole(pins_path(folder), json.dumps(pins, indent=1, sort_keys=True).encode())


def completed(model: CatalogueModel, about: Mapping[str, Any], folder: Path) -> CatalogueModel:
    """The model with what the host says about it, and its required hash if one is known.

    Raises ``FetchError`` if the host's file is not the one that was first fetched.
    """
    size, published = int(about.get("size") or 0), str(about.get("sha256") or "")
    if size <= 0:
        raise FetchError(
            f"The host does not report the size of {model.file}; download it yourself."
        )
    known = pinned(model.name, folder)
    if known and (size != known.size or published not in ("", known.sha256)):
        raise FetchError(changed(model))
    (source,) = model.sources
    mark = hashlib.sha256(f"{about.get('mark')} {size}".encode()).hexdigest()[:16]
    if isinstance(source, HuggingFaceFile):
        source = replace(source, revision=str(about.get("revision") or "main"))
    elif isinstance(source, WebFile):
        source = replace(source, mark=mark)
    sha256 = known.sha256 if known else published
    return replace(model, size=size, sha256=sha256, sources=(source,))


def changed(model: CatalogueModel) -> str:
    """The sentence for a file that has changed."""
    return (
        f"{model.file} differs from the file that was first fetched from there, so it was "
        "refused; if you expected that, forget the first one with `herdmate models rm "
        f"{model.name}`."
    )


def refuse_to_hide(model: CatalogueModel, folder: Path) -> None:
    """Raises ``ModelError`` if its file name belongs to another model."""
    if (known := catalogue.of_file(Path(model.file))) is not None:
        raise ModelError(
            f"{model.file} is the name of a file in the catalogue; fetch that one: "
            f"`herdmate models pull {known.name}`."
        )
    if os.path.exists(folder / model.file) and pinned(model.name, folder) is None:
        raise ModelError(
            f"{folder / model.file} already exists, from another source; remove or rename it."
        )


def answer_file() -> Path:
    """An empty file for a child's answer."""
    with tempfile.NamedTemporaryFile(prefix="herdmate-", suffix=".json", delete=False) as file:
        return Path(file.name)


def _split_names(file: str) -> list[str]:
    """The names of all parts of a split file, first part first, whichever was given."""
    head, slash, name = file.rpartition("/")
    return [head + slash + part for part in parts_of(name)]


def _model(source: HuggingFaceFile | WebFile, page: str) -> CatalogueModel:
    """A catalogue entry of which only the source and the file's name are known."""
    if isinstance(source, HuggingFaceFile):
        path, name = source.file, f"hf:{source.repository}/{source.file}"
    else:
        parts = urlsplit(source.url)
        # What follows the path can be a key, which must not be kept.
        path, name = unquote(parts.path), parts._replace(query="", fragment="").geturl()
    file = path.rpartition("/")[2]
    quant = _QUANT.findall(file)
    return CatalogueModel(
        name=name, title=file, kind="", quant=quant[-1].upper() if quant else "unknown", file=file,
        size=0, sha256="", kv_bytes=0, context=0, infill=False, instruct=False,
        licence="unknown", licence_url=page, notice="", sources=(source,),
    )  # fmt: skip


def _pins(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        pins = json.loads(read_text(pins_path(folder), _LARGEST_PINS))
        return pins if isinstance(pins, dict) else {}
    return {}
