"""The configuration of editors as the README gives it, which is what the tests of editors use."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def configuration(language: str, names: str) -> str:
    """The one code block of README in a language that names something."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text("utf-8"), re.M | re.S)
    (block,) = (block for block in blocks if names in block)
    return str(block)
