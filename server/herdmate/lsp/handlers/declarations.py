"""Asking the client where imported names are defined that the index does not know.

Nothing happens while the user types: documents are looked at in pauses, in which the model reads
ahead, and when they are saved.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from lsprotocol import types

from herdmate.context.declarations import (
    Declared,
    DeclaringFile,
    Known,
    declared_at,
    read_declaring,
    within_bounds,
)
from herdmate.context.import_block import ImportBlock, import_block
from herdmate.context.index import kin_at
from herdmate.context.withheld import reason_to_withhold
from herdmate.lsp import protocol
from herdmate.lsp.client_requests import ask
from herdmate.lsp.handlers.workspace_index import until_nobody_types
from herdmate.lsp.open_document import OpenDocument
from herdmate.lsp.ranges import position_from_json, range_from_json
from herdmate.lsp.session import Session, declarations_key
from herdmate.text import path_of
from herdmate.threads import computed

_log = logging.getLogger(__name__)

_PAUSES = (0.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each time of asking, until something is found: other servers may be starting."""

_ANSWER_SECONDS = 10.0
_MOST_NAMES = 20
_MOST_PLACES = 2
"""Of one name: a type and a value can share it, and functions can be overloaded."""

_Place = tuple[str, Path, int]
"""A name, and the file and row in which it is said to be defined."""


def look(session: Session, uri: str, then: Callable[[], None] | None = None) -> None:
    """Look for the definitions behind a document's imports, unless that is known or under way.

    ``then`` is called once others are found, if the document is still the same; a later call
    replaces it.
    """
    if _to_look_at(session, uri) is None:
        return
    if then is not None:
        session.project.declarations.then[uri] = then
    work = partial(_look_until_found, session, uri)
    session.tasks.unless_running(declarations_key(uri), lambda: session.spawn(work(), quiet=True))


def _to_look_at(session: Session, uri: str) -> OpenDocument | None:
    """The document, if the client may be asked about it."""
    settings = session.settings.completion
    if not session.capabilities.declarations or not settings.enabled or not settings.related:
        return None
    opened = session.documents.find(uri) if uri.startswith("file:") else None
    if opened is None or reason_to_withhold(opened.document, session.project.withheld):
        return None
    return opened


async def _look_until_found(session: Session, uri: str) -> None:
    declarations = session.project.declarations
    known = declarations.known
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        await until_nobody_types(session)
        if (opened := _to_look_at(session, uri)) is None:
            return
        document, before = opened.document, known.get(uri)
        block = await computed(import_block, document.text, document.language)
        if before is not None and before.block == block.text:
            return
        found = await _find(session, opened, block)
        if found is None or (not found and block.names and pause != _PAUSES[-1]):
            continue
        if (now := session.documents.find(uri)) is None:
            return  # closed in the meantime
        known[uri] = Known(block.text, found)
        _log.info("found %d definitions behind imports", len(found))
        is_new = found != (before.declared if before is not None else ())
        then = declarations.then.pop(uri, None)
        if then is not None and is_new and now.document.version == document.version:
            then()
        return


async def _find(
    session: Session, opened: OpenDocument, block: ImportBlock
) -> tuple[Declared, ...] | None:
    """The definitions behind imports that the index does not know; ``None`` without an answer."""
    if (path := path_of(opened.document.uri)) is None:
        return ()
    kin = kin_at(path, opened.document.language)
    names = _unknown(session, block, path, kin)
    places = await _ask(session, opened, names) if names else ()
    return await _read(session, places, kin) if places is not None else None


def _unknown(
    session: Session, block: ImportBlock, path: Path, kin: str
) -> tuple[tuple[str, int], ...]:
    """The first imported names that no indexed file but this one defines."""
    named = session.project.index.named
    others = ((name, at) for name, at in block.names if not named(name, kin).keys() - {path})
    return tuple(islice(others, _MOST_NAMES))


async def _ask(
    session: Session, opened: OpenDocument, names: Sequence[tuple[str, int]]
) -> tuple[_Place, ...] | None:
    """Where names are defined, in their order; ``None`` if the client does not say."""
    document = opened.document
    asked = {_key(opened.lines.position(at)): name for name, at in names}
    positions = [{"line": line, "character": character} for line, character in asked]
    params = protocol.DeclarationsParams(document.uri, document.version, positions)
    nothing: tuple[_Place, ...] | None = None
    return await ask(
        session, protocol.DECLARATIONS, asdict(params), partial(_places, asked), nothing,
        _ANSWER_SECONDS, cancels=True,
    )  # fmt: skip


def _places(asked: dict[tuple[int, int], str], answer: Any) -> tuple[_Place, ...] | None:
    """The places in an answer, in the order of the names; raises if it is no list or null."""
    if answer is None:
        return None
    if not isinstance(answer, list):
        raise TypeError("not a list")
    found: dict[tuple[int, int], list[tuple[Path, int]]] = {key: [] for key in asked}
    for item in answer[: _MOST_NAMES * _MOST_PLACES]:
        try:
            places = found[_key(position_from_json(item["position"]))]
            uri, row = item["uri"], range_from_json(item["range"]).start.line
            path = path_of(uri) if uri[:5].lower() == "file:" else None
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        if path is not None and len(places) < _MOST_PLACES:
            places.append((path, row))
    return tuple((asked[key], *place) for key, places in found.items() for place in places)


async def _read(session: Session, places: Sequence[_Place], kin: str) -> tuple[Declared, ...]:
    """The definitions at places outside the index that the model may see."""
    project = session.project
    files: dict[Path, DeclaringFile | None] = {}
    found = []
    for name, path, row in places:
        if path not in files and path not in project.index:
            work = partial(read_declaring, path, kin, project.folders)
            try:
                files[path] = await project.declarations.checks.run(work)
            except OSError:
                files[path] = None  # the disk hangs
        if (file := files.get(path)) is not None:
            found.append(await computed(declared_at, file, row, name))
    return within_bounds(item for item in found if item is not None)


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
