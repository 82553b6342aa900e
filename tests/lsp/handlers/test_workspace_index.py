"""What is known of the workspace's files when they change, and what the model may not see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from lsprotocol import types
from pygls.workspace import Workspace

from herdmate.completion.in_flight import InFlight
from herdmate.context.withheld import Withheld, WithheldReason
from herdmate.engine.start import FakeStart
from herdmate.lsp.handlers import recent_places, workspace_index
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice
from herdmate.settings import CompletionSettings, Settings
from herdmate.text import Document, path_of

CODE = "def area(width):\n    return 1\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, whose files are read without rests."""
    monkeypatch.setattr(workspace_index, "_REST", 0.0)
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.fixture
async def session(root: Path) -> Session:
    found = Session(lambda *_: EngineChoice(FakeStart()))
    found.project.folders = (root,)
    found.index.typed_at = -10.0
    _write(root, "first.py")
    await workspace_index.index_workspace(found)
    assert _known(found, root) == {"first.py"}
    return found


def _write(root: Path, *names: str) -> list[str]:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(CODE, "utf-8")
    return [(root / name).as_uri() for name in names]


def _known(session: Session, root: Path) -> set[str]:
    paths = session.project.index.paths()
    return {path.relative_to(root).as_posix() for path in paths}


async def _settled(session: Session) -> None:
    """Wait until nothing is left to do."""
    while session.tasks.running:
        await asyncio.wait(session.tasks.running)


async def test_files_that_change_together_are_read_one_at_a_time_while_nobody_types(
    session: Session, root: Path
) -> None:
    loop, turns = asyncio.get_running_loop(), 0

    def take_turn() -> None:
        nonlocal turns
        turns += 1
        if session.index.changed_files:
            loop.call_soon(take_turn)

    session.index.typed_at = loop.time() - 0.95
    workspace_index.after_saving(session, _write(root, *(f"new{at}.py" for at in range(50))))
    assert len(session.index.changed_files) == 50
    assert _known(session, root) == {"first.py"}
    loop.call_soon(take_turn)
    await _settled(session)
    assert len(_known(session, root)) == 51
    assert turns >= 49  # others have their turn between any two files


