"""Diagnostics of other servers, as far as an action is about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from herdmate.assist.wish import Problem
from herdmate.lsp.convert import Lines
from herdmate.lsp.ranges import range_from_json


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


def _related(item: Mapping[str, Any]) -> tuple[str, str]:
    place = item.get("location") or {}
    name = PurePosixPath(unquote(urlsplit(str(place.get("uri", ""))).path)).name
    line = place.get("range", {}).get("start", {}).get("line", 0) + 1
    return f"{name}:{line}", str(item.get("message", ""))
