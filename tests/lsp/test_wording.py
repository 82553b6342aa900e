"""No message of an editor with menus has a command line: it has words, and a button."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types

import herdmate
from herdmate.completion.silence_reasons import Silence, SilenceReason
from herdmate.lsp.capabilities import capabilities_from_lsp
from herdmate.lsp.handlers.status_report import sentence_of_silence
from herdmate.lsp.protocol import Status
from herdmate.lsp.status import set_status
from herdmate.lsp.wording import buttons, in_editor, with_key
from tests.lsp.in_process import peer

PACKAGE = Path(herdmate.__file__).parent
_OF_THE_TERMINAL = ("bench", "cli", "eval", "__main__.py", "settings.py")
_NOT_SHOWN = "To agree and fetch it, run"  # to clients that cannot ask
_PAGE = "These counts stay on this machine"  # a page, not a message


def _sentences() -> set[str]:
    """All texts of the code below the command line that name a command of a terminal or editor."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        if path.parts[len(PACKAGE.parts)] in _OF_THE_TERMINAL:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        inner = {id(part) for node in whole for part in node.values}
        for node in (*whole, *ast.walk(tree)):
            if id(node) in inner:
                continue
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            said = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "starter"
                for part in parts
                if isinstance(part, ast.Constant | ast.FormattedValue)
            )
            is_docstring = "\n" in said or "``" in said
            if not is_docstring and re.search(r"`herdmate |[ `(]herdmate\.restartEngine", said):
                found.add(said)
    return {said for said in found if not said.startswith((_NOT_SHOWN, _PAGE))}


def test_no_sentence_keeps_a_command_line_and_each_has_a_button() -> None:
    sentences = _sentences()
    assert len(sentences) > 15
    for said in sentences:
        shown = in_editor(said)
        assert not re.search(r"`herdmate|restartEngine|herdmate models", shown), shown
        assert not re.search(r" [;:,.]|  |[;:,]\.|fetch it fetch", shown), shown
        assert buttons(said), said


@pytest.mark.parametrize(
    ("said", "shown", "labels"),
    [
        ("There is no model on this machine yet; run `herdmate models pull starter`.",
         "There is no model on this machine yet; fetch a small one.",
         ["Fetch Qwen2.5-Coder 0.5B Instruct Q4_K_M", "Choose a Model"]),
        ("CodeLlama 7B Instruct Q4_K_M is not on this machine; run `herdmate models pull "
         "codellama-7b-instruct-q4_k_m`.",
         "CodeLlama 7B Instruct Q4_K_M is not on this machine; fetch it.",
         ["Fetch CodeLlama 7B Instruct Q4_K_M", "Choose a Model"]),
        ("For better answers, fetch CodeLlama: `herdmate models pull codellama-7b` (4.1 GB).",
         "For better answers, fetch CodeLlama (4.1 GB).",
         ["Fetch CodeLlama 7B Instruct Q4_K_M", "Choose a Model"]),
        ("x is not a model; fetch it again: `herdmate models rm starter`, then `herdmate models "
         "pull starter`.",
         "x is not a model; fetch it again: remove its file first.",
         ["Fetch Qwen2.5-Coder 0.5B Instruct Q4_K_M", "Choose a Model"]),
        ("There is no model 'x'; see `herdmate models list`.", "There is no model 'x'.",
         ["Choose a Model"]),
        ("It died; run the command herdmate.restartEngine to try again.",
         "It died; restart the model.", ["Restart Model"]),
        ("Mellum is fetched by its address: `herdmate models pull mellum`.",
         "Mellum is fetched by its address.", ["Choose a Model"]),
        ("Plain words.", "Plain words.", []),
    ],
)  # fmt: skip
def test_some(said: str, shown: str, labels: list[str]) -> None:
    assert in_editor(said) == shown
    assert [button.label for button in buttons(said)] == labels


def test_the_advice_to_request_a_suggestion_names_the_clients_key() -> None:
    advised = {
        reason.name: with_key(reason.sentence, "Alt+\\")
        for reason in SilenceReason
        if "explicitly" in reason.sentence
    }
    assert advised == {
        "LARGE_FILE": "the file is larger than 2 million characters; press Alt+\\ to request a "
        "suggestion",
        "DOUBTFUL": "the model was not sure enough (herdmate.completion.confidence); press Alt+\\ "
        "to see it",
    }
    sentence = SilenceReason.DOUBTFUL.sentence
    assert with_key(sentence, "") == sentence


@pytest.mark.parametrize(
    ("told", "key"), [("Alt+\\", "Alt+\\"), (None, ""), (1, ""), ("x" * 41, "")]
)
async def test_why_there_is_no_suggestion_names_the_key(
    told: object, key: str, tmp_path: Path
) -> None:
    own = types.ClientCapabilities(experimental={"herdmate": {"suggestionKey": told}})
    async with peer(tmp_path) as client:
        session = client.session
        session.capabilities = capabilities_from_lsp(own)
        sentence = session.said(str(Silence(SilenceReason.DOUBTFUL)))
        assert ("press Alt+\\ to see it" in sentence) is bool(key)
        assert ("explicitly" in sentence) is not bool(key)


@pytest.mark.parametrize(("menu", "has_command"), [(True, False), (False, True)])
async def test_an_answer_and_the_status_speak_as_the_client_can_act(
    menu: bool, has_command: bool, tmp_path: Path
) -> None:
    async with peer(tmp_path) as client:
        session = client.session
        session.capabilities = replace(session.capabilities, menu=menu)
        params = {"command": "herdmate.fetchModel", "arguments": ["starterr"]}
        _, answer = client.ask("workspace/executeCommand", params)
        told = (await answer)["error"]["message"]
        assert told.startswith("There is no model 'starterr'")
        assert ("`herdmate models list`" in told) == has_command
        died = Status("error", "It died; run the command herdmate.restartEngine to try again.")
        set_status(session, session.model.answers, died)
        assert ("herdmate.restartEngine" in session.model.answers.status.message) == has_command
        session.completion.silence = died.message  # type: ignore[assignment]
        session.model.answers.status = Status("ready")
        assert ("herdmate.restartEngine" in sentence_of_silence(session)) == has_command
