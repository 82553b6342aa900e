"""The language server: a table of contents that says where each message is handled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import asdict
from functools import partial
from typing import Any

from lsprotocol import types

from herdmate.context import parser_client
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import (
    members_from_lsp,
    number_from_lsp,
    request_from_lsp,
    texts_from_lsp,
)
from herdmate.lsp.handlers import (
    applied_code,
    code_actions,
    configuration,
    declarations,
    explanation,
    inline_completion,
    menus,
    model_choice,
    model_fetching,
    model_loading,
    offered_buttons,
    other_extensions,
    pausing,
    read_ahead,
    recent_places,
    refactoring,
    shown_documents,
    status_report,
    usage_statistics,
    workspace_index,
)
from herdmate.lsp.parsing import parse_soon, refresh_soon
from herdmate.lsp.session import Session
from herdmate.lsp.shutdown import finish
from herdmate.models.role_choices import ChooseEngine

_KINDS = [
    *(types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorExtract),
    *(types.CodeActionKind.RefactorRewrite, types.CodeActionKind.Empty),
]


def create_server(choose: ChooseEngine) -> Session:
    """A server with all its handlers, not started yet.

    ``choose`` looks up the model and thereby the engine; the command line passes the real one,
    tests can pass a fake.
    """
    server = Session(choose)
    server.shown.offer = partial(offered_buttons.offer, server)
    for model in server.model.both:
        model.host.listen(
            partial(model_loading.after_engine_change, server, model),
            partial(usage_statistics.after_generating, server),
        )
    actions = types.CodeActionOptions(_KINDS)
    _lifetime(server, actions)
    _documents(server)
    _features(server, actions)
    _models(server)
    _switches(server)
    _commands(server)
    return server


def _lifetime(server: Session, actions: types.CodeActionOptions) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        server.begin(params)
        configuration.begin(server, params.initialization_options)
        actions.resolve_provider = code_actions.resolves(server)
        known = server.protocol.fm.features  # an earlier attempt may have failed
        has_ghost_text = server.capabilities.inline_completion
        if not has_ghost_text and types.TEXT_DOCUMENT_COMPLETION not in known:
            options = types.CompletionOptions(resolve_provider=False)  # ALE treats {} as no support
            server.feature(types.TEXT_DOCUMENT_COMPLETION, options)(completion)

    async def completion(params: types.CompletionParams) -> types.CompletionList:
        return await inline_completion.completion(server, params)

    @server.feature(types.INITIALIZED)
    async def initialized(_params: types.InitializedParams) -> None:
        if server.tasks.has_begun:
            return
        server.tasks.has_begun = True
        parser_client.for_documents().start()
        server.spawn(configuration.watch(server), quiet=True)
        await configuration.pull(server)
        server.spawn(configuration.load_prompts(server))
        server.spawn(asyncio.to_thread(shown_documents.forget_left_behind), quiet=True)
        server.spawn(model_fetching.load_or_offer(server))
        server.spawn(workspace_index.watch_files(server), quiet=True)
        server.spawn(workspace_index.index_workspace(server), quiet=True)
        server.spawn(shown_documents.offer_content(server), quiet=True)
        server.spawn(other_extensions.tell_of_others(server), quiet=True)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        configuration.push(server, params.settings)
        changes = await configuration.pull(server)
        server.spawn(configuration.load_prompts(server))
        if changes.index:
            server.spawn(workspace_index.index_workspace(server))
        if changes.engine:
            server.spawn(model_fetching.load_chosen(server))
        pausing.tell_of_change(server)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_workspace_folders(_params: types.DidChangeWorkspaceFoldersParams) -> None:
        workspace_index.after_changing_folders(server)

    @server.feature(types.SHUTDOWN)
    async def shutdown(_params: None) -> None:
        await finish(server)


def _documents(server: Session) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        server.documents.open(params.text_document)
        parse_soon(server)
        workspace_index.after_opening(server, params.text_document.uri)
        read_ahead.after_opening(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        recent_places.before_change(server, params)
        server.documents.change(params)
        _after_change(server, params)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        usage_statistics.before_closing(server, uri)
        server.documents.close(uri)
        workspace_index.after_closing(server, uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        workspace_index.after_saving(server, [params.text_document.uri])
        declarations.look(server, params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        workspace_index.after_saving(server, [change.uri for change in params.changes])

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_did_open(params: types.DidOpenNotebookDocumentParams) -> None:
        server.documents.open_notebook(params)
        parse_soon(server)
        workspace_index.after_opening(server, *server.documents.cells(params.notebook_document.uri))

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_did_change(params: types.DidChangeNotebookDocumentParams) -> None:
        uri = params.notebook_document.uri
        before = server.documents.cells(uri)
        server.documents.change_notebook(params)
        parse_soon(server)
        after = server.documents.cells(uri)
        if new := set(after) - set(before):
            workspace_index.after_opening(server, *new)
        edits = (params.change.cells and params.change.cells.text_content) or ()
        _after_change(
            server,
            *(types.DidChangeTextDocumentParams(edit.document, edit.changes) for edit in edits),
        )

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_did_close(params: types.DidCloseNotebookDocumentParams) -> None:
        for cell in server.documents.cells(params.notebook_document.uri):
            usage_statistics.before_closing(server, cell)
        server.documents.close_notebook(params.notebook_document.uri)

    @server.feature(protocol.STOP)
    def stop(params: Any) -> None:
        (name,) = members_from_lsp(params, "id")
        explanation.stop(server, name)

    @server.feature(protocol.CURSOR)
    def cursor(params: Any) -> None:
        read_ahead.after_hint(server, params)


def _after_change(server: Session, *changes: types.DidChangeTextDocumentParams) -> None:
    """What is done after the changes in one message."""
    if not changes:
        return
    for params in changes:
        usage_statistics.after_change(server, params.text_document.uri)
    workspace_index.after_change(server, *(params.text_document.uri for params in changes))
    for params in changes:
        read_ahead.after_change(server, params)
    refresh_soon(server)


def _features(server: Session, actions: types.CodeActionOptions) -> None:
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        return await inline_completion.inline_completion(server, params)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, actions)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await code_actions.code_action(server, params)

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(item: types.CodeAction) -> types.CodeAction:
        return await code_actions.resolve(server, item)


def _models(server: Session) -> None:
    @server.feature(protocol.MODELS)
    async def models(_params: Any) -> dict[str, Any]:
        return asdict(await model_choice.models(server))

    @server.feature(protocol.PULL_MODEL)
    async def pull_model(params: Any) -> dict[str, str]:
        (name,) = members_from_lsp(params, "name")
        return {"path": str(await model_fetching.pull_model(server, name))}

    @server.feature(protocol.MENU)
    async def menu(params: Any) -> dict[str, Any]:
        name, uri = members_from_lsp(params, "menu", "uri")
        return asdict(await menus.menu(server, name, uri))

    @server.feature(protocol.GHOST_TEXT)
    def ghost_text(params: Any) -> dict[str, Any]:
        (uri,) = members_from_lsp(params, "uri")
        return asdict(pausing.ghost_text(server, uri))

    @server.feature(types.WORKSPACE_TEXT_DOCUMENT_CONTENT)
    def content(params: types.TextDocumentContentParams) -> types.TextDocumentContentResult:
        return shown_documents.content(server, params.uri)


def _switches(server: Session) -> None:
    """Commands that pause or resume ghost text, or choose the model."""

    @server.command(protocol.COMMAND_TOGGLE)
    def toggle(ls: Session, *arguments: Any) -> None:
        (uri,) = texts_from_lsp(arguments, 1)
        ls.spawn(pausing.toggle(ls, uri))

    @server.command(protocol.COMMAND_PAUSE)
    def pause(ls: Session, *arguments: Any) -> None:
        ls.spawn(pausing.pause(ls, *pausing.what_from_lsp(arguments)))

    @server.command(protocol.COMMAND_RESUME)
    def resume(ls: Session, *arguments: Any) -> None:
        ls.spawn(pausing.resume(ls, *pausing.what_from_lsp(arguments)))

    @server.command(protocol.COMMAND_CHOOSE_MODEL)
    async def choose_model(ls: Session, *arguments: Any) -> None:
        name, role = texts_from_lsp(arguments, 2)
        meant = model_choice.role_from_lsp(role)
        ls.spawn(model_choice.choose_model(ls, await model_choice.find(ls, name, meant), meant))

    @server.command(protocol.COMMAND_USE_RECOMMENDED)
    def use_recommended(ls: Session, *_arguments: Any) -> None:
        ls.spawn(model_fetching.use_recommended(ls))


def _commands(server: Session) -> None:
    """pygls passes the server as ``ls``; the arguments arrive as raw JSON."""

    @server.command(protocol.COMMAND_EXPLAIN)
    def explain(ls: Session, *arguments: Any) -> Awaitable[str] | None:
        # Not async, like ``rewrite``: the document is looked up before a later message is handled,
        # which may change the text.
        request = request_from_lsp(ls, next(iter(arguments), None), "explain")
        return explanation.explain_selection(ls, request)

    @server.command(protocol.COMMAND_REWRITE)
    def rewrite(ls: Session, *arguments: Any) -> None:
        request = request_from_lsp(ls, next(iter(arguments), None))
        ls.spawn(refactoring.rewrite_in_place(ls, request))

    @server.command(protocol.COMMAND_APPLY_CODE)
    def apply_code(ls: Session, *arguments: Any) -> None:
        request = request_from_lsp(ls, next(iter(arguments), None), "explain")
        ls.spawn(applied_code.apply_block(ls, request))

    @server.command(protocol.COMMAND_STATUS)
    async def status(ls: Session, *_arguments: Any) -> dict[str, Any]:
        return await status_report.report(ls)

    @server.command(protocol.COMMAND_WHY)
    def why(ls: Session, *_arguments: Any) -> str:
        return status_report.why_nothing(ls)

    @server.command(protocol.COMMAND_SEEN)
    async def seen(ls: Session, *_arguments: Any) -> str | None:
        return await shown_documents.show_seen(ls)

    @server.command(protocol.COMMAND_STATS)
    async def stats(ls: Session, *_arguments: Any) -> str | None:
        return await usage_statistics.show(ls)

    @server.command(protocol.COMMAND_ACCEPTED)
    def accepted(ls: Session, *arguments: Any) -> None:
        usage_statistics.after_accepting(ls, number_from_lsp(arguments))

    @server.command(protocol.COMMAND_FETCH_MODEL)
    def fetch_model(ls: Session, *arguments: Any) -> None:
        (name,) = texts_from_lsp(arguments, 1)
        ls.spawn(model_fetching.fetch_model(ls, model_fetching.find(name)))

    @server.command(protocol.COMMAND_RESTART_ENGINE)
    def restart_engine(ls: Session, *_arguments: Any) -> None:
        ls.spawn(model_fetching.load_or_offer(ls))
