"""Arguments of Herdmate's commands, read from JSON that a client may have written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from herdmate.actions.action_input import ActionInput
from herdmate.errors import SelectionError
from herdmate.lsp.diagnostics import diagnostics_from_lsp
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.parsing import parsed
from herdmate.lsp.protocol import ActionArguments, Turn
from herdmate.lsp.ranges import range_from_json, range_to_json
from herdmate.lsp.session import Session
from herdmate.prompting.library import Action
from herdmate.text import Selection


def arguments_from_lsp(value: Any) -> ActionArguments:
    """Read and check a command's arguments; raises ``JsonRpcException`` saying what is expected."""
    if not isinstance(value, Mapping) or not isinstance(value.get("uri"), str):
        raise wrong("The command needs one argument: an object with uri and range.")
    try:
        range_ = range_to_json(range_from_json(value.get("range")))
    except ValueError as error:
        raise wrong("The command's argument must have an LSP range.") from error
    version = value.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise wrong("The version in the command's argument must be a whole number.")
    return ActionArguments(
        uri=value["uri"],
        range=range_,
        action=_text(value, "action"),
        version=version,
        instruction=_text(value, "instruction"),
        diagnostics=_objects(value.get("diagnostics")),
        symbol=_text(value, "symbol"),
        turns=[
            Turn(item["role"], _text(item, "text"))
            for item in _objects(value.get("turns"))
            if item.get("role") in ("user", "assistant")
        ],
        code=_text(value, "code"),
    )


def texts_from_lsp(arguments: Sequence[Any], many: int) -> list[str]:
    """The first ``many`` arguments as strings, empty if missing; raises ``JsonRpcException``."""
    if not all(text is None or isinstance(text, str) for text in arguments[:many]):
        raise wrong("The command's arguments must be strings.")
    return [*(text or "" for text in arguments[:many]), *[""] * many][:many]


def number_from_lsp(arguments: Sequence[Any]) -> int:
    """The first argument; raises ``JsonRpcException`` if it is not a whole number."""
    first = next(iter(arguments), None)
    if not isinstance(first, int) or isinstance(first, bool):
        raise wrong("The command's argument must be a whole number.")
    return first


def members_from_lsp(params: Any, *names: str) -> list[str]:
    """The named members of an object as strings, empty if missing; raises ``JsonRpcException``."""
    if params is not None and not isinstance(params, Mapping):
        raise wrong("The parameters must be an object.")
    return texts_from_lsp([(params or {}).get(name) for name in names], len(names))


def wrong(sentence: str) -> JsonRpcException:
    """The error for a request whose arguments are invalid."""
    return JsonRpcInvalidParams(sentence)


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What a command's arguments refer to, looked up once and in one version of the document."""

    arguments: ActionArguments
    action: Action
    opened: OpenDocument
    action_input: ActionInput


def request_from_lsp(session: Session, value: Any, action: str = "") -> ActionRequest:
    """What a command asks for; ``action`` is the one meant if its arguments name none.

    Raises ``JsonRpcException``, or ``HerdmateError`` if the document is not open.
    """
    arguments = arguments_from_lsp(value)
    library = session.configuration.library
    return request_of(session, arguments, library.get(arguments.action or action))


def request_of(session: Session, arguments: ActionArguments, action: Action) -> ActionRequest:
    """The action with the document as it is now, and what was said about it.

    Call it before a later message is handled, which may change or close the document. Raises
    ``SelectionError`` if it is not open.
    """
    session.documents.refresh(arguments.uri)
    opened = session.documents.get(arguments.uri)
    problems = diagnostics_from_lsp(arguments.diagnostics, opened.lines)
    action_input = ActionInput(arguments.instruction, problems, arguments.symbol)
    return ActionRequest(arguments, action, opened, action_input)


async def selection_of(session: Session, request: ActionRequest) -> Selection:
    """The selection that a request is about, in the parsed document.

    Raises ``SelectionError`` if the document had changed since the action was listed.
    """
    arguments, opened = request.arguments, request.opened
    if arguments.version is not None and arguments.version != opened.document.version:
        raise SelectionError("The file has changed in the meantime; request the action again.")
    span = opened.lines.span(range_from_json(arguments.range))
    return Selection((await parsed(session, opened, with_edits=True)).document, span)


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if text is not None and not isinstance(text, str):
        raise wrong(f"In the command's argument, {name} must be a string.")
    return text or ""


def _objects(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else ()
    return [dict(item) for item in items if isinstance(item, Mapping)]
