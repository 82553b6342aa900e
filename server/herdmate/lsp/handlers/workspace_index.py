"""Keeping the workspace's index, and knowing which files the model must not see.

The workspace is read at the start, and changed files later, one at a time while the user is not
typing.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types

from herdmate.context.files import (
    MOST_FILES,
    MOST_LEVELS,
    readable_files,
)
from herdmate.context.ignored import holds_rules, state_of_rules
from herdmate.context.index import is_indexed, read_heads, stamp_of_file
from herdmate.context.related import Nearby
from herdmate.context.unsaved import could_be_indexed
from herdmate.context.withheld import Withheld, WithheldReason, reason_to_withhold_file
from herdmate.lsp.client_requests import register
from herdmate.lsp.handlers import configuration
from herdmate.lsp.session import Session
from herdmate.text import folder_of, path_of

_log = logging.getLogger(__name__)

_REST = 0.03
"""Seconds between two files, each of which takes a few milliseconds of CPU time."""
_TYPING = 1.0

_AT_ONCE = 10
"""Documents checked before yielding to other work; each takes half a millisecond."""

_FILES_AT_ONCE = 50
"""File names checked before yielding to other work."""


async def index_workspace(session: Session) -> None:
    """Index what the workspace's files define; the search for files runs on another thread.

    Calling it again picks up the files that may be read by then and forgets all others. A newer
    call supersedes an older one.
    """
    if session.settings.completion.related and session.folders:
        await session.tasks.supersede("index", _index(session))


async def _index(session: Session) -> None:
    project, folders = session.project, session.folders
    session.index.rules = await asyncio.to_thread(
        lambda: {at: state_of_rules(at) for at in folders}
    )
    gone = set(project.index.paths())
    files = _files(folders)
    while batch := await asyncio.to_thread(_next, files, 100):
        gone.difference_update(batch)
        for path in batch:
            await until_nobody_types(session)
            if is_indexed(path) and await _read(session, path):
                await asyncio.sleep(_REST)
            await project.remember(path)
    for path in gone:
        project.index.forget(path)
    _log.info("indexed the definitions of %d files", len(project.index))


_NO_FILE = Path()


async def _read(session: Session, path: Path) -> bool:
    """Index a file off the event loop; return whether there was anything to do."""
    index, root = session.project.index, folder_of(path, session.folders)
    if root is None:
        return False
    if session.project.find_open(path) is not None:
        session.project.unread.add(path)
        await session.project.index_unsaved(_NO_FILE)
        return True
    stamp = await asyncio.to_thread(stamp_of_file, path)
    if stamp is None or not index.is_new(path, stamp):
        if stamp is None:
            index.forget(path)
        return False
    heads = await asyncio.to_thread(read_heads, path, root)
    if folder_of(path, session.folders) is None:
        return False  # the folder was closed in the meantime
    return index.take(path, stamp, heads)


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    """The files of all folders, each once, as folders may be nested."""
    seen: set[Path] = set()
    for path in islice(chain.from_iterable(map(readable_files, folders)), MOST_FILES):
        if path not in seen:
            seen.add(path)
            yield path


def after_changing_folders(session: Session) -> None:
    """Adapt to a change in the workspace's folders; what was in a closed one is dropped at once."""
    session.learn_folders()
    for path in session.project.index.paths():
        if folder_of(path, session.folders) is None:
            session.project.index.forget(path)
    configuration.drop_untrusted_prompts(session)
    session.spawn(configuration.load_prompts(session))
    session.index.rules = {}
    _look_at_all(session)


def after_opening(session: Session, *uris: str) -> None:
    """Check whether the model may see newly opened documents or notebook cells."""
    _look_at_rules(session, uris)
    _look_at_documents(session, uris)
    _note_unread(session, uris)
    _tell_opened(session)


def after_closing(session: Session, uri: str) -> None:
    """Index the file of a closed document, whose changes may not have been saved."""
    _note_changed(session, [uri])


def after_change(session: Session, *uris: str) -> None:
    """Note when documents were edited by one message, and which were edited last."""
    now = asyncio.get_running_loop().time()
    session.model.completion.host.latency.note_key(now - session.index.typed_at)
    session.index.typed_at = now
    _note_unread(session, uris)
    if session.index.edited[:1] == uris:
        return
    for uri in uris:
        session.index.note_edit(uri)
    _tell_opened(session)


def after_saving(session: Session, uris: Iterable[str]) -> None:
    """Handle files that were saved, or may have been changed, created or deleted otherwise.

    Their ignore rules apply at once; their definitions are read while the user is not typing.
    """
    saved = tuple(uris)
    if any(holds_rules(unquote(uri.rpartition("/")[2])) for uri in saved):
        _look_at_all(session)
    else:
        _look_at_rules(session, saved[:_AT_ONCE])
    _note_changed(session, saved[:_FILES_AT_ONCE])
    if later := saved[_FILES_AT_ONCE:]:
        session.spawn(_in_slices(later, _FILES_AT_ONCE, partial(_note_changed, session)))


def _note_unread(session: Session, uris: Iterable[str]) -> None:
    if session.settings.completion.related:
        session.project.unread.update(path for uri in uris if (path := path_of(uri)) is not None)


