"""One question without an editor: what must not be seen is not asked about."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from herdmate.cli import once
from herdmate.cli.main import main
from herdmate.engine.client import start_fake
from herdmate.prompting.families import CONTROL_PIECES

CANARY = "CANARY0c4f"
CODE = f"def total({CANARY}):\n    return \n"


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with all text that reached the engine."""
    record = tmp_path / "record.txt"
    pieces = [piece for piece in CONTROL_PIECES if piece.startswith("<|")]
    message = start_fake({"fim_middle": "1", "": "It adds."}, pieces, record=str(record))
    monkeypatch.setattr(once, "first_message", lambda _settings: (message, SimpleNamespace()))
    return record


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
