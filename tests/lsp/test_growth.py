"""Ghost text that grows while its document is closed or changed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lsprotocol import types

from herdmate.completion.in_flight import InFlight
from herdmate.completion.postprocess import Shown
from herdmate.lsp.handlers import growth
from herdmate.lsp.session import Session
from herdmate.text import Cursor, Document


class _Running:
    """A generation that has always one more line."""

    async def more(self, cursor: Cursor, than: str, at_end: bool = False) -> Shown:
        return Shown(than + "\nb")


@pytest.mark.parametrize(("becomes", "told"), [(1, len(growth.PAUSES)), (2, 0), (None, 0)])
async def test_nothing_is_kept_or_told_of_a_document_that_was_closed_or_changed(
    becomes: int | None, told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "PAUSES", (0,) * len(growth.PAUSES))
    monkeypatch.setattr("herdmate.lsp.handlers.read_ahead.after_showing", lambda *_: None)
    lines = SimpleNamespace(position=lambda offset: types.Position(0, offset))
    document = Document("file:///a.py", "python", "x", version=1)
    opened: Any = SimpleNamespace(document=document, lines=lines)
    now = becomes and SimpleNamespace(document=replace(document, version=becomes))
    said: list[object] = []
    session = SimpleNamespace(
        completion=SimpleNamespace(grown={}),
        documents=SimpleNamespace(find=lambda uri: now),
        protocol=SimpleNamespace(notify=lambda *given: said.append(given)),
    )
    running = cast(InFlight, _Running())
    place = growth.Place(opened, 1, Cursor(document, 1))
    await growth._watch(cast(Session, session), running, place, "a")
    assert (len(said), len(session.completion.grown)) == (told, bool(told))
