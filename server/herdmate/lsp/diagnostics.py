"""Diagnostics of other servers, as far as an action is about them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from pygls.exceptions import JsonRpcException

from herdmate.assist.wish import Problem
from herdmate.lsp import protocol
from herdmate.lsp.convert import Lines
from herdmate.lsp.opened import OpenDocument
from herdmate.lsp.ranges import range_from_json
from herdmate.lsp.session import Session
from herdmate.text import Span

_ANSWER_SECONDS = 2.0


def problems_from_lsp(
    diagnostics: Sequence[Mapping[str, Any]], lines: Lines
) -> tuple[Problem, ...]:
    """Diagnostics as JSON has them; one without a range or a message is left out."""
    found = []
    for item in diagnostics:
        try:
            span = lines.span(range_from_json(item["range"]))
            message = str(item["message"])
        except (KeyError, TypeError):
            continue
        related = tuple(_related(other) for other in item.get("relatedInformation") or ())
        code, source = item.get("code"), item.get("source")
        found.append(
            Problem(span, message, "" if code is None else str(code), str(source or ""), related)
        )
    return tuple(found)


async def all_problems(session: Session, opened: OpenDocument, around: Span) -> tuple[Problem, ...]:
    """All that the client knows to be wrong in a span, where it can tell; else none."""
    if not session.capabilities.diagnostics:
        return ()
    request = session.protocol.send_request_async(
        protocol.DIAGNOSTICS, {"uri": opened.document.uri}
    )
    try:
        answer = await asyncio.wait_for(request, _ANSWER_SECONDS)
    except (asyncio.TimeoutError, JsonRpcException):
        return ()
    problems = problems_from_lsp([plain_json(item) for item in answer or ()], opened.lines)
    return tuple(
        item for item in problems if item.span.start < around.end and item.span.end > around.start
    )


def plain_json(value: Any) -> Any:
    """pygls gives an object of unknown shape as nested named tuples."""
    if hasattr(value, "_asdict"):
        return {name: plain_json(item) for name, item in value._asdict().items()}
    return [plain_json(item) for item in value] if isinstance(value, list | tuple) else value


def _related(item: Mapping[str, Any]) -> tuple[str, str]:
    place = item.get("location") or {}
    name = PurePosixPath(unquote(urlsplit(str(place.get("uri", ""))).path)).name
    line = place.get("range", {}).get("start", {}).get("line", 0) + 1
    return f"{name}:{line}", str(item.get("message", ""))
