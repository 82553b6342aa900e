"""A refactoring as the edit that a client can apply."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from herdmate.actions import target
from herdmate.actions.action_input import Diagnostic
from herdmate.actions.rewrite import Rewrite
from herdmate.engine.start import FakeStart
from herdmate.errors import StaleError
from herdmate.lsp import apply_edit, protocol, review
from herdmate.lsp.action_arguments import request_from_lsp, selection_of
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.documents import Documents
from herdmate.lsp.handlers import refactoring
from herdmate.lsp.handlers.refactoring import rewrite_to_lsp, run_rewrite
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.library import load_library
from herdmate.settings import RefactorSettings, Settings
from herdmate.text import Edit, Selection, Span

URI = "file:///shop.py"
CODE = "def f(x):\n    y = x\n    return y\n"
EDIT = Edit(Span(14, 32), "return x\n")


def _session(preview: str = "auto", **able: bool) -> Session:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(**able)  # type: ignore[arg-type]
    session.configuration.settings = Settings(refactor=RefactorSettings(preview))  # type: ignore[arg-type]
    session.documents.open(types.TextDocumentItem(URI, "python", 7, CODE))
    return session


def _done(session: Session, touches_callers: bool = False) -> Rewrite:
    selection = Selection(session.documents.get(URI).document, Span(0, len(CODE)))
    return Rewrite(selection, (EDIT,), touches_callers, "It is x.")


@pytest.mark.parametrize("preview", ["auto", "always", "never"])
@pytest.mark.parametrize("touches_callers", [True, False])
def test_what_callers_notice_is_shown_first_as_the_user_wants_it(
    preview: str, touches_callers: bool
) -> None:
    session = _session(preview, versioned_edits=True, annotations=True)
    edit = rewrite_to_lsp(session, _done(session, touches_callers), "Simplify")
    if preview == "never" or (preview == "auto" and not touches_callers):
        assert edit.change_annotations is None  # Neovim prints those that nobody has to confirm
        return
    (annotation,) = (edit.change_annotations or {}).values()
    assert annotation.needs_confirmation
    assert ("callers" in str(annotation.description)) == touches_callers
    assert "It is x." in str(annotation.description)
    assert annotation.label == "Simplify"


def test_a_client_without_annotations_gets_a_versioned_edit() -> None:
    session = _session("always", versioned_edits=True)
    edit = rewrite_to_lsp(session, _done(session), "Simplify")
    assert edit.change_annotations is None
    assert edit.document_changes is not None
    (change,) = edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == 7


def test_a_client_without_versions_gets_plain_changes() -> None:
    session = _session("always")
    edit = rewrite_to_lsp(session, _done(session), "Simplify")
    assert edit.document_changes is None
    place = types.Range(types.Position(1, 4), types.Position(2, 13))
    assert edit.changes is not None
    assert [(item.range.start, item.new_text) for item in edit.changes[URI]] == [
        (place.start, "return x\n")
    ]


@pytest.mark.parametrize("preview", ["auto", "always", "never"])
@pytest.mark.parametrize("touches_callers", [True, False])
async def test_a_client_that_can_show_it_gets_the_change_for_review(
    monkeypatch: pytest.MonkeyPatch, preview: str, touches_callers: bool
) -> None:
    session = _session(preview, versioned_edits=True, annotations=True, review=True)
    asked: list[tuple[str, Any]] = []

    async def answer(_session: Session, method: str, params: Any, read: Any, *_: Any) -> Any:
        asked.append((method, params))
        return read({"applied": True})

    monkeypatch.setattr(review, "ask", answer)
    monkeypatch.setattr(apply_edit, "ask", answer)
    await refactoring.apply_rewrite(session, _done(session, touches_callers), "Simplify")
    ((method, params),) = asked
    if preview == "never":
        assert method == types.WORKSPACE_APPLY_EDIT
        assert params.edit.change_annotations is None
        return
    assert method == protocol.REVIEW
    place = {"start": {"line": 1, "character": 0}, "end": {"line": 3, "character": 0}}
    assert params == {
        "uri": URI, "version": 7, "title": "Simplify",
        "note": "callers may have to change too" if touches_callers else "",
        "hunks": [{"range": place, "text": "    return x\n\n"}],
    }  # fmt: skip


@pytest.mark.parametrize("answered", [{"applied": False, "failureReason": "changed"}, None])
async def test_what_was_not_shown_for_review_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, answered: Any
) -> None:
    session = _session(review=True)

    async def answer(*given: Any) -> Any:
        return given[3](answered) if answered else given[4]

    monkeypatch.setattr(review, "ask", answer)
    done = _done(session)
    with pytest.raises(StaleError, match="changed" if answered else "did not show"):
        await refactoring.apply_rewrite(session, done, "Simplify")
    session.documents.open(types.TextDocumentItem(URI, "python", 8, "# new\n" + CODE))
    with pytest.raises(StaleError, match="changed while"):
        await refactoring.apply_rewrite(session, done, "Simplify")


@pytest.mark.parametrize("versioned", [True, False])
def test_no_edit_is_made_of_a_text_that_has_changed(versioned: bool) -> None:
    session = _session(versioned_edits=versioned)
    done = _done(session)
    session.documents.open(types.TextDocumentItem(URI, "python", 8, "# new\n" + CODE))
    with pytest.raises(StaleError, match="changed"):
        rewrite_to_lsp(session, done, "Simplify")


async def test_the_document_and_what_the_action_works_on_are_looked_up_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = _session(diagnostics=True)
    session.configuration.library = load_library()[0]
    looked_up: list[str] = []

    def counted(owner: Any, name: str) -> None:
        look_up = getattr(owner, name)

        def count(*given: Any) -> Any:
            looked_up.append(name)
            return look_up(*given)

        monkeypatch.setattr(owner, name, count)

    counted(Documents, "get")
    counted(target, "_definition")
    problem = Diagnostic(Span(18, 19), "y is not used")
    asked: list[Any] = []

    async def all_diagnostics(*given: Any) -> tuple[Diagnostic, ...]:
        asked.append(given[-1])
        return (problem, problem)

    async def rewrite_target(*given: Any) -> Any:
        asked.extend(given)

    monkeypatch.setattr(refactoring, "all_diagnostics", all_diagnostics)
    monkeypatch.setattr(refactoring, "rewrite_target", rewrite_target)
    place = {"line": 1, "character": 4}
    range_ = {"start": place, "end": place}
    told = {"uri": URI, "version": 7, "range": range_, "action": "fix_all"}
    request = request_from_lsp(session, told)
    selection = await selection_of(session, request)
    await run_rewrite(session, request, selection, lambda _: None)
    assert looked_up == ["get", "_definition"]
    span, found, _, _, action_input, _ = asked
    assert found.text == CODE.rstrip()
    assert span == found.span
    assert action_input.problems == (problem, problem)
