"""A block of code of an explanation, applied like a refactoring."""

from __future__ import annotations

from dataclasses import replace

from herdmate.actions.apply_code import apply_code
from herdmate.lsp.action_arguments import ActionRequest, selection_of
from herdmate.lsp.handlers.refactoring import apply_rewrite
from herdmate.lsp.session import Session

_TITLE = "From the explanation"
_CHANGES = ("body", "documentation", "types", "names", "signatures")


async def apply_block(session: Session, request: ActionRequest) -> None:
    """Put the code of a request in place, after a review if the client has one.

    Raises ``HerdmateError``.
    """
    arguments, version = request.arguments, request.opened.document.version
    is_current = arguments.version is None or arguments.version == version
    anywhere = replace(request, arguments=replace(arguments, version=None))
    with session.asking_about(arguments.uri):
        selection = await selection_of(session, anywhere)
        action = replace(request.action, changes=_CHANGES, reasons=False)
        context = session.action_context
        done = apply_code(selection, arguments.code, action, context, is_current)
        await apply_rewrite(session, done, _TITLE)
