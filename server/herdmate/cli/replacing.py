"""Files of the user that are written: whole or not at all, and never over a later change."""

from __future__ import annotations

import shutil
from pathlib import Path

from herdmate.errors import RefusedError


def replace(path: Path, before: bytes | None, after: bytes) -> None:
    """Write a file, only over what it was when it was read; ``None``: there was none.

    Its mode stays, and so does a link to it. Raises ``RefusedError`` where it has changed
    meanwhile, ``OSError`` where it cannot be written.
    """
    path = path.resolve()
    if (path.read_bytes() if path.exists() else None) != before:
        raise RefusedError(f"{path} has changed meanwhile, so it was not written; run it again.")
    whole = path.with_name(f".{path.name}.herdmate")
    try:
        whole.write_bytes(after)
        if before is not None:
            shutil.copymode(path, whole)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)
