"""The arguments of Herdmate's commands, from JSON that any client may have written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herdmate.assist.wish import Wish
from herdmate.errors import SelectionError
from herdmate.lsp.diagnostics import problems_from_lsp
from herdmate.lsp.protocol import ActionArguments, Turn
from herdmate.lsp.ranges import range_from_json
from herdmate.lsp.session import Session
from herdmate.text import Selection


def arguments_from_lsp(value: Any) -> ActionArguments:
    """Check and read them; raises ``SelectionError`` that says what they must look like."""
    if not isinstance(value, Mapping) or not isinstance(value.get("uri"), str):
        raise SelectionError("The command needs one argument: an object with uri and range.")
    try:
        range_from_json(value["range"])
    except (KeyError, TypeError) as error:
        raise SelectionError("The command's argument needs an LSP range.") from error
    return ActionArguments(
        uri=value["uri"],
        range=value["range"],
        action=str(value.get("action") or ""),
        version=value.get("version"),
        instruction=str(value.get("instruction") or ""),
        diagnostics=_objects(value.get("diagnostics")),
        symbol=str(value.get("symbol") or ""),
        turns=[
            Turn(str(item.get("role")), str(item.get("text") or ""))
            for item in _objects(value.get("turns"))
            if item.get("role") in ("user", "assistant")
        ],
    )


async def selection_of(session: Session, arguments: ActionArguments) -> Selection:
    """The selection that the arguments speak of, in a document that was parsed.

    Raises ``SelectionError`` when the document has moved on since.
    """
    session.documents.refresh(arguments.uri)
    opened = session.documents.get(arguments.uri)
    if arguments.version is not None and arguments.version != opened.document.version:
        raise SelectionError("The file has changed since; ask for the action again.")
    span = opened.lines.span(range_from_json(arguments.range))
    return Selection((await session.parsed(opened, with_edits=True)).document, span)


def wish_of(session: Session, arguments: ActionArguments) -> Wish:
    """What the arguments say besides."""
    lines = session.documents.get(arguments.uri).lines
    problems = problems_from_lsp(arguments.diagnostics, lines)
    return Wish(arguments.instruction, problems, arguments.symbol)


def _objects(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list | tuple) else ()
    return [dict(item) for item in items if isinstance(item, Mapping)]
