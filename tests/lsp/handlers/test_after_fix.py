"""A fix whose problem is still reported is undone, or another one is tried."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types

from herdmate.actions.action_input import Diagnostic
from herdmate.actions.rewrite import Rewrite
from herdmate.engine.start import FakeStart
from herdmate.errors import StaleError
from herdmate.lsp.action_arguments import ActionRequest, request_from_lsp
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import after_fix
from herdmate.lsp.handlers.after_fix import can_follow_up, follow_up
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.prompting.library import load_library
from herdmate.text import Edit, Selection, Span

URI = "file:///shop.py"
CODE = "def half(x):\n    return x // 3\n"
FIXED = CODE.replace("3", "4")
EDIT = Edit(Span(CODE.index("3"), CODE.index("3") + 1), "4")
RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 12}}
PROBLEM = {"range": RANGE, "message": "got 1 instead of 2", "source": "tests"}


class Editor:
    """A client that reports, is asked and applies what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reported: int, button: str = "") -> None:
        self.session = Session(lambda *_: EngineChoice(FakeStart()))
        self.session.capabilities = Capabilities(
            diagnostics=True, show_message_request=True, versioned_edits=True
        )
        self.session.configuration.library = load_library()[0]
        self.open(CODE)
        self.request = request_from_lsp(
            self.session,
            {"uri": URI, "version": 1, "range": RANGE, "action": "fix", "diagnostics": [PROBLEM]},
        )
        document = self.session.documents.get(URI).document
        self.done = Rewrite(Selection(document, Span(0, len(CODE))), (EDIT,))
        self.open(FIXED)
        self.asked: list[str] = []
        self.again: list[ActionRequest] = []
        self.reported = reported

        async def diagnostics(*_: Any) -> tuple[Diagnostic, ...]:
            self.reported -= 1
            (problem,) = self.request.action_input.problems
            return (problem,) if self.reported >= 0 else ()

        async def ask(
            _session: Any, _method: str, params: Any, read: Any, *_: Any, **__: Any
        ) -> Any:
            self.asked.append(params.message)
            return read({"title": button} if button else None)

        async def apply(_session: Any, edit: types.WorkspaceEdit, _title: str) -> None:
            (only,) = edit.document_changes or ()
            assert isinstance(only, types.TextDocumentEdit)
            assert only.text_document.version == 1  # what the user types meanwhile is safe
            (change,) = only.edits
            assert isinstance(change, types.TextEdit)
            assert change.new_text == "3"
            self.open(CODE)

        monkeypatch.setattr(after_fix, "_WAITS", (0.0, 0.0, 0.0))
        monkeypatch.setattr(after_fix, "_LOOK_SECONDS", 0.0)
        monkeypatch.setattr(after_fix, "all_diagnostics", diagnostics)
        monkeypatch.setattr(after_fix, "ask", ask)
        monkeypatch.setattr(after_fix, "apply", apply)

    def open(self, text: str) -> None:
        self.session.documents.open(types.TextDocumentItem(URI, "python", 1, text))

    async def follow_up(self) -> str:
        """The text in the end."""

        async def again(_session: Session, request: ActionRequest) -> None:
            self.again.append(request)

        await follow_up(self.session, self.request, self.done, again)
        return self.session.documents.get(URI).document.text


async def test_a_problem_that_goes_away_is_not_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    for looks in (0, 1, 2):
        editor = Editor(monkeypatch, looks, "Undo")
        assert await editor.follow_up() == FIXED
        assert editor.asked == []


@pytest.mark.parametrize(("button", "text"), [("Undo", CODE), ("", FIXED), ("other", FIXED)])
async def test_the_user_decides_about_a_fix_that_did_not_help(
    button: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Editor(monkeypatch, 9, button)
    assert await editor.follow_up() == text
    assert editor.asked == ["“got 1 instead of 2” is still reported after the fix."]
    assert editor.again == []


async def test_another_fix_is_tried_on_the_code_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Editor(monkeypatch, 9, "Try another fix")
    assert await editor.follow_up() == CODE
    (request,) = editor.again
    assert request.opened.document.text == CODE
    assert request.action_input.rejected == (FIXED,)
    assert request.action_input.problems == editor.request.action_input.problems


async def test_nothing_is_asked_about_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Editor(monkeypatch, 9, "Undo")
    editor.open(f"# new\n{FIXED}")
    assert await editor.follow_up() == f"# new\n{FIXED}"
    editor.session.documents.close(URI)
    await follow_up(editor.session, editor.request, editor.done, lambda *_: editor.follow_up())  # type: ignore[arg-type]
    assert editor.asked == []


async def test_a_fix_that_is_reviewed_is_followed_up_once_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    editor = Editor(monkeypatch, 9, "Undo")
    editor.open(CODE)
    asyncio.get_running_loop().call_later(0.05, editor.open, FIXED)
    monkeypatch.setattr(after_fix, "_LOOK_SECONDS", 0.01)
    assert await editor.follow_up() == CODE
    assert len(editor.asked) == 1


async def test_what_was_typed_before_the_answer_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    editor = Editor(monkeypatch, 9, "Undo")

    async def ask(*_: Any, **__: Any) -> str:
        editor.open(f"# new\n{FIXED}")
        return "Undo"

    monkeypatch.setattr(after_fix, "ask", ask)
    with pytest.raises(StaleError, match="not undone"):
        await editor.follow_up()
    assert editor.session.documents.get(URI).document.text == f"# new\n{FIXED}"


@pytest.mark.parametrize("able", [{"diagnostics": True}, {"show_message_request": True}])
def test_only_where_the_client_says_what_is_left(
    able: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = Editor(monkeypatch, 9)
    assert can_follow_up(editor.session, editor.request)
    editor.session.capabilities = Capabilities(**able)  # type: ignore[arg-type]
    assert not can_follow_up(editor.session, editor.request)
