"""The main job with the real starter: through a real server process, and from the command line."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from herdmate.cli import main
from tests.e2e.editor import EMACS, NEOVIM, VSCODE, editor
from tests.e2e.main_job import CODE, URI, do_the_main_job

pytestmark = [pytest.mark.e2e, pytest.mark.model]


@pytest.mark.parametrize(
    "name", [VSCODE, EMACS, *([NEOVIM] if os.environ.get("HERDMATE_LONG") else [])]
)  # a real Neovim does it in test_neovim.py
async def test_ghost_text_explanation_and_refactoring(
    name: str, tmp_path: Path, starter_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    await do_the_main_job(name, tmp_path, {"model": str(starter_model)})


async def test_the_starter_writes_ghost_text_beside_another_that_answers(
    tmp_path: Path, starter_model: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = {"model": str(tiny_model), "completion": {"model": str(starter_model)}}
    async with editor(NEOVIM, tmp_path, options=options, knows=("explanation",)) as client:
        client.open(URI, CODE)
        (ghost,) = await client.ghost_text(URI, 2, 11)
        lines = CODE.split("\n")
        lines[2] += ghost
        ast.parse("\n".join(lines))
        await client.run((await client.actions(URI, (5, 0), (10, 17)))["explain"])
        await client.until(lambda: client.parts and client.parts[-1]["done"])
        assert client.parts[-1]["error"] is None
        status = await client.status()
        assert status["family"].startswith("CodeLlama:")
        assert status["completion"]["family"].startswith("Qwen2.5-Coder:")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The code on disk."""
    path = tmp_path / "stock.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def _herdmate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "herdmate", *arguments], capture_output=True, text=True, check=False
    )


def test_complete_on_the_command_line(file: Path, starter_model: Path) -> None:
    done = _herdmate("complete", f"{file}:3:12", "--model", str(starter_model))
    assert done.returncode == 0, done.stderr
    ast.parse(f"x = {done.stdout.strip()}")


def test_explain_on_the_command_line(file: Path, starter_model: Path) -> None:
    done = _herdmate("explain", f"{file}:6-11", "--model", str(starter_model))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 80


def test_refactor_on_the_command_line(file: Path, starter_model: Path) -> None:
    arguments = ("refactor", "simplify", f"{file}:6-11", "--model", str(starter_model))
    done = _herdmate(*arguments)
    assert done.returncode == 0, done.stderr
    head = "diff --git a/stock.py b/stock.py\n--- a/stock.py\n+++ b/stock.py\n@@"
    assert done.stdout.startswith(head)
    assert file.read_text(encoding="utf-8") == CODE
    assert _herdmate(*arguments, "--write").returncode == 0
    after = file.read_text(encoding="utf-8")
    assert after != CODE
    ast.parse(after)
    assert [path.name for path in file.parent.iterdir()] == ["stock.py"]


@pytest.mark.parametrize(
    ("status", "arguments", "words"),
    [
        (1, ("complete", "nowhere.py:1:1"), "cannot be read"),
        (1, ("complete", "{file}:99:1"), "has 11 lines; there is no line 99"),
        (2, ("complete", "{file}"), ":LINE:COLUMN"),
        (
            1,
            ("explain", "{file}:4-4"),
            "There is no code on these lines; name others as FILE:START-END.",
        ),
        (2, ("refactor", "nothing", "{file}:1-2"), "choose from fix, fix_all, simplify"),
        (1, ("complete", "{file}:1:1", "--model", "/no/such.gguf"), "There is no model file"),
        (1, ("complete", "{file}:1:1", "--model", "{file}"), "not a GGUF"),
        (1, ("models", "path", "codelama-7b"), "did you mean codellama-7b"),
        (1, ("models", "rm", "codellama-34b"), "nothing to remove"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(
    file: Path,
    status: int,
    arguments: tuple[str, ...],
    words: str,
    starter_model: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, as none of them gets as far as answering."""
    assert main([argument.format(file=file) for argument in arguments]) == status
    told = capsys.readouterr().err
    assert words in " ".join(told.split())
    assert "Traceback" not in told


def test_the_demonstration(file: Path, starter_model: Path) -> None:
    for arguments in (("demo",), ("demo", str(file))):
        done = _herdmate(*arguments, "--model", str(starter_model))
        assert done.returncode == 0, done.stderr
        for heading in ("Ghost text", "Explanation", "Refactoring", "Next steps"):
            assert heading in done.stdout
    assert file.read_text(encoding="utf-8") == CODE
