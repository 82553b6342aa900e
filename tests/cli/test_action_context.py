"""One question without an editor: what must not be seen is not asked about."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from herdmate.actions.context import ActionContext
from herdmate.actions.write_tests import NewFile
from herdmate.cli import action_context, refactor_result
from herdmate.cli.main import main
from herdmate.context.project import Project
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.prompting.families import QWEN_PIECES
from herdmate.settings import Settings
from herdmate.text import Edit, Span

CANARY = "CANARY0c4f"
CODE = f"def total({CANARY}):\n    return \n"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with all text that reached the engine."""
    record = tmp_path / "record.txt"
    message = FakeStart({"fim_middle": "1", "": "It adds."}, QWEN_PIECES, record=str(record))
    monkeypatch.setattr(action_context, "first_message", lambda *_: (message, SimpleNamespace()))
    return record


@pytest.mark.parametrize(
    ("command", "role"),
    [
        (["complete", ":2:11"], "completion"),
        (["complete", ":2:11", "--model", "for-once"], "answers"),
        (["explain", ":1-2"], "answers"),
        (["refactor", "simplify", ":1-2"], "answers"),
    ],
)
def test_each_command_asks_the_model_of_its_role(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], role: str
) -> None:
    """Whatever is named for once answers that one command."""
    (tmp_path / "a.py").write_text(CODE, "utf-8")
    asked: list[object] = []

    def first_message(settings: Settings, _pieces: object, _held: int, role: str) -> object:
        asked.append((role, settings.completion.model))
        return FakeStart({"fim_middle": "1", "": "It adds."}, QWEN_PIECES), None

    monkeypatch.setattr(action_context, "first_message", first_message)
    places = [f"{tmp_path}/a.py{part}" if part.startswith(":") else part for part in command]
    main([*places, "--set", "completion.model=small"])
    assert asked == [(role, "small")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("private/\n", "utf-8")
    for name in ("private/keys.py", "visible.py", ".env"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CODE, "utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "private" / "keys.py")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "why"),
    [("private/keys.py", "git ignores"), ("link.py", "git ignores"), (".env", "holds secrets")],
)
@pytest.mark.parametrize(
    "command", [("complete", ":2:11"), ("explain", ":1-2"), ("refactor", "simplify", ":1-2")]
)
def test_a_file_that_is_withheld_is_refused_with_the_reason(
    project: Path,
    record: Path,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    name: str,
    why: str,
) -> None:
    assert main([*command[:-1], f"{project / name}{command[-1]}"]) == 1
    assert why in " ".join(capsys.readouterr().err.split())
    assert not record.exists() or CANARY not in record.read_text("utf-8")


def test_any_other_file_is_completed(
    project: Path, record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["complete", f"{project / 'visible.py'}:2:11"]) == 0
    assert capsys.readouterr().out == "1\n"
    assert CANARY in record.read_text("utf-8")


def _refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 1
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("name", ["way.py", "folder/visible.py"])
def test_write_follows_no_link_of_a_project(
    project: Path, record: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The model is not even asked."""
    (project / "way.py").symlink_to(project / "visible.py")
    (project / "folder").symlink_to(project)
    said = _refused(["refactor", "simplify", f"{project / name}:1-2", "--write"], capsys)
    assert f"through a link to {project / 'visible.py'}" in said
    assert (project / "visible.py").read_text("utf-8") == CODE
    assert not record.exists()


def test_write_leaves_what_has_changed_meanwhile(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "visible.py"

    async def rewrite(*_: object) -> SimpleNamespace:
        path.write_text("theirs\n", "utf-8")
        return SimpleNamespace(edits=(Edit(Span(0, 3), "async def"),), reasons="")

    monkeypatch.setattr(refactor_result, "rewrite", rewrite)
    monkeypatch.setattr(
        action_context, "running", lambda *_: nullcontext(ActionContext(EngineHost(), Project()))
    )
    said = _refused(["refactor", "simplify", f"{path}:1-2", "--write"], capsys)
    assert "has changed in the meantime" in said
    assert path.read_text("utf-8") == "theirs\n"


@pytest.mark.parametrize("is_late", [False, True])
def test_tests_are_not_written_out_of_the_project(
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    is_late: bool,
) -> None:
    """``is_late``: the link is made while the model writes."""
    outside = tmp_path_factory.mktemp("outside")
    if not is_late:
        (project / "tests").symlink_to(outside)
    asked = []

    async def attempted(_question: object, _model: object, take: Any, _: object) -> NewFile:
        asked.append(1)
        if is_late:
            (project / "tests").symlink_to(outside)
        found: NewFile = take("```python\ndef test():\n    assert total(1) is None\n```\n", True)
        return found

    async def question(*_: object) -> None: ...

    monkeypatch.setattr("herdmate.actions.write_tests.attempted", attempted)
    monkeypatch.setattr("herdmate.actions.write_tests.question_for", question)
    monkeypatch.setattr("herdmate.actions.write_tests.unknown_names", lambda _: set())
    monkeypatch.setattr(
        action_context, "running", lambda *_: nullcontext(ActionContext(EngineHost(), Project()))
    )
    said = _refused(["refactor", "write_tests", f"{project}/visible.py:1-2", "--write"], capsys)
    assert "resolves to a folder outside" in said
    assert list(outside.iterdir()) == []
    assert len(asked) == is_late
