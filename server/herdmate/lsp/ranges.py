"""LSP ranges as JSON, in the arguments of Herdmate's commands."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

Json = dict[str, dict[str, int]]


def range_from_json(value: Any) -> types.Range:
    """The range in a JSON value; raises ``ValueError`` if it is malformed."""
    try:
        return types.Range(position_from_json(value["start"]), position_from_json(value["end"]))
    except (KeyError, TypeError) as error:
        raise ValueError("This is not an LSP range.") from error


def position_from_json(value: Any) -> types.Position:
    """The position in a JSON value; raises ``ValueError`` if it is malformed."""
    try:
        return types.Position(_whole(value["line"]), _whole(value["character"]))
    except (KeyError, TypeError) as error:
        raise ValueError("This is not an LSP position.") from error


def range_to_json(value: types.Range) -> Json:
    """A range as JSON."""
    start, end = ({"line": at.line, "character": at.character} for at in (value.start, value.end))
    return {"start": start, "end": end}


def _whole(value: Any) -> int:
    """A whole number; lsprotocol checks its bounds."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
