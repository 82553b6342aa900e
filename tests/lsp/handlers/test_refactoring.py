"""A refactoring as the edit that a client can apply."""

from __future__ import annotations

import pytest
from lsprotocol import types

from herdmate.actions.rewrite import Rewrite
from herdmate.engine.start import FakeStart
from herdmate.errors import StaleError
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers.refactoring import rewrite_to_lsp
from herdmate.lsp.session import Session
from herdmate.lsp.state import EngineChoice
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
    (annotation,) = (edit.change_annotations or {}).values()
    shown = preview == "always" or (preview == "auto" and touches_callers)
    assert annotation.needs_confirmation == shown
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


@pytest.mark.parametrize("versioned", [True, False])
def test_no_edit_is_made_of_a_text_that_has_changed(versioned: bool) -> None:
    session = _session(versioned_edits=versioned)
    done = _done(session)
    session.documents.open(types.TextDocumentItem(URI, "python", 8, "# new\n" + CODE))
    with pytest.raises(StaleError, match="changed"):
        rewrite_to_lsp(session, done, "Simplify")
