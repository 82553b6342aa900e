"""The text of open documents counts, not what is on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.context import project as project_module
from herdmate.context.project import Project
from herdmate.context.unsaved import Unread, is_of_text, read_unsaved, stamp_of_text
from herdmate.text import Document
from tests.context.test_project import COUNTS, _here

SAVED = "def area(width): return 1\n"
TYPED = "def area(width, height): return width * height\n"


class _Editor:
    """A workspace, and what is open in the editor."""

    def __init__(self, root: Path) -> None:
        self.open: dict[Path, str] = {}
        self.project = Project(folders=(root,), find_open=self._find)

    def _find(self, path: Path) -> Document | None:
        text = self.open.get(path)
        return None if text is None else Document(path.as_uri(), "python", text)

    def type(self, path: Path, text: str) -> None:
        self.open[path] = text
        self.project.unread.add(path)

    def close(self, path: Path) -> None:
        del self.open[path]
        self.project.forget(path.as_uri())

    async def seen(self, root: Path) -> str:
        found = await self.project.excerpts_for(_here(root), 500, COUNTS, False)
        return "".join(item.code for item in found)


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text(SAVED, "utf-8")
    return tmp_path / "shapes.py"


@pytest.fixture
def editor(tmp_path: Path, shapes: Path) -> _Editor:
    found = _Editor(tmp_path)
    found.project.index.read(shapes)
    return found


async def test_what_is_typed_elsewhere_is_seen_before_it_is_saved(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    assert await editor.seen(tmp_path) == SAVED
    editor.type(shapes, TYPED)
    assert await editor.seen(tmp_path) == TYPED
    editor.type(shapes, "")
    assert await editor.seen(tmp_path) == ""


async def test_fragments_come_from_unsaved_text(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    editor.type(shapes, "shade = area = 1\nprint(shade(area))\n")
    assert "print(shade(area))" in await editor.seen(tmp_path)


async def test_a_file_that_is_not_on_the_disk_yet_is_seen(editor: _Editor, tmp_path: Path) -> None:
    editor.type(tmp_path / "new.py", "def shade(colour): return colour\n")
    assert "def shade(colour)" in await editor.seen(tmp_path)


async def test_changes_that_were_discarded_are_gone_at_once(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    editor.type(shapes, TYPED)
    assert await editor.seen(tmp_path) == TYPED
    editor.close(shapes)
    assert await editor.seen(tmp_path) == ""


async def test_a_document_that_is_as_on_the_disk_is_not_parsed_again(
    editor: _Editor, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herdmate.context.unsaved.heads_in", lambda *_: pytest.fail("parsed"))
    editor.type(shapes, SAVED)
    assert await editor.seen(tmp_path) == SAVED
    editor.close(shapes)
    assert await editor.seen(tmp_path) == SAVED


@pytest.mark.parametrize("name", [".env.py", "ignored.py", "node_modules/some.py"])
async def test_documents_that_the_model_must_not_see_are_not_indexed(
    editor: _Editor, tmp_path: Path, name: str
) -> None:
    (tmp_path / ".gitignore").write_text("ignored.py\n", "utf-8")
    editor.type(tmp_path / name, "def shade(colour): return colour\n")
    assert await editor.seen(tmp_path) == SAVED
    assert tmp_path / name not in editor.project.index


async def test_secrets_typed_into_another_document_are_not_seen(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    editor.type(shapes, SAVED + "key = 'AKIAIOSFODNN7EXAMPLF'\nprint(shade(area), key)\n")
    seen = await editor.seen(tmp_path)
    assert "print(shade(area)" in seen
    assert "AKIA" not in seen


async def test_very_large_documents_are_left_out(
    editor: _Editor, shapes: Path, tmp_path: Path
) -> None:
    editor.type(shapes, TYPED + "# more\n" * 20_000)
    assert await editor.seen(tmp_path) == ""


async def test_a_disk_that_hangs_leaves_what_was_indexed(
    editor: _Editor, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(project_module, "read_unsaved", late)
    editor.type(shapes, TYPED)
    await editor.project.index_unsaved(tmp_path / "main.py")
    assert [head.text for head in editor.project.index.of_file(shapes)] == [
        "def area(width): ...\n"
    ]


def test_a_text_has_another_stamp_than_any_file(shapes: Path, tmp_path: Path) -> None:
    typed = {shapes: Unread(TYPED, None)}
    stamp, heads = read_unsaved(typed, (tmp_path,))[shapes]
    assert stamp == stamp_of_text(TYPED)
    assert is_of_text(stamp)
    assert heads is not None
    assert read_unsaved({shapes: Unread(TYPED, stamp)}, (tmp_path,)) == {}
