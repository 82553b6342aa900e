"""LSP ranges as JSON has them, in the arguments of Herdmate's commands."""

from __future__ import annotations

from collections.abc import Mapping

from lsprotocol import types

Json = dict[str, dict[str, int]]


def range_from_json(value: Mapping[str, Mapping[str, int]]) -> types.Range:
    """Raises ``KeyError`` or ``TypeError`` where it is none."""
    start, end = value["start"], value["end"]
    return types.Range(
        types.Position(start["line"], start["character"]),
        types.Position(end["line"], end["character"]),
    )


def range_to_json(value: types.Range) -> Json:
    """The other way round."""
    start, end = ({"line": at.line, "character": at.character} for at in (value.start, value.end))
    return {"start": start, "end": end}