async def test_only_what_would_be_looked_for_is_read(
    session: Session, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = ("node_modules/a.js", ".venv/lib/b.py", "sub/dist/c.py", "d.txt", "secret.toml")
    (root / ".gitignore").write_text("ignored/\n", "utf-8")
    await workspace_index.index_workspace(session)
    workspace_index.after_saving(session, _write(root, *left_out, "ignored/e.py", "sub/f.py"))
    await _settled(session)
    assert _known(session, root) == {"first.py", "sub/f.py"}
    monkeypatch.setattr(workspace_index, "MOST_FILES", 2)
    workspace_index.after_saving(session, _write(root, "g.py"))
    (root / "sub" / "f.py").write_text("def other(): ...\n", "utf-8")
    workspace_index.after_saving(session, [(root / "sub" / "f.py").as_uri()])
    await _settled(session)
    assert session.project.index.named("other", "python")
    assert _known(session, root) == {"first.py", "sub/f.py"}


async def test_nothing_is_read_where_related_code_is_switched_off(
    session: Session, root: Path
) -> None:
    session.configuration.settings = Settings(completion=CompletionSettings(related=False))
    workspace_index.after_saving(session, _write(root, "new.py"))
    assert not session.index.changed_files


@pytest.mark.parametrize("left", [True, False])
async def test_a_closed_folder_is_forgotten_before_any_disk_is_read(
    session: Session, root: Path, tmp_path_factory: pytest.TempPathFactory, left: bool
) -> None:
    """Even if no folder is left to index; what is being read of a closed one comes too late."""
    other = tmp_path_factory.mktemp("other")
    _write(other, "second.py", "sub/third.py")
    session.project.folders = (root, other)
    await workspace_index.index_workspace(session)
    assert len(session.project.index) == 3
    reading = workspace_index._read(session, other / "second.py")
    (other / "second.py").write_text("def later(): ...\n", "utf-8")
    late = asyncio.ensure_future(reading)
    await asyncio.sleep(0)
    folders = [types.WorkspaceFolder(root.as_uri(), "root")] if left else []
    session.protocol._workspace = Workspace(None, workspace_folders=folders)
    workspace_index.after_changing_folders(session)
    assert session.project.index.paths() == ({root / "first.py"} if left else set())
    assert not await late
    await _settled(session)
    assert session.project.index.paths() == ({root / "first.py"} if left else set())


async def test_links_are_not_followed(session: Session, root: Path) -> None:
    (root / ".gitignore").write_text("private/\n", "utf-8")
    _write(root, "private/a.py", "plain/b.py")
    for name, target in {"c.py": "private/a.py", "d": "plain", "e": "private"}.items():
        (root / name).symlink_to(root / target)
    uris = [(root / name).as_uri() for name in ("c.py", "d/b.py", "e/a.py", "plain/b.py")]
    workspace_index.after_saving(session, uris)
    await _settled(session)
    assert _known(session, root) == {"first.py", "plain/b.py"}


async def test_a_rule_that_comes_or_goes_holds_at_once(session: Session, root: Path) -> None:
    uri = _write(root, "private.py")[0]
    session.documents.start(Document(uri, "python", CODE))
    workspace_index.after_opening(session, uri)
    workspace_index.after_saving(session, [uri])
    await _settled(session)
    assert _known(session, root) == {"first.py", "private.py"}
    assert not session.project.withheld
    (root / ".gitignore").write_text("private.py\n", "utf-8")
    workspace_index.after_saving(session, [(root / ".gitignore").as_uri()])
    assert "git ignores" in str(session.project.withheld[uri])
    await _settled(session)
    assert _known(session, root) == {"first.py"}
    (root / ".gitignore").unlink()
    workspace_index.after_saving(session, [(root / ".gitignore").as_uri()])
    assert not session.project.withheld
    await _settled(session)
    assert _known(session, root) == {"first.py", "private.py"}


async def test_rules_outside_of_the_workspace_are_looked_at_when_anything_is_saved_or_opened(
    session: Session, root: Path
) -> None:
    uri = _write(root, "private.py")[0]
    session.documents.start(Document(uri, "python", CODE))
    workspace_index.after_opening(session, uri)
    (root / ".git" / "info").mkdir()
    (root / ".git" / "info" / "exclude").write_text("private.py\n", "utf-8")
    workspace_index.after_saving(session, [(root / "first.py").as_uri()])
    assert uri in session.project.withheld
    (root / ".git" / "info" / "exclude").write_text("first.py\n", "utf-8")
    workspace_index.after_opening(session, (root / "first.py").as_uri())
    assert list(session.project.withheld) == [(root / "first.py").as_uri()]
    await _settled(session)
    assert _known(session, root) == {"private.py"}


async def test_all_folders_of_a_workspace_are_known_with_their_own_rules(
    session: Session, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    _write(other, "seen.py", "private.py", "inner/deep.py")
    (other / ".gitignore").write_text("private.py\n", "utf-8")
    _name_folders(session, root, other, other / "inner")
    workspace_index.after_changing_folders(session)
    await _settled(session)
    index, withheld = session.project.index, (other / "private.py").as_uri()
    assert index.paths() == {root / "first.py", other / "seen.py", other / "inner" / "deep.py"}
    workspace_index.after_opening(session, withheld)
    assert "git ignores" in str(session.project.withheld[withheld])
    workspace_index.after_saving(session, _write(other, "new.py"))
    await _settled(session)
    assert other / "new.py" in index
    _name_folders(session, other)
    workspace_index.after_changing_folders(session)
    await _settled(session)
    assert root / "first.py" not in index


async def test_of_many_open_documents_none_is_seen_whose_rules_have_changed(
    session: Session, root: Path
) -> None:
    """They are looked at in slices; until then what is not known is withheld."""
    uris = _write(root, *(f"many/{at}.py" for at in range(70)))
    for uri in uris:
        session.documents.start(Document(uri, "python", CODE))
    workspace_index.after_opening(session, *uris)
    assert not session.project.withheld
    (root / ".gitignore").write_text("many/6*.py\n", "utf-8")
    workspace_index.after_saving(session, [(root / ".gitignore").as_uri()])
    withheld = {uri for uri in uris if "/many/6" in uri}
    assert withheld <= session.project.withheld.keys()
    await _settled(session)
    assert session.project.withheld.keys() == withheld
    assert all("git ignores" in str(reason) for reason in session.project.withheld.values())


async def test_thousands_of_files_that_change_at_once_are_noted_in_slices(
    session: Session, root: Path
) -> None:
    uris = [(root / f"new{at}.py").as_uri() for at in range(1_000)]
    workspace_index.after_saving(session, uris)
    assert len(session.index.changed_files) < len(uris)
    session.index.typed_at = asyncio.get_running_loop().time() + 1e6  # nothing is read meanwhile
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(session.index.changed_files) == len(uris)
    for task in session.tasks.running:
        task.cancel()


async def test_generations_that_ended_do_not_count_among_many_open_documents(
    session: Session, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were looked at first; and what the model still did for the others went on."""
    uris = _write(root, *(f"{at:02}.py" for at in range(30)))
    for uri in uris:
        session.documents.start(Document(uri, "python", CODE))
    stopped: list[str] = []
    for uri in uris[10:]:
        session.completion.in_flight[uri] = cast(InFlight, _Generation(uri, stopped))
    running = uris[28:]
    for uri in running:
        cast(_Generation, session.completion.in_flight[uri]).is_done = False
    monkeypatch.setattr(workspace_index, "_AT_ONCE", 1)
    (root / ".gitignore").write_text("nothing\n", "utf-8")
    workspace_index.after_saving(session, [(root / ".gitignore").as_uri()])
    assert running[0] not in session.project.withheld
    assert running[1] in stopped
    await _settled(session)
    assert not session.project.withheld


class _Generation:
    def __init__(self, uri: str, stopped: list[str]) -> None:
        self.uri, self.stopped, self.is_done = uri, stopped, True

    def stop(self) -> None:
        self.stopped.append(self.uri)


async def test_files_that_change_deep_in_folders_are_left_out_by_their_names(
    session: Session, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3,000 events about files in 1,000 folders each held the event loop for six seconds."""
    looked: list[int] = []

    class Counted(type(Path())):  # type: ignore[misc]
        def __hash__(self) -> int:
            looked.append(len(self.parts))
            return hash(str(self))

    monkeypatch.setattr(workspace_index, "path_of", lambda uri: Counted(path_of(uri)))
    uris = [f"{root.as_uri()}/{'d/' * 1_000}{at}.py" for at in range(20)]
    workspace_index.after_saving(session, uris)
    assert not session.index.changed_files
    assert len(looked) <= 4 * len(uris) * len(root.parts)


async def test_a_changed_file_is_looked_at_on_another_thread(
    session: Session, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that does not answer holds nobody but the index."""
    here, threads = threading.current_thread(), set[threading.Thread]()

    def noted(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any) -> Any:
            threads.add(threading.current_thread())
            return work(*given)

        return run

    for name in ("reason_to_withhold_file", "_is_by_link", "stamp_of_file", "read_heads"):
        monkeypatch.setattr(workspace_index, name, noted(getattr(workspace_index, name)))
    workspace_index.after_saving(session, _write(root, "new.py"))
    await _settled(session)
    assert "new.py" in _known(session, root)
    assert threads
    assert here not in threads


def _name_folders(session: Session, *folders: Path) -> None:
    """As pygls keeps what the client said."""
    named = [types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders]
    session.protocol._workspace = Workspace(folders[0].as_uri(), workspace_folders=named)


async def test_unsaved_text_is_indexed_and_what_was_discarded_read_again(
    session: Session, root: Path
) -> None:
    path = root / "first.py"
    uri = path.as_uri()
    session.documents.open(types.TextDocumentItem(uri, "python", 1, CODE))
    workspace_index.after_opening(session, uri)
    session.documents.change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, uri),
            [types.TextDocumentContentChangeWholeDocument("def volume(width):\n    return 1\n")],
        )
    )
    workspace_index.after_change(session, uri)
    await session.project.index_unsaved(root / "second.py")
    assert [head.name for head in session.project.index.of_file(path)] == ["volume"]
    session.index.typed_at = -10.0
    workspace_index.after_saving(session, [uri])  # another program wrote it
    await _settled(session)
    assert [head.name for head in session.project.index.of_file(path)] == ["volume"]
    session.documents.close(uri)
    workspace_index.after_closing(session, uri)
    await _settled(session)
    assert [head.name for head in session.project.index.of_file(path)] == ["area"]


async def test_where_one_edits_and_what_one_cuts_is_noted(session: Session, root: Path) -> None:
    path, uri = root / "first.py", (root / "first.py").as_uri()
    session.documents.open(types.TextDocumentItem(uri, "python", 1, CODE * 3))

    def change(first: int, last: int, text: str) -> None:
        span = types.Range(types.Position(first, 0), types.Position(last, 0))
        params = types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, uri),
            [types.TextDocumentContentChangePartial(range=span, text=text)],
        )
        recent_places.before_change(session, params)
        session.documents.change(params)

    change(4, 4, "x = 1\n")
    change(0, 2, "")
    assert session.project.recent.rows == {path: (0,)}
    assert [cut.code() for cut in session.project.recent.cuts] == [CODE]
    session.project.withheld[uri] = Withheld(WithheldReason.IGNORED_BY_GIT)
    change(0, 2, "")
    assert len(session.project.recent.cuts) == 1
    session.documents.close(uri)
    assert session.project.recent.rows == {}
    assert not session.project.recent.cuts
