"""Models split into several files, named as by llama.cpp's ``gguf-split``.

``name-00001-of-00003.gguf`` is the first; given that, llama.cpp loads the others beside it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from herdmate.errors import ModelError

MOST_PARTS = 1000
"""Limit on the files looked for: a name can claim 99,999 of them."""

_NAME = re.compile(r"(.+)-([0-9]{5})-of-([0-9]{5})\.gguf", re.S)


def parts_of(name: str) -> tuple[str, ...]:
    """The file names of all parts of a file's model; just ``name`` if it is not split."""
    match = _NAME.fullmatch(name)
    if match is None or not 1 <= int(match[2]) <= int(match[3]):
        return (name,)
    return tuple(f"{match[1]}-{at:05}-of-{match[3]}.gguf" for at in range(1, int(match[3]) + 1))


def is_first(name: str) -> bool:
    """Is it a whole model, or the first part of one?"""
    match = _NAME.fullmatch(name)
    return match is None or not 1 < int(match[2]) <= int(match[3])


def size_of(path: Path) -> int:
    """Bytes of a model with all parts present. Raises ``OSError`` if ``path`` cannot be read."""
    own = path.stat().st_size
    names = parts_of(path.name)
    others = (path.with_name(name) for name in names[:MOST_PARTS] if name != path.name)
    return own + sum(other.stat().st_size for other in others if os.path.isfile(other))


def check_parts(path: Path) -> None:
    """Raises ``ModelError`` if parts are missing, there are too many, or it is not the first."""
    names = parts_of(path.name)
    if len(names) > MOST_PARTS:
        raise ModelError(
            f"{path.name} is one of {len(names)} parts, but at most {MOST_PARTS} can be loaded; "
            "choose another model."
        )
    if path.name != names[0]:
        raise ModelError(f"{path.name} is a later part of a model; choose the first, {names[0]}.")
    missing = [name for name in names if not os.path.isfile(path.with_name(name))]
    if missing:
        raise ModelError(
            f"{path.name} is one of {len(names)} parts, and {', '.join(missing[:3])}"
            f"{' and others' if len(missing) > 3 else ''} {'is' if len(missing) == 1 else 'are'} "
            "missing next to it; fetch the model again."
        )