def _note_changed(session: Session, uris: Iterable[str]) -> None:
    paths = (path for uri in uris if (path := path_of(uri)) is not None)
    session.index.changed_files.update(path for path in paths if _could_be_indexed(session, path))
    if session.index.changed_files:
        work = partial(_look_at_changed, session)
        session.tasks.unless_running("changed files", lambda: session.spawn(work()))


async def _in_slices(uris: Sequence[str], size: int, look: Callable[[Sequence[str]], None]) -> None:
    for at in range(0, len(uris), size):
        await asyncio.sleep(0)
        look(uris[at : at + size])


async def _look_at_changed(session: Session) -> None:
    while session.index.changed_files:
        await until_nobody_types(session)
        path = session.index.changed_files.pop()
        await asyncio.sleep(_REST if await _look_again(session, path) else 0)


async def _look_again(session: Session, path: Path) -> bool:
    """Check a file that may have been changed, created or deleted; return whether it was read."""
    index, root = session.project.index, folder_of(path, session.folders)
    if root is None or not _could_be_indexed(session, path):
        return False
    if await asyncio.to_thread(_must_not_be_read, path, root, session.folders):
        index.forget(path)
        return False
    if (path not in index and len(index) >= MOST_FILES) or not await _read(session, path):
        return False
    # The rules may have changed in the meantime.
    if await asyncio.to_thread(_must_not_be_read, path, root, session.folders):
        index.forget(path)
    return True


def _must_not_be_read(path: Path, root: Path, folders: tuple[Path, ...]) -> bool:
    return _is_by_link(path, root) or reason_to_withhold_file(path, folders) is not None


def _could_be_indexed(session: Session, path: Path) -> bool:
    """Could the index take this file, judging by its name and place alone?"""
    is_wanted = session.settings.completion.related and len(path.parts) <= MOST_LEVELS
    return is_wanted and could_be_indexed(path, session.folders)


def _is_by_link(path: Path, root: Path) -> bool:
    """Is a file below ``root``, or a folder on the way to it, a link?"""
    return Path(os.path.realpath(path)) != Path(os.path.realpath(root), path.relative_to(root))


def _look_at_rules(session: Session, uris: Iterable[str]) -> None:
    """Check all documents if the ignore rules of these files' workspace folders have changed."""
    paths = map(path_of, {uri.partition("#")[0] for uri in uris})
    folders = {folder_of(path, session.folders) for path in set(paths) if path is not None}
    now = {folder: state_of_rules(folder) for folder in folders if folder is not None}
    before = session.index.rules
    session.index.rules = before | now
    if any(before.get(folder, state) != state for folder, state in now.items()):
        _look_at_all(session)


def _look_at_all(session: Session) -> None:
    """Apply changed ignore rules at once; the index follows while the user is not typing.

    If many documents are open, those in use by the model are checked now. The others are withheld
    until they have been checked.
    """
    session.project.choose_anew()
    at_work = {*session.completion.reading_ahead, *session.completion.running()}
    urgent = {*at_work, *session.index.edited}
    uris = sorted(session.documents.uris(), key=lambda uri: uri not in urgent)
    now, later = uris[:_AT_ONCE], uris[_AT_ONCE:]
    _look_at_documents(session, now)
    for uri in later:
        _withhold(session, uri, _BEING_CHECKED)
    if later:
        session.spawn(_in_slices(later, _AT_ONCE, partial(_look_at_open, session)))
    session.spawn(index_workspace(session))


_BEING_CHECKED = Withheld(WithheldReason.BEING_CHECKED)


def _look_at_open(session: Session, uris: Iterable[str]) -> None:
    """Check those documents that are still open."""
    _look_at_documents(session, [uri for uri in uris if uri in session.documents])


def _look_at_documents(session: Session, uris: Iterable[str]) -> None:
    """Withhold the documents that the model must not see; a notebook's cells share one file."""
    reasons: dict[str, Withheld | None] = {}
    for uri in uris:
        file = uri.partition("#")[0]
        if file not in reasons:
            path = path_of(file)
            folders = session.folders
            reasons[file] = None if path is None else reason_to_withhold_file(path, folders)
        _withhold(session, uri, reasons[file])


def _withhold(session: Session, uri: str, reason: Withheld | None) -> None:
    """Withhold a document for a reason and stop the model's work on it; ``None`` releases it."""
    if reason is None:
        session.project.withheld.pop(uri, None)
        return
    session.project.withheld[uri] = reason
    session.completion.stop(uri)


async def watch_files(session: Session) -> None:
    """Register for changes by other programs with a client that watches files."""
    if session.capabilities.watches_files:
        watched = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(glob_pattern="**/*")]
        )
        name = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        await register(session, types.Registration("herdmate-files", name, watched))


async def until_nobody_types(session: Session) -> None:
    """Wait until no key was typed for a while."""
    while (since := asyncio.get_running_loop().time() - session.index.typed_at) < _TYPING:  # noqa: ASYNC110 - each keystroke resets it
        await asyncio.sleep(_TYPING - since)


def _next(files: Iterator[Path], count: int) -> list[Path]:
    return [path for path, _ in zip(files, range(count), strict=False)]


def _tell_opened(session: Session) -> None:
    session.project.look_again(partial(_nearby, session))


def _nearby(session: Session) -> Nearby:
    opened = (path_of(uri) for uri in session.documents.uris())
    edited = (path_of(uri) for uri in session.index.edited)
    return Nearby(
        frozenset(path for path in opened if path), frozenset(path for path in edited if path)
    )
