"""No message of a terminal speaks of an editor's settings or commands."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import herdmate
from herdmate.actions import ways_on
from herdmate.cli.wording import in_terminal
from herdmate.settings import keys

PACKAGE = Path(herdmate.__file__).parent


@cache
def _texts() -> frozenset[tuple[str, str]]:
    """All texts of one line in the code, with the part of the package that they are in."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value for part in parts if isinstance(part, ast.Constant)]
            said = "…".join(text for text in texts if isinstance(text, str))
            if " " in said.strip() and "\n" not in said:
                found.add((path.parts[len(PACKAGE.parts)], said))
    return frozenset(found)


def _sentences() -> set[str]:
    """All texts of the code below the server that name a setting or a command of editors."""
    named = re.compile(r"(?<![\w.])herdmate\.[a-z]+(?:\.[a-z]\w+)?")
    return {said for part, said in _texts() if part not in ("lsp", "settings.py")
            and "python" not in said and named.search(said)}  # fmt: skip


def test_what_was_probably_meant_is_asked_in_one_way() -> None:
    said = " ".join(text for _, text in _texts())
    assert said.count("did you mean") > 10
    assert "Did you mean" not in said


def test_a_refusal_names_a_way_on() -> None:
    refusals = {said for _, said in _texts() if re.search("so nothing was (?!kept)", said)}
    assert len(refusals) > 4
    assert {said for said in refusals if not re.search("so nothing was [^;]+; ", said)} == set()


def test_every_way_on_is_translated() -> None:
    ways = [said for name, said in vars(ways_on).items() if name.isupper()]
    assert len(ways) > 5
    for said in map(in_terminal, ways):
        assert "select" not in said
        assert said.endswith(" with --model; -v shows the answer.")


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
        (f"It broke, {ways_on.SELECT_LESS}", "It broke, so nothing was changed; name fewer lines, "
         "or a larger model with --model; -v shows the answer."),
        (f"It broke, {ways_on.TRY_LARGER}", "It broke, so nothing was changed; name a larger model "
         "with --model; -v shows the answer."),
        (f"It broke, {ways_on.WRITE_LESS}", "It broke, so nothing was written; name a smaller "
         "definition, or a larger model with --model; -v shows the answer."),
        (f"Its answer was cut off, {ways_on.SELECT_LESS}", "Its answer was cut off, "
         "so nothing was changed; --max-tokens allows more."),
        (f"Its answer was cut off, {ways_on.WRITE_LESS}", "Its answer was cut off, "
         "so nothing was written; --max-tokens allows more."),
    ],
)  # fmt: skip
def test_some(said: str, shown: str) -> None:
    assert in_terminal(said) == shown
