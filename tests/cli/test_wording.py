"""No message of a terminal speaks of an editor's settings or commands."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import herdmate
from herdmate.cli.wording import in_terminal
from herdmate.settings import keys

PACKAGE = Path(herdmate.__file__).parent


def _sentences() -> set[str]:
    """All texts of the code below the server that name a setting or a command of editors."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        if path.parts[len(PACKAGE.parts)] in ("lsp", "settings.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value for part in parts if isinstance(part, ast.Constant)]
            said = "…".join(text for text in texts if isinstance(text, str))
            is_sentence = " " in said.strip() and "\n" not in said and "python" not in said
            if is_sentence and re.search(r"(?<![\w.])herdmate\.[a-z]+(?:\.[a-z]\w+)?", said):
                found.add(said)
    return found


def test_every_sentence_is_translated() -> None:
    sentences = _sentences()
    assert len(sentences) > 15
    for said in sentences:
        assert not re.search(r"herdmate\.(?!toml)[a-z]", in_terminal(said)), said


@pytest.mark.parametrize("key", keys())
def test_every_setting_has_a_name_there(key: str) -> None:
    for said in (f"Change herdmate.{key}.", f"The setting herdmate.{key} must be x.",
                 f"herdmate.{key} is wrong."):  # fmt: skip
        shown = in_terminal(said)
        assert "herdmate." not in shown
        assert key in shown or "--" in shown
        assert shown[0].isupper() or shown.startswith("--")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Set herdmate.model to x.", "Set --model to x."),
        ("Did you mean herdmate.engine.threads?", "Did you mean the setting engine.threads?"),
        ("It died; run the command herdmate.restartEngine to try again.",
         "It died; run the command again."),
        ("Plain words about a herdmate.", "Plain words about a herdmate."),
        ("There is no setting herdmate.foo.", "There is no setting foo."),
    ],
)  # fmt: skip
def test_some(said: str, shown: str) -> None:
    assert in_terminal(said) == shown
