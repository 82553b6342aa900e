"""What shells are told that can come next, and a real bash that asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from herdmate.cli.main import main

HERDMATE = Path(sys.executable).with_name("herdmate")


def _environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HERDMATE_HOME": str(tmp_path), "PATH":
            f"{HERDMATE.parent}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip


def _bash(words: list[str], tmp_path: Path) -> list[str]:
    """What bash offers for the last word."""
    line = " ".join(words)
    script = (
        'eval "$(herdmate completion bash 2>/dev/null)"\n'
        f"COMP_WORDS=({' '.join(repr(word) for word in words)})\n"
        f"COMP_CWORD={len(words) - 1} COMP_LINE={line!r} COMP_POINT={len(line)} COMP_TYPE=9\n"
        "_python_argcomplete herdmate\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=tmp_path,
        env=_environment(tmp_path), check=True,
    )  # fmt: skip
    return [word.strip() for word in done.stdout.splitlines() if word.strip()]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["herdmate", "expl"], "explain"),
        (["herdmate", "models", "rec"], "recommend"),
        (["herdmate", "models", "pull", "star"], "starter"),
        (["herdmate", "refactor", "simp"], "simplify"),
        (["herdmate", "refactor", "simplify", "my_c"], "my_code.py"),
        (["herdmate", "config", "get", "engine.kv"], "engine.kvType"),
        (["herdmate", "explain", "--lang"], "--language"),
    ],
)
def test_bash_completes(words: list[str], offered: str, tmp_path: Path) -> None:
    (tmp_path / "my_code.py").touch()
    assert offered in _bash(words, tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_valid(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    said = capsys.readouterr()
    assert "herdmate" in said.out
    assert f"herdmate completion {shell}" in said.err
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "script").write_text(said.out)
    subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)
