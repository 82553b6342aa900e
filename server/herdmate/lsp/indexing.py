"""Keeping the index of the workspace: read at the start, a file at a time, while nobody types."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from herdmate.assist.withheld import reason_to_withhold_file
from herdmate.context.files import is_secret, readable_files
from herdmate.context.ignored import is_ignored
from herdmate.context.index import is_indexed
from herdmate.context.related import Nearby
from herdmate.lsp.session import Session
from herdmate.text import path_of

_log = logging.getLogger(__name__)

_REST = 0.03
"""Seconds between two files, of which each takes some milliseconds of the event loop."""
_TYPING = 1.0
_MOST_EDITED = 10


async def index_workspace(session: Session) -> None:
    """Read what the files of the workspace define; files are looked for on another thread."""
    if not session.settings.completion.related or (root := _root(session)) is None:
        return
    neighbours = session.companion.neighbours
    neighbours.root = root
    files = readable_files(root)
    while batch := await asyncio.to_thread(_next, files, 100):
        for path in batch:
            await _until_nobody_types(session)
            if is_indexed(path) and neighbours.index.read(path):
                await asyncio.sleep(_REST)
    _log.info("the definitions of %d files are known", len(neighbours.index))


def after_opening(session: Session, uri: str) -> None:
    """A document was opened: is it one that git ignores?"""
    path = path_of(uri)
    reason = reason_to_withhold_file(path, _root(session)) if path is not None else None
    if reason is not None:
        session.companion.ignored[uri] = reason
    _tell_opened(session)


def after_change(session: Session, uri: str) -> None:
    """A document was edited."""
    now = asyncio.get_running_loop().time()
    session.companion.pace.note_key(now - session.typed_at)
    session.typed_at = now
    if session.edited[:1] != [uri]:
        session.edited = [uri, *(item for item in session.edited if item != uri)][:_MOST_EDITED]
        _tell_opened(session)


def after_saving(session: Session, uri: str) -> None:
    """A document was saved."""
    if (path := path_of(uri)) is not None:
        look_again(session, path)


def after_closing(session: Session, uri: str) -> None:
    """A document was closed."""
    session.companion.ignored.pop(uri, None)
    session.companion.neighbours.forget(uri)
    _tell_opened(session)


def look_again(session: Session, path: Path) -> None:
    """A file may have changed, come or gone."""
    root, index = session.companion.neighbours.root, session.companion.neighbours.index
    if root is None or root not in path.parents or not is_indexed(path):
        return
    if is_secret(path) or is_ignored(path, root) or not path.exists():
        index.forget(path)
    else:
        index.read(path)


async def watch_files(session: Session) -> None:
    """Ask a client that watches files to tell what other programs change."""
    if session.capabilities.watches_files:
        watched = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(glob_pattern="**/*")]
        )
        name = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration("herdmate-files", name, watched)
        try:
            await session.client_register_capability_async(types.RegistrationParams([registration]))
        except JsonRpcException as error:  # a client that cannot do what it announces
            _log.info("the client watches no files: %s", error)


async def _until_nobody_types(session: Session) -> None:
    while (since := asyncio.get_running_loop().time() - session.typed_at) < _TYPING:  # noqa: ASYNC110 - the next key sets it anew
        await asyncio.sleep(_TYPING - since)


def _next(files: Iterator[Path], count: int) -> list[Path]:
    return [path for path, _ in zip(files, range(count), strict=False)]


def _tell_opened(session: Session) -> None:
    opened = (path_of(uri) for uri in session.documents.uris())
    edited = (path_of(uri) for uri in session.edited)
    session.companion.neighbours.nearby = Nearby(
        frozenset(path for path in opened if path), frozenset(path for path in edited if path)
    )


def _root(session: Session) -> Path | None:
    folder = session.workspace.root_path
    return Path(folder) if folder else None
