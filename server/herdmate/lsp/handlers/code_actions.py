"""textDocument/codeAction: what can be done with the selection. Listing it generates nothing.

An action carries a command, because a command can be cancelled, shows progress, and works in
editors that give a request ten seconds. A client that does not support workspace/applyEdit but
resolves edits gets the edit from codeAction/resolve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from lsprotocol import types

from herdmate.actions.action_input import Diagnostic
from herdmate.actions.offers import ActionOffer, offers
from herdmate.context.withheld import reason_to_withhold
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import request_from_lsp, selection_of
from herdmate.lsp.convert import Lines
from herdmate.lsp.diagnostics import MOST, diagnostics_at, problem_from_lsp
from herdmate.lsp.handlers import read_ahead
from herdmate.lsp.handlers.recent_places import after_looking
from herdmate.lsp.handlers.refactoring import rewrite_to_lsp, run_rewrite
from herdmate.lsp.parsing import parsed
from herdmate.lsp.ranges import range_to_json
from herdmate.lsp.session import Session
from herdmate.lsp.status import thinking
from herdmate.prompting.library import Action
from herdmate.text import Document, Selection, path_of


async def code_action(session: Session, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The actions for a selection, or for the definition around the cursor."""
    diagnostics: Sequence[types.Diagnostic] = params.context.diagnostics
    if session.capabilities.own_diagnostics:
        diagnostics = await diagnostics_at(session, params.text_document.uri, params.range)
    session.documents.refresh(params.text_document.uri)
    if (opened := session.documents.find(params.text_document.uri)) is None:
        return []
    opened = await parsed(session, opened, with_edits=True)
    selection = Selection(opened.document, opened.lines.span(params.range))
    if reason_to_withhold(opened.document, session.project.withheld):
        return []
    of_client = _problems(session, diagnostics, opened.lines)
    problems, more = tuple(of_client), session.capabilities.diagnostics
    after_looking(session, opened, params.range.start.line)
    offered = [
        offer
        for offer in offers(session.configuration.library.actions, selection, problems, more)
        if _is_wanted(offer.action.lsp_kind, params.context.only)
        and _can_run(session, offer.action, opened.document)
    ]
    if explain := next((item for item in offered if item.action.name == "explain"), None):
        read_ahead.after_selecting(session, selection, explain)
    version = opened.document.version
    return [_to_lsp(session, offer, params, of_client, version) for offer in offered]


async def resolve(session: Session, item: types.CodeAction) -> types.CodeAction:
    """Add the edit to an action that has no command; any other is returned unchanged."""
    if item.command is not None or item.data is None:
        return item
    request = request_from_lsp(session, item.data)
    with session.asking_about(request.arguments.uri):
        selection = await selection_of(session, request)
        async with thinking(session, session.model.answers):
            done = await run_rewrite(session, request, selection, lambda _: None)
    item.edit = rewrite_to_lsp(session, done, item.title)
    return item


def _to_lsp(
    session: Session, offer: ActionOffer, params: types.CodeActionParams,
    of_client: Mapping[Diagnostic, types.Diagnostic], version: int | None,
) -> types.CodeAction:  # fmt: skip
    action = offer.action
    about = [of_client[problem] for problem in offer.action_input.problems if problem in of_client]
    place = about[0].range if "diagnostic" in action.needs and about else params.range
    arguments = asdict(
        protocol.ActionArguments(
            params.text_document.uri,
            range_to_json(place),
            action.name,
            version,
            diagnostics=session.protocol._converter.unstructure(about),
            symbol=offer.action_input.symbol if "symbol" in action.needs else "",
        )
    )
    kind: str = action.lsp_kind
    if action.kind == "explain" and session.capabilities.sorts_by_kind:
        kind = types.CodeActionKind.QuickFix  # else it would be the last of a dozen
    title = offer.title if session.capabilities.names_servers else f"Herdmate: {offer.title}"
    item = types.CodeAction(title, kind=kind, data=arguments)
    item.diagnostics = about or None
    if session.capabilities.knows_generated:
        item.tags = [types.CodeActionTag.LlmGenerated]
    if action.kind != "rewrite" or not resolves(session):
        item.command = types.Command(title, _command(action), arguments=[arguments])
    return item


def _problems(
    session: Session, diagnostics: Sequence[types.Diagnostic], lines: Lines
) -> dict[Diagnostic, types.Diagnostic]:
    """The client's diagnostics, keyed by their converted form."""
    found: dict[Diagnostic, types.Diagnostic] = {}
    for item in diagnostics[:MOST]:
        problem = problem_from_lsp(session.protocol._converter.unstructure(item), lines)
        if problem is not None:
            found[problem] = item
    return found


def _command(action: Action) -> str:
    if action.kind == "explain":
        return protocol.COMMAND_EXPLAIN
    return protocol.COMMAND_ASK if action.asks_instruction else protocol.COMMAND_REWRITE


def resolves(session: Session) -> bool:
    """Does the client get edits by codeAction/resolve? Any other would only wait for an answer."""
    return session.capabilities.resolve_edit and not session.capabilities.apply_edit


def _can_run(session: Session, action: Action, document: Document) -> bool:
    if action.kind == "tests":
        able = session.capabilities.creates_files and session.capabilities.apply_edit
        return able and path_of(document.uri) is not None
    return session.capabilities.ask or not action.asks_instruction


def _is_wanted(kind: str, wanted: Sequence[str] | None) -> bool:
    """Is a kind wanted? A client that wants ``refactor`` also wants ``refactor.rewrite``."""
    if not wanted:
        return True
    return any(kind == prefix or kind.startswith(f"{prefix}.") or not prefix for prefix in wanted)
