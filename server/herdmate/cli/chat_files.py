"""Kept conversations: one private file each in the user's state folder.

Each conversation has a name of its own, and so has each question that was asked on the command
line, so that none takes another's place. What another process has written is never replaced by what
lacks it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Literal

from herdmate.actions.conversation import Conversation, Exchange, from_json, to_json
from herdmate.atomic_write import PRIVATE, create_whole, write_whole
from herdmate.bounded_read import read_text
from herdmate.cli.parser import meant
from herdmate.errors import SelectionError, reason_of
from herdmate.user_folders import state_folder

Kind = Literal["chat", "question"]
"""A conversation at the prompt, or a question on the command line and those that follow it up."""

MOST = 20
"""How many of each kind are kept; the user's own names do not count."""

_LARGEST = 8 << 20
_NAME = re.compile(r"[\w][\w .-]{0,60}")
_AUTOMATIC = re.compile(r"(?P<kind>chat|question)-\d{4}-\d\d-\d\d-\d{6}(-\d+)?")


@dataclass(frozen=True, slots=True)
class Kept:
    """A conversation's name, when it was last kept, and what was said if that can be read."""

    name: str
    time: datetime
    conversation: Conversation | None


def keep(conversation: Conversation, name: str) -> Path:
    """Write a conversation under a name, and return where.

    Raises ``SelectionError``, also if another one has that name and would be lost.
    """
    if _would_lose(conversation, name):
        raise SelectionError(f"Another conversation is kept as {name!r}; take another name.")
    return _write(conversation, name, write_whole)


def keep_on(conversation: Conversation, name: str, kind: Kind) -> str:
    """Keep a conversation that goes on, and return its name. Raises ``SelectionError``.

    It gets a new one if it has none (``""``) yet, or if it was gone on with elsewhere meanwhile.
    """
    if name and not _would_lose(conversation, name):
        _write(conversation, name, write_whole)
        return name
    new_names = _new_names(kind)
    while True:
        name = next(new_names)
        with suppress(FileExistsError):  # another process was quicker
            _write(conversation, name, _create)
            return name


def kept(name: str) -> Conversation:
    """A conversation that was kept. Raises ``SelectionError``."""
    path = _path(name)
    try:
        return from_json(json.loads(read_text(path, _LARGEST)))
    except FileNotFoundError as error:
        near = meant(name, names())
        hint = f"did you mean {near}?" if near else "see `herdmate chat --list`."
        raise SelectionError(f"There is no conversation {name!r}; {hint}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise SelectionError(f"{path} cannot be read: {reason_of(error)}.") from error


def last_name(kind: Kind) -> str:
    """The name of the last conversation. Raises ``SelectionError`` if there is none.

    At the prompt, questions on the command line count only where there is nothing else.
    """
    found = [name for _, name in _by_time()]
    chats = [name for name in found if _kind_of(name) != "question"] if kind == "chat" else []
    if not found:
        raise SelectionError("There is no conversation to go on with yet.")
    return (chats or found)[0]


def name_to_go_on(name: str, kind: Kind) -> str:
    """The name under which one goes on with a conversation; ``""`` if it is to be a new one.

    What the user saved stays as it is, and so does a question that is taken up at the prompt.
    """
    had = _kind_of(name)
    return name if had and (had == "chat" or kind == "question") else ""


def all_kept() -> list[Kept]:
    """All conversations, the last one first."""
    return [Kept(name, datetime.fromtimestamp(time), _read(name)) for time, name in _by_time()]


def resuming(name: str) -> str:
    """The option with which ``herdmate chat`` goes on with a saved conversation."""
    return f'--saved "{name}"' if " " in name else f"--saved {name}"


def names() -> list[str]:
    """The names of all conversations that were kept."""
    return sorted(name for _, name in _by_time())


def folder() -> Path:
    """Where they are."""
    return state_folder() / "chats"


def _new_names(kind: Kind) -> Iterator[str]:
    begun = f"{kind}-{datetime.now():%Y-%m-%d-%H%M%S}"
    yield begun
    yield from (f"{begun}-{number}" for number in count(2))


def _would_lose(conversation: Conversation, name: str) -> bool:
    """Has the file of that name anything that the conversation lacks, or can't it be read?"""
    if not os.path.lexists(_path(name)):
        return False
    ours = {_as_written(item) for item in (*conversation.earlier, *conversation.exchanges)}
    return (before := _read(name)) is None or not ours.issuperset(before.exchanges)


def _as_written(item: Exchange) -> Exchange:
    texts = (item.said, item.sent, item.answer)
    return Exchange(*(text.encode("utf-8", "replace").decode() for text in texts))


def _write(conversation: Conversation, name: str, write: Callable[[Path, bytes], None]) -> Path:
    """Write a conversation, and remove the oldest if there are too many of that kind.

    Raises ``SelectionError``, and ``FileExistsError`` if ``write`` does.
    """
    path = _path(name)
    data = json.dumps(to_json(conversation), ensure_ascii=False, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, data.encode("utf-8", "replace"))
    except OSError as error:
        if isinstance(error, FileExistsError) and os.path.lexists(path):
            raise
        raise SelectionError(f"{path} cannot be written: {reason_of(error)}.") from error
    if kind := _kind_of(name):
        _remove_oldest(kind, name)
    return path


def _create(path: Path, data: bytes) -> None:
    create_whole(path, data, PRIVATE)


def _by_time() -> list[tuple[float, str]]:
    return sorted(_times(), reverse=True)


def _times() -> Iterator[tuple[float, str]]:
    for path in folder().glob("*.json"):
        if _NAME.fullmatch(path.stem):
            with suppress(OSError):  # it has just gone
                yield path.stat().st_mtime, path.stem


def _read(name: str) -> Conversation | None:
    with suppress(SelectionError):
        return kept(name)
    return None


def _kind_of(name: str) -> str:
    """What kind of conversation has a name that we gave; ``""`` if it is the user's own."""
    found = _AUTOMATIC.fullmatch(name)
    return found["kind"] if found else ""


def _remove_oldest(kind: str, newest: str) -> None:
    """Remove all but the last few, whatever time the newest has: clocks are put back."""
    names = (name for _, name in _by_time() if _kind_of(name) == kind and name != newest)
    for name in [newest, *names][MOST:]:
        with suppress(OSError):
            _path(name).unlink()


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SelectionError(f"{name!r} cannot be a name; use letters, digits, dots and dashes.")
    return folder() / f"{name}.json"
