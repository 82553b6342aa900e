"""Diagnostics from other servers, for the actions that work on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from lsprotocol import types

from herdmate.actions.action_input import Diagnostic
from herdmate.lsp import protocol
from herdmate.lsp.client_requests import ask
from herdmate.lsp.convert import Lines
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.params import UnreadableError, structured
from herdmate.lsp.ranges import range_from_json
from herdmate.lsp.session import Session
from herdmate.text import Span, name_in

_ANSWER_SECONDS = 1.0

MOST = 1000
"""Diagnostics read per file; more would be of no use to a model."""
_MOST_RELATED = 20
_MOST_WORDS = 4000
_MOST_NAME = 200
"""Characters kept of a message, and of a code or a source."""


def diagnostics_from_lsp(diagnostics: Sequence[Any], lines: Lines) -> tuple[Diagnostic, ...]:
    """Diagnostics from JSON, without those that lack a range or a message."""
    found = (problem_from_lsp(item, lines) for item in diagnostics[:MOST])
    return tuple(problem for problem in found if problem is not None)


def problem_from_lsp(diagnostic: Any, lines: Lines) -> Diagnostic | None:
    """One diagnostic from JSON; ``None`` if it is malformed."""
    try:
        return _problem(diagnostic, lines)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


async def all_diagnostics(
    session: Session, opened: OpenDocument, around: Span
) -> tuple[Diagnostic, ...]:
    """All of the client's diagnostics in a span; none if it cannot report them."""
    problems = diagnostics_from_lsp(await _reported(session, opened.document.uri), opened.lines)
    return tuple(
        item for item in problems if item.span.start < around.end and item.span.end > around.start
    )


async def diagnostics_at(session: Session, uri: str, place: types.Range) -> list[types.Diagnostic]:
    """All of the client's diagnostics on the lines of a range, without malformed ones."""
    found: list[types.Diagnostic] = []
    for item in (await _reported(session, uri))[:MOST]:
        with suppress(UnreadableError):
            found.append(structured(session.protocol._converter, item, types.Diagnostic))
    return [
        item
        for item in found
        if item.range.start.line <= place.end.line and item.range.end.line >= place.start.line
    ]


async def _reported(session: Session, uri: str) -> list[Any]:
    """The JSON of all of the client's diagnostics; nothing if it cannot report them."""
    if not session.capabilities.diagnostics:
        return []
    none: list[Any] = []

    def read(answer: Any) -> list[Any]:
        return answer if isinstance(answer, list) else none

    return await ask(session, protocol.DIAGNOSTICS, {"uri": uri}, read, none, _ANSWER_SECONDS)


def _problem(item: Any, lines: Lines) -> Diagnostic:
    """Raises ``ValueError``, ``KeyError`` or ``TypeError`` if ``item`` is malformed."""
    span = lines.span(range_from_json(item["range"]))
    related = item.get("relatedInformation")
    others = related[:_MOST_RELATED] if isinstance(related, list) else ()
    code = item.get("code")
    return Diagnostic(
        span,
        _words(item["message"]),
        "" if code is None else str(code)[:_MOST_NAME],
        str(item.get("source") or "")[:_MOST_NAME],
        tuple(found for other in others if (found := _related(other)) is not None),
    )


def _words(message: Any) -> str:
    """The text of a message, which may be a string or ``MarkupContent``."""
    text = message["value"] if isinstance(message, Mapping) else message
    if not isinstance(text, str):
        raise TypeError("not a string")
    return text[:_MOST_WORDS]


def _related(item: Any) -> tuple[str, str] | None:
    try:
        place = item["location"]
        name = PurePosixPath(name_in(place["uri"])).name
        line = range_from_json(place["range"]).start.line + 1
        return f"{name}:{line}", _words(item["message"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
