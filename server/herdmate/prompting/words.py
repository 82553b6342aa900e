"""Words for the model that belong to no single action: TOML files in ``prompts/words``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache

from herdmate.prompting.library import builtin_folder
from herdmate.prompting.template import fill

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def say(file: str, key: str, values: Mapping[str, str]) -> str:
    """The words under a key, filled in; ``""`` if the file has no such key."""
    return fill(words(file).get(key, ""), values).strip()


@cache
def words(file: str) -> Mapping[str, str]:
    """All words of one file."""
    path = builtin_folder() / "words" / f"{file}.toml"
    found: Mapping[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))
    return found
