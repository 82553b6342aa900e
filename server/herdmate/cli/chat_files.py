"""Kept conversations: one private file each in the user's state folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

from herdmate.actions.conversation import Conversation, from_json, to_json
from herdmate.atomic_write import write_whole
from herdmate.bounded_read import read_text
from herdmate.cli.parser import meant
from herdmate.errors import SelectionError, reason_of
from herdmate.user_folders import state_folder

LAST = "last"
"""The name under which each conversation is kept until the next one."""

_LARGEST = 8 << 20
_NAME = re.compile(r"[\w][\w .-]{0,60}")


def keep(conversation: Conversation, name: str = LAST) -> Path:
    """Write a conversation, and return where. Raises ``SelectionError``."""
    path = _path(name)
    data = json.dumps(to_json(conversation), ensure_ascii=False, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data.encode("utf-8", "replace"))
    except OSError as error:
        raise SelectionError(f"{path} cannot be written: {reason_of(error)}.") from error
    return path


def kept(name: str = LAST) -> Conversation:
    """A conversation that was kept. Raises ``SelectionError``."""
    path = _path(name)
    try:
        return from_json(json.loads(read_text(path, _LARGEST)))
    except FileNotFoundError as error:
        near = meant(name, names())
        hint = f"did you mean {near}?" if near else f"there is: {', '.join(names()) or 'none'}."
        raise SelectionError(f"There is no conversation {name!r}; {hint}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise SelectionError(f"{path} cannot be read: {reason_of(error)}.") from error


def names() -> list[str]:
    """The names of all conversations that were kept."""
    return sorted(path.stem for path in _folder().glob("*.json"))


def _folder() -> Path:
    return state_folder() / "chats"


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SelectionError(f"{name!r} cannot be a name; use letters, digits, dots and dashes.")
    return _folder() / f"{name}.json"
