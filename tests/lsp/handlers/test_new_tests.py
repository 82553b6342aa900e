"""Tests are written inside of the workspace: looked at again right before the client is asked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from herdmate.actions.write_tests import NewFile
from herdmate.errors import RefusedError
from herdmate.lsp.handlers import new_tests


def _link(project: Path, outside: Path) -> None:
    (project / "tests").symlink_to(outside)


def _deep_link(project: Path, outside: Path) -> None:
    _link(project, outside)
    (outside / "unit").mkdir()


def _file(project: Path, _outside: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_a.py").write_text("mine")


def _dangling(project: Path, outside: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_a.py").symlink_to(outside / "none")


def _nothing(_project: Path, _outside: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [(_link, "folder outside"), (_deep_link, "folder outside"), (_file, "exists"),
     (_dangling, "exists"), (_nothing, "")],
)  # fmt: skip
async def test_what_is_planted_while_the_model_writes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Path, Path], None],
    words: str,
) -> None:
    project, outside, sent = tmp_path / "project", tmp_path / "outside", []
    project.mkdir()
    outside.mkdir()
    below = "tests/unit" if meanwhile is _deep_link else "tests"

    async def write(*_: object) -> NewFile:
        meanwhile(project, outside)
        return NewFile(project / below / "test_a.py", "def test(): pass\n")

    async def apply(_session: object, edit: Any, _title: str) -> None:
        sent.append(edit)

    async def selection(*_: object) -> None: ...

    @asynccontextmanager
    async def progress(*_: object) -> Any:
        yield lambda *_: None

    monkeypatch.setattr(new_tests, "write_tests", write)
    monkeypatch.setattr(new_tests, "apply", apply)
    monkeypatch.setattr(new_tests, "progress", progress)
    monkeypatch.setattr(new_tests, "selection_of", selection)
    monkeypatch.setattr(new_tests, "thinking", lambda *_: nullcontext())
    session: Any = SimpleNamespace(
        folders=(project,), action_context=None, capabilities=SimpleNamespace(show_document=False),
        model=SimpleNamespace(answers=None),
    )  # fmt: skip
    arguments = SimpleNamespace(uri=(project / "a.py").as_uri())
    request: Any = SimpleNamespace(arguments=arguments, action=SimpleNamespace(title="Write Tests"))
    with pytest.raises(RefusedError, match=words) if words else nullcontext():
        await new_tests.write_tests_beside(session, request)
    assert len(sent) == (not words)
