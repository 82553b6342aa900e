"""What the wheels of an index have as SHA-256: for ``extension/lock.sh``, which pins them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from herdmate.errors import NoWheelError
from herdmate.llama_install.download import Tell, fetch, read_page
from herdmate.llama_install.machine import VARIANTS
from herdmate.llama_install.wheels import check_index, check_wheel, page_of, wheels


def pins(index: str, tell: Tell) -> None:
    """Tell a line for each wheel, as ``sha256sum`` does. Raises ``InstallError``."""
    index = check_index(index)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "wheel"
        for variant in VARIANTS:
            page = page_of(index, variant)
            try:
                found = sorted(wheels(read_page(page), page, variant), key=lambda it: it.name)
            except NoWheelError:
                continue
            for wheel in found:
                fetch(wheel.url, variant, place, lambda _: None)
                tell(f"{check_wheel(place, wheel)}  {variant}/{wheel.name}")
