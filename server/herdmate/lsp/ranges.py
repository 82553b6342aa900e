"""LSP ranges as JSON has them, in the arguments of Herdmate's commands."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

Json = dict[str, dict[str, int]]


def range_from_json(value: Any) -> types.Range:
    """Raises ``ValueError`` where it is none."""
    try:
        return types.Range(position_from_json(value["start"]), position_from_json(value["end"]))
    except (KeyError, TypeError) as error:
        raise ValueError("This is no LSP range.") from error


def position_from_json(value: Any) -> types.Position:
    """Raises ``ValueError`` where it is none."""
    try:
        return types.Position(_whole(value["line"]), _whole(value["character"]))
    except (KeyError, TypeError) as error:
        raise ValueError("This is no LSP position.") from error


def range_to_json(value: types.Range) -> Json:
    """The other way round."""
    start, end = ({"line": at.line, "character": at.character} for at in (value.start, value.end))
    return {"start": start, "end": end}


def _whole(value: Any) -> int:
    """lsprotocol looks whether it is in bounds."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
