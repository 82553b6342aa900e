"""Which actions a client is offered, and what listing them sets going."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from herdmate.engine.start import FakeStart
from herdmate.lsp import diagnostics
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.diagnostics import MOST
from herdmate.lsp.handlers.code_actions import code_action
from herdmate.lsp.protocol import Status
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.library import load_library

CODE = "def total(items):\n    found = 0\n    return found\n"
WHOLE = types.Range(types.Position(0, 0), types.Position(2, 16))


def _session(uri: str = "file:///shop.py", **able: bool) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(**able)  # type: ignore[arg-type]
    session.configuration.library = load_library()[0]
    session.model.answers.status = Status("ready")
    session.documents.open(types.TextDocumentItem(uri, "python", 0, CODE))
    return session


async def _offered(
    session: Session,
    range_: types.Range = WHOLE,
    only: Sequence[str] | None = None,
    diagnostics: Sequence[types.Diagnostic] = (),
    uri: str = "file:///shop.py",
) -> dict[str, types.CodeAction]:
    context = types.CodeActionContext(list(diagnostics), only=only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), range_, context)
    found = await code_action(session, params)
    return {item.data["action"]: item for item in found if item.data}


async def test_what_an_editor_asks_on_saving_makes_the_model_read_nothing() -> None:
    session = _session()
    assert await _offered(session, only=["source.fixAll"]) == {}
    assert not session.completion.reading_ahead
    assert "explain" in await _offered(session)
    assert list(session.completion.reading_ahead) == ["file:///shop.py"]
    await session.end()


@pytest.mark.parametrize(
    ("only", "wanted", "unwanted"),
    [
        (["refactor"], {"simplify"}, {"fix"}),
        (["refactor.rewrite"], {"simplify"}, {"fix", "extract"}),
        (["refactor.rew"], set(), {"simplify", "fix"}),
        (["quickfix"], {"fix"}, {"simplify", "explain"}),
        ([""], {"simplify", "fix", "explain"}, set()),
        ([], {"simplify", "fix", "explain"}, set()),
    ],
)
async def test_a_kind_includes_the_kinds_below_it(
    only: list[str], wanted: set[str], unwanted: set[str]
) -> None:
    session = _session()
    found = set(await _offered(session, only=only, diagnostics=[_problem(1)]))
    assert wanted <= found
    assert not unwanted & found
    await session.end()


@pytest.mark.parametrize(
    ("able", "uri", "offered"),
    [
        ({"apply_edit": True, "creates_files": True}, "file:///shop.py", True),
        ({"apply_edit": True}, "file:///shop.py", False),
        ({"creates_files": True}, "file:///shop.py", False),
        ({"apply_edit": True, "creates_files": True}, "untitled:Untitled-1", False),
    ],
)
async def test_new_tests_only_where_a_file_can_be_made(
    able: dict[str, bool], uri: str, offered: bool
) -> None:
    session = _session(uri, **able)
    assert ("write_tests" in await _offered(session, uri=uri)) == offered
    await session.end()


@pytest.mark.parametrize("asks", [True, False])
async def test_what_needs_an_instruction_only_where_one_can_be_asked_for(asks: bool) -> None:
    session = _session(ask=asks)
    assert ("change" in await _offered(session)) == asks
    await session.end()


async def test_nothing_is_offered_in_a_file_that_the_model_never_sees(tmp_path: Path) -> None:
    uri = (tmp_path / ".env").as_uri()
    session = _session(uri)
    assert await _offered(session, uri=uri) == {}
    assert not session.completion.reading_ahead
    await session.end()


async def test_a_client_that_sends_thousands_of_diagnostics_is_answered_about_the_first() -> None:
    session = _session()
    problems = [_problem(1, f"problem {number}") for number in range(10 * MOST)]
    found = await _offered(session, diagnostics=problems)
    assert found["fix"].diagnostics is not None
    assert all(item in problems[:MOST] for item in found["fix"].diagnostics)
    await session.end()


@pytest.mark.parametrize("knows", [True, False])
async def test_a_fix_stands_below_the_exact_fixes_of_language_servers(knows: bool) -> None:
    session = _session(knows_generated=knows)
    found = await _offered(session, diagnostics=[_problem(1), _problem(2)])
    assert found["fix"].title == "Herdmate: Fix “unused”"
    assert found["fix_all"].title == "Herdmate: Fix all problems here"
    tags = [types.CodeActionTag.LlmGenerated] if knows else None
    assert all(item.tags == tags and not item.is_preferred for item in found.values())
    await session.end()


@pytest.mark.parametrize("client", ["neovim", "eglot", "visual studio code", "helix", ""])
async def test_a_title_says_whose_the_action_is_where_the_editor_does_not(client: str) -> None:
    session = _session(ask=True)
    session.capabilities = replace(session.capabilities, client=client)
    titles = {item.title for item in (await _offered(session)).values()}
    ours = {title for title in titles if title.startswith("Herdmate: ")}
    assert ours == (set() if client in ("neovim", "eglot") else titles)
    await session.end()


async def test_explain_is_listed_with_the_refactorings() -> None:
    """VS Code leaves kinds below ``source`` out of the light bulb."""
    session = _session()
    name = types.Range(types.Position(1, 5), types.Position(1, 5))
    found = await _offered(session, name, diagnostics=[_problem(1)])
    explaining = {item.kind for item in found.values() if item.title.startswith("Herdmate: Ex")}
    assert explaining == {"refactor.explain", "refactor.explain.symbol", "quickfix.explain"}
    await session.end()


def _problem(line: int, message: str = "unused") -> types.Diagnostic:
    range_ = types.Range(types.Position(line, 4), types.Position(line, 9))
    return types.Diagnostic(range_, message)


async def test_a_client_that_sends_only_our_own_diagnostics_is_asked_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = _session(diagnostics=True, own_diagnostics=True)
    place = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 4}}
    elsewhere = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 4}}
    hostile: list[Any] = [
        None,
        5,
        {},
        {"range": place},
        {"range": place, "message": 7},
        {"range": {}},
    ]
    told = [*hostile, {"range": place, "message": "wrong"}, {"range": elsewhere, "message": "far"}]

    async def answer(_session: Session, _method: str, _params: Any, read: Any, *_: Any) -> Any:
        return read(told)

    monkeypatch.setattr(diagnostics, "ask", answer)
    line = types.Range(types.Position(1, 2), types.Position(1, 2))
    assert (await _offered(session, line))["fix"].title == "Herdmate: Fix “wrong”"
    told.clear()
    assert "fix" not in await _offered(session, line)
    await session.end()
