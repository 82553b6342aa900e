"""What Herdmate shows in the editor: Markdown documents, and questions to the user."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from lsprotocol import types

from herdmate.atomic_write import create_whole
from herdmate.errors import HerdmateError
from herdmate.lsp.client_requests import ask, register, tell
from herdmate.lsp.session import Session
from herdmate.lsp.uri_spelling import plain_uri
from herdmate.lsp.wrapped import wrapped
from herdmate.printable import as_message
from herdmate.usage.prompt_report import prompt_report
from herdmate.user_folders import cache_folder

_FOLDER = "shown"
_OF_A_SERVER = re.compile(r"[0-9]{1,10}")
_KEPT_SECONDS = 24 * 3600  # if the process id may have been reused
_SCHEME = "herdmate"


async def offer_content(session: Session) -> None:
    """Have the client ask for our own documents, which are not files, if it supports that."""
    if session.capabilities.shows_content:
        name = types.WORKSPACE_TEXT_DOCUMENT_CONTENT
        options = types.TextDocumentContentOptions([_SCHEME])
        await register(session, types.Registration("content", name, options))


def content(session: Session, uri: str) -> types.TextDocumentContentResult:
    """The text of one of our own documents."""
    gone = "This page is no longer available.\n"
    return types.TextDocumentContentResult(session.shown.texts.get(plain_uri(uri), gone))


async def show_markdown(session: Session, name: str, text: str) -> None:
    """Have the client show a text under a new name, as editors do not reload what they show.

    Raises ``HerdmateError`` if this needs a file and none can be written.
    """
    name = f"{name}-{uuid.uuid4().hex[:8]}.md"
    text = text if session.capabilities.wraps else wrapped(text)
    if session.capabilities.shows_content:
        uri = f"{_SCHEME}:/{quote(name)}"
        session.shown.put(plain_uri(uri), text)
    else:
        uri = _written(name, text).as_uri()
    await show_document(session, uri)


async def show_document(session: Session, uri: str) -> None:
    """Have the client show a document and move the focus to it; this does not wait until it has."""
    params = types.ShowDocumentParams(uri, external=False, take_focus=True)
    session.tasks.keep(tell(session, types.WINDOW_SHOW_DOCUMENT, params))


def forget_shown() -> None:
    """Remove the files that this server has shown, and those left behind by servers that crashed.

    Call this at the end: what the model saw is the user's code.
    """
    forget_left_behind()
    _remove_all(_kept(), lambda item: item.name == str(os.getpid()))


def forget_left_behind() -> None:
    """Remove the files left behind by servers that crashed; call this at the start.

    One of them may have had the process id of this server, which may be showing its first page.
    """
    kept = _kept()
    _remove_all(kept, _is_left)
    for own in (item for item in kept if item.name == str(os.getpid())):
        if _is_folder(own):
            _remove_all(_items(own), lambda page: _is_older_than(os.getpid(), page))


def _written(name: str, text: str) -> Path:
    """Write a file that only the user can read, in this server's own folder; return its path.

    Raises ``HerdmateError`` if there can be no such folder.
    """
    folder = _folder()
    own = folder / str(os.getpid())
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for place in (folder, own):
            place.mkdir(mode=0o700, exist_ok=True)
            _check_ours(place)
        create_whole(own / name, text.encode(), mode=0o600)
    except OSError as error:
        raise HerdmateError(
            f"It cannot be shown because {folder} is not writable ({error.strerror or error}); "
            "make it a folder that you own."
        ) from error
    return own / name


def _folder() -> Path:
    return cache_folder() / _FOLDER


def _check_ours(folder: Path) -> None:
    """Raise ``OSError`` for a link or another user's folder; make our own private."""
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(None, "it is a link")
    if hasattr(os, "geteuid"):
        if found.st_uid != os.geteuid():
            raise OSError(None, "it belongs to another user")
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)


def _is_left(item: Path) -> bool:
    """Was it left behind by a server that no longer runs?"""
    if not _OF_A_SERVER.fullmatch(item.name):
        return True
    if item.name == str(os.getpid()):
        return not _is_folder(item)
    is_old = item.lstat().st_mtime < time.time() - _KEPT_SECONDS
    return is_old or _is_older_than(int(item.name), item)


def _is_older_than(process_id: int, item: Path) -> bool:
    """Was an item made before a process began, or is there no such process?"""
    try:
        return psutil.Process(process_id).create_time() > item.lstat().st_mtime + 1
    except (psutil.Error, OverflowError):
        return True


def _kept() -> list[Path]:
    """What is in the folder of all servers, unless it is a link and thus not ours."""
    return [] if _folder().is_symlink() else _items(_folder())


def _items(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _remove_all(items: Iterable[Path], is_meant: Callable[[Path], bool]) -> None:
    for item in items:
        with suppress(OSError):
            if is_meant(item):
                _remove(item)


def _remove(item: Path) -> None:
    if _is_folder(item):
        shutil.rmtree(item, ignore_errors=True)
    else:
        item.unlink(missing_ok=True)


def _is_folder(item: Path) -> bool:
    return item.is_dir() and not item.is_symlink()


async def agrees(session: Session, question: str, yes: str, no: str = "Not now") -> bool:
    """Ask the user, with a button for yes and one for no; only for clients that support that."""
    return await pressed(session, question, (yes, no)) == yes


async def pressed(
    session: Session, message: str, labels: Sequence[str],
    kind: types.MessageType = types.MessageType.Info,
) -> str:  # fmt: skip
    """Show a message with buttons; the label of the one that the user presses, or empty."""
    actions = [types.MessageActionItem(label) for label in labels]
    params = types.ShowMessageRequestParams(kind, as_message(message), actions)

    def label_of(answer: Any) -> str:
        return str(answer["title"]) if isinstance(answer, dict) else ""

    method = types.WINDOW_SHOW_MESSAGE_REQUEST
    return await ask(session, method, params, label_of, otherwise="", seconds=None)


async def show_seen(session: Session) -> str | None:
    """Show the last request to the model; return the text only if the client cannot show it."""
    text = prompt_report(session.model.last_request)
    if not session.capabilities.show_document:
        return text
    await show_markdown(session, "what-the-model-saw", text)
    return None
