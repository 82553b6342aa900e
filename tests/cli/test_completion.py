"""What shells are told that can come next, and a real bash that asks."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herdmate.cli.main import main

HERDMATE = Path(sys.executable).with_name("herdmate")


def _environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "HERDMATE_HOME": str(tmp_path), "PATH":
            f"{HERDMATE.parent}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip


OFFERED = (
    (["herdmate", "expl"], "explain"),
    (["herdmate", "models", "rec"], "recommend"),
    (["herdmate", "models", "pull", "star"], "starter"),
    (["herdmate", "refactor", "simp"], "simplify"),
    (["herdmate", "refactor", "simplify", "my_c"], "my_code.py"),
    (["herdmate", "config", "get", "engine.kv"], "engine.kvType"),
    (["herdmate", "explain", "--lang"], "--language"),
)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(tmp_path: Path) -> None:
    """One bash is asked for the last word of each line in turn."""
    (tmp_path / "my_code.py").touch()
    script = 'eval "$(herdmate completion bash 2>/dev/null)"\n'
    for words, _ in OFFERED:
        line = " ".join(words)
        script += (
            f"COMP_WORDS=({line}) COMP_CWORD={len(words) - 1} COMP_LINE={line!r}\n"
            f"COMP_POINT={len(line)} COMP_TYPE=9 COMPREPLY=()\n"
            '_python_argcomplete herdmate\necho "${COMPREPLY[@]}"\n'
        )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=tmp_path,
        env=_environment(tmp_path), check=True,
    )  # fmt: skip
    offers = [line.split() for line in done.stdout.splitlines()]
    assert len(offers) == len(OFFERED), done.stdout
    for (words, offered), found in zip(OFFERED, offers, strict=True):
        assert offered in found, (words, found)


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes(tmp_path: Path) -> None:
    script = (
        "herdmate completion fish 2>/dev/null | source\n"
        "complete -C 'herdmate expl'; complete -C 'herdmate models pull star'"
    )
    done = subprocess.run(
        ["fish", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path,
        env=_environment(tmp_path) | {"HOME": str(tmp_path)},
    )  # fmt: skip
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} >= {"explain", "starter"}


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_completes(tmp_path: Path) -> None:
    """At its prompt: zsh completes only what is typed."""
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["zsh", "-f", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path,
        env=_environment(tmp_path) | {"HOME": str(tmp_path), "TERM": "dumb"},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        setup = 'autoload -Uz compinit; compinit -u; eval "$(herdmate completion zsh 2>/dev/null)"'
        os.write(ours, f"{setup}; echo re''ady\n".encode())
        _read_until(ours, "ready")
        os.write(ours, b"herdmate models pull star\t")
        assert "starter" in _read_until(ours, "starter")
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)


def _read_until(descriptor: int, word: str, seconds: float = 30.0) -> str:
    said, end = "", time.monotonic() + seconds
    while word not in said and time.monotonic() < end:
        if select.select([descriptor], [], [], 0.5)[0]:
            said += os.read(descriptor, 4096).decode("utf-8", "replace")
    return said


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
