"""The arguments of Herdmate's commands, from JSON that any client may have written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsprotocol import types

from herdmate.errors import SelectionError
from herdmate.lsp.protocol import ActionArguments
from herdmate.lsp.session import Session
from herdmate.text import Selection


def arguments_from_lsp(value: Any) -> ActionArguments:
    """Check and read them; raises ``SelectionError`` that says what they must look like."""
    if not isinstance(value, Mapping) or not isinstance(value.get("uri"), str):
        raise SelectionError("The command needs one argument: an object with uri and range.")
    try:
        _range(value["range"])
    except (KeyError, TypeError) as error:
        raise SelectionError("The command's argument needs an LSP range.") from error
    return ActionArguments(
        uri=value["uri"],
        range=value["range"],
        action=str(value.get("action") or ""),
        version=value.get("version"),
        instruction=str(value.get("instruction") or ""),
    )


def selection_of(session: Session, arguments: ActionArguments) -> Selection:
    """The selection that the arguments speak of.

    Raises ``SelectionError`` when the document has moved on since.
    """
    session.documents.refresh(arguments.uri)
    opened = session.documents.get(arguments.uri)
    if arguments.version is not None and arguments.version != opened.document.version:
        raise SelectionError("The file has changed since; ask for the action again.")
    return Selection(opened.document, opened.lines.span(_range(arguments.range)))


def _range(value: Mapping[str, Mapping[str, int]]) -> types.Range:
    start, end = value["start"], value["end"]
    return types.Range(
        types.Position(start["line"], start["character"]),
        types.Position(end["line"], end["character"]),
    )
