"""Whether a file can be loaded to generate text: one judgement for all who ask."""

from __future__ import annotations

from pathlib import Path

from herdmate.errors import ModelError
from herdmate.generation import ModelInfo, base_model
from herdmate.models import catalogue
from herdmate.models.gguf_reader import GgufHeader
from herdmate.models.inspect import read_header
from herdmate.models.split import check_parts, parts_of
from herdmate.prompting.families import CONTROL_PIECES, Family, family_of

_ANOTHER = "use another file"


def loadable(path: Path) -> GgufHeader:
    """The metadata of a file that can be loaded. Raises ``ModelError``, which says why it cannot.

    Only llama.cpp itself knows whether it supports the architecture; see ``engine.loading``.
    """
    header = read_header(path)
    check_parts(path)
    if reason := why_not(header, path):
        raise ModelError(f"{path.name} {reason}.")
    return header


def judged(path: Path) -> tuple[GgufHeader, Family]:
    """A file's metadata, and the family that the model will have once it is loaded.

    Raises ``ModelError`` if it is no GGUF file.
    """
    header = read_header(path, CONTROL_PIECES)
    pieces = dict.fromkeys((*header.pieces, "bos", "eos"), 0)
    known = catalogue.of_file(path)
    listed = known.name if known else path.name * (path.suffix == ".gguf")  # Ollama's are hashes
    info = ModelInfo(
        path=str(path), name=header.name or path.stem, architecture=header.architecture,
        vocabulary="other", vocabulary_size=header.vocabulary, context=0, context_trained=0,
        layers=0, parameters=0, size=0, pieces=pieces,
        template=str(header.metadata.get("tokenizer.chat_template", "")),
        base=base_of(header), listed=listed,
    )  # fmt: skip
    return header, family_of(info)


def base_of(header: GgufHeader) -> str:
    """What a file says of the model that it was made from."""
    keys = (f"general.base_model.0.{key}" for key in ("name", "repo_url"))
    return base_model(*(str(header.metadata.get(key, "")) for key in keys))


_DIFFUSION = ("dream", "llada", "llada-moe", "rnd1")
_ENCODER = ("t5",)


def why_not(header: GgufHeader, path: Path) -> str:
    """Why a file with this metadata cannot generate text, after its name; empty if it can."""
    if not header.architecture:
        return f"does not name its architecture, so llama.cpp cannot load it; {_ANOTHER}"
    if header.metadata.get("general.type") == "adapter":
        return "is an adapter, not a model; if it is a LoRA, name it in herdmate.engine.adapters"
    if not header.writes:
        return (
            f"is a {_kind(header)}, which does not generate text; {_ANOTHER} for answers and ghost "
            "text"
        )
    if header.architecture in _DIFFUSION:
        return f"writes whole texts at once (diffusion), which Herdmate cannot do; {_ANOTHER}"
    if header.architecture in _ENCODER:
        return f"has an encoder of its own, which Herdmate cannot use; {_ANOTHER}"
    if not header.vocabulary:
        return f"has no vocabulary, so it cannot read text; {_ANOTHER}"
    if not header.tensors and len(parts_of(path.name)) == 1:
        return f"has a vocabulary but no weights; {_ANOTHER}"
    return ""


def _kind(header: GgufHeader) -> str:
    kind = str(header.metadata.get("general.type", "model"))
    if kind == "model":
        return f"model for embeddings, images or sound ({header.architecture})"
    return "projector for images" if kind == "mmproj" else "part of a model"
