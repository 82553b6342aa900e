"""Do tests that the model wrote fit the project: its framework, and the form of its imports?"""

from __future__ import annotations

import re

from herdmate.actions.reference import framework_words
from herdmate.actions.ways_on import WRITE_LARGER
from herdmate.errors import RefusedError

_MODULES = {"node_test": "node:test", "bun_test": "bun:test"} | {
    name: name for name in ("ava", "tap", "tape")
}
"""The module that a test of a framework without globals has to import."""

_JEST = re.compile(r"\bjest\.\w")
_EXPECTS = re.compile(r"\bexpect\(")
_LOADS_EXPECT = re.compile(r"\bimport\b[^;\n]*\bexpect\b|\bexpect\b[^;\n=]*=[^;\n]*\brequire\b")
_HAS_EXPECT = frozenset({"bun_test"})


def with_suffix(text: str, module: str, suffix: str) -> str:
    """Tests that import ``module`` with its suffix, even where the model left that out."""
    if not suffix:
        return text
    bare = re.escape(module.removesuffix(suffix))
    return re.sub(rf"(['\"]){bare}\1", lambda found: f"{found[1]}{module}{found[1]}", text)


def refuse_other_framework(text: str, framework: str) -> None:
    """Raise ``RefusedError`` if tests cannot run with the project's framework."""
    if (module := _MODULES.get(framework)) is None:
        return
    is_loaded = re.search(rf"['\"]{module}['\"]", text)
    expects = _EXPECTS.search(text) and not _LOADS_EXPECT.search(text)
    is_foreign = _JEST.search(text) or (framework not in _HAS_EXPECT and expects)
    if not is_loaded or is_foreign:
        raise RefusedError(
            f"The model's tests are not written for {module}, which this project uses, "
            f"{WRITE_LARGER}",
            "framework",
            names=framework_words("", framework),
        )
