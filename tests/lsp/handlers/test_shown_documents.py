"""What is shown in files does not stay there, and nobody else reads it."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types

from herdmate.engine.start import FakeStart
from herdmate.errors import HerdmateError
from herdmate.lsp.capabilities import Capabilities
from herdmate.lsp.handlers import shown_documents, usage_statistics
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    return tmp_path / "cache" / "shown"


def test_a_file_is_its_users_alone_and_gone_at_the_end(folder: Path) -> None:
    mask = os.umask(0)
    try:
        file = shown_documents._written("saw.md", "code")
    finally:
        os.umask(mask)
    assert file.read_text() == "code"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(at.stat().st_mode) for at in (folder, file.parent)} == {0o700}
    shown_documents.forget_shown()
    assert list(folder.iterdir()) == []


def test_what_a_crash_left_is_gone_at_the_next_start(folder: Path) -> None:
    """Also what older versions left; another server that still runs keeps its own."""
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                           capture_output=True, check=True, text=True)  # fmt: skip
    for name in (child.stdout.strip(), str(os.getppid()), "1"):
        (folder / name).mkdir(parents=True)
        (folder / name / "saw.md").touch()
    (folder / "what-the-model-saw-12345678.md").touch()
    (folder / "link").symlink_to(folder.parent)
    os.utime(folder / "1", (0, 0))  # from before it was started anew
    shown_documents.forget_left_behind()
    assert [item.name for item in folder.iterdir()] == [str(os.getppid())]
    assert folder.parent.is_dir()


def test_a_page_shown_right_after_the_start_stays_and_those_of_a_crash_do_not(
    folder: Path,
) -> None:
    """In a container, the server that crashed had the same process id."""
    old = shown_documents._written("old.md", "code")
    os.utime(old, (0, 0))
    new = shown_documents._written("new.md", "code")
    shown_documents.forget_left_behind()
    assert [page.name for page in new.parent.iterdir()] == ["new.md"]
    os.utime(new.parent, (0, 0))  # it is a crash's folder that the page was put into
    shown_documents.forget_left_behind()
    assert new.read_text() == "code"
    shown_documents.forget_shown()
    assert list(folder.iterdir()) == []


def test_pages_can_be_shown_where_something_took_the_place_of_their_folder(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.md").touch()
    folder.mkdir(parents=True)
    (folder / str(os.getpid())).symlink_to(tmp_path)
    os.utime(tmp_path / "mine.md", (0, 0))
    shown_documents.forget_left_behind()
    assert (tmp_path / "mine.md").exists()
    assert shown_documents._written("saw.md", "code").read_text() == "code"


@pytest.mark.parametrize("is_own", [False, True])
def test_a_folder_that_is_a_link_is_not_used(folder: Path, tmp_path: Path, is_own: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.md").touch()
    place = folder / str(os.getpid()) if is_own else folder
    place.parent.mkdir(parents=True)
    place.symlink_to(outside)
    with pytest.raises(HerdmateError, match=r"cannot be shown.*link"):
        shown_documents._written("saw.md", "code")
    shown_documents.forget_shown()
    assert [item.name for item in outside.iterdir()] == ["mine.md"]


def test_a_folder_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(parents=True)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(HerdmateError, match="another user"):
        shown_documents._written("saw.md", "code")


def test_a_file_where_the_folder_should_be(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.touch()
    with pytest.raises(HerdmateError, match="cannot be shown"):
        shown_documents._written("saw.md", "code")
    shown_documents.forget_shown()


async def test_what_is_shown_of_a_file_with_an_odd_name_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Editors split a URI at ``#`` and ``?``, and escape it in their own way."""
    told: list[str] = []

    async def tell(_session: Session, _method: str, params: types.ShowDocumentParams) -> None:
        told.append(params.uri)

    monkeypatch.setattr(shown_documents, "tell", tell)
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(shows_content=True)
    for name in ("a b", "a#b?c", "50%", "é"):
        await shown_documents.show_markdown(session, name, name)
        await asyncio.sleep(0)
        assert "#" not in told[-1]
        assert "?" not in told[-1]
        for uri in (told[-1], told[-1].replace("%20", " ").replace("%C3%A9", "é")):
            assert shown_documents.content(session, uri).text == name


async def test_what_was_asked_for_is_answered_though_the_editor_never_says_that_it_shows_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = asyncio.Event()

    async def tell(*_given: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(shown_documents, "tell", tell)
    session = Session(lambda *_: EngineChoice(FakeStart()))
    session.capabilities = Capabilities(shows_content=True, show_document=True)
    for show in (shown_documents.show_seen, usage_statistics.show):
        asked.clear()
        assert await asyncio.wait_for(show(session), 30) is None
        await asyncio.wait_for(asked.wait(), 30)
    await session.end()
