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
    (["herdmate", "he"], "help"),
    (["herdmate", "help", "mod"], "models"),
    (["herdmate", "help", "models", "rec"], "recommend"),
    (["herdmate", "eval", "ty"], "typing"),
    (["herdmate", "eval", "my_c"], "my_code.py"),
    (["herdmate", "eval", "fix", "my_c"], "my_code.py"),
    (["herdmate", "eval", "refactor", "--act"], "--action"),
    (["herdmate", "config", "show", "remote.f"], "remote.fallback"),
    (["herdmate", "config", "set", "completion.multiline", "al"], "always"),
    (["herdmate", "config", "set", "REMOTE.fallback", "t"], "true"),
    (["herdmate", "config", "set", "model", "starter-"], "starter-1.5b"),
    (["herdmate", "config", "set", "completion.model", "./my"], "./my_model.gguf"),
    (["herdmate", "config", "set", "completion.scopes", "code,st"], "code,strings"),
    (["herdmate", "config", "set", "completion.disabledIn", "pyth"], "python"),
    (["herdmate", "config", "set", "engine.adapters", "my_m"], "my_model.gguf"),
    (["herdmate", "chat", "--saved", "sp"], "spring"),
    (["herdmate", "eval", "refactor", "--action", "simp"], "simplify"),
    (["herdmate", "complete", "--set", "engine.kvT"], "engine.kvType="),
    (["herdmate", "refactor", "fix", "my_code.py:tot"], "total"),  # after bash's last break
)
CODE = "def total(x):\n    return x\n\n\nclass Shop:\n    def refund(self): ...\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes(tmp_path: Path) -> None:
    """One bash is asked for the last word of each line in turn."""
    (tmp_path / "my_code.py").write_text(CODE)
    (tmp_path / "my_model.gguf").touch()
    chats = tmp_path / "state" / "chats"
    chats.mkdir(parents=True)
    (chats / "spring.json").touch()
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


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("herdmate ", {"eval", "help"}, {"eval_fix"}),
        ("herdmate help ", {"eval", "models"}, {"eval_fix", "help"}),
        ("herdmate config set completion.scopes code,", {"code,comments"}, {"code,code"}),
        ("herdmate config set remote.url ", set(), {"my_code.py"}),
        ("herdmate complete --set engine.kvType=", {"engine.kvType=q8_0"}, set()),
        ("herdmate -q eval fix ", {"my_code.py"}, {"fix"}),
        ("herdmate eval my_code.py ", {"my_code.py"}, {"fix"}),
        (
            "herdmate explain my_code.py:",
            {f"my_code.py:{name}" for name in ("total", "Shop", "refund")},
            {"my_code.py"},
        ),
        ("herdmate explain my_code.py:t", {"my_code.py:total"}, {"my_code.py:Shop"}),
        ("herdmate chat my_code.py:Shop.", {"my_code.py:Shop.refund"}, {"my_code.py:total"}),
        ("herdmate explain --select my_code.py:S", {"my_code.py:Shop"}, {"my_code.py:total"}),
        ("herdmate explain none.py:", set(), {"my_code.py:total"}),
        ("herdmate explain my_large.py:", set(), {"my_large.py:total"}),
    ],
)
def test_what_is_offered(
    line: str, offered: set[str], not_offered: set[str], tmp_path: Path
) -> None:
    """As a shell asks, which breaks words at spaces alone."""
    (tmp_path / "my_code.py").write_text(CODE)
    (tmp_path / "my_large.py").write_text(CODE + "#" * (1 << 20))
    told = tmp_path / "told"
    env = _environment(tmp_path) | {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(told), "COMP_LINE": line,
        "COMP_POINT": str(len(line)), "_ARGCOMPLETE_COMP_WORDBREAKS": " ",
        "_ARGCOMPLETE_IFS": "\n",
    }  # fmt: skip
    subprocess.run([str(HERDMATE)], env=env, cwd=tmp_path, check=False, capture_output=True)
    found = {word.strip() for word in told.read_text().splitlines()}
    assert offered <= found
    assert not not_offered & found


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes(tmp_path: Path) -> None:
    script = (
        "herdmate completion fish 2>/dev/null | source\n"
        "complete -C 'herdmate expl'; complete -C 'herdmate models pull star'; "
        "complete -C 'herdmate explain my_code.py:tot'"
    )
    (tmp_path / "my_code.py").write_text(CODE)
    done = subprocess.run(
        ["fish", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path,
        env=_environment(tmp_path) | {"HOME": str(tmp_path)},
    )  # fmt: skip
    offered = {line.split("\t")[0] for line in done.stdout.splitlines()}
    assert offered >= {"explain", "starter", "my_code.py:total"}


_AT_A_PROMPT = (
    (["bash", "--norc", "-i"], 'eval "$(herdmate completion bash 2>/dev/null)"'),
    (["zsh", "-f", "-i"],
     'autoload -Uz compinit; compinit -u; eval "$(herdmate completion zsh 2>/dev/null)"'),
)  # fmt: skip


@pytest.mark.parametrize(("command", "setup"), _AT_A_PROMPT, ids=["bash", "zsh"])
def test_what_is_typed_at_a_prompt_is_completed(
    command: list[str], setup: str, tmp_path: Path
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    (tmp_path / "my_code.py").write_text(CODE)
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path,
        env=_environment(tmp_path) | {"HOME": str(tmp_path), "TERM": "dumb"},
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        os.write(ours, f"{setup}; echo re''ady\n".encode())
        _read_until(ours, "ready")
        os.write(ours, b"herdmate expl\t")
        assert "explain " in _read_until(ours, "explain ")
        os.write(ours, b"my_code.py:Sh\t")
        assert "my_code.py:Shop" in _read_until(ours, "my_code.py:Shop")
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
    assert said.err == ""  # it is read by a shell, each time that one starts
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    (tmp_path / "script").write_text(said.out)
    subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


def test_who_looks_at_the_script_is_told_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["completion", "bash"]) == 0
    assert 'eval "$(herdmate completion bash)" in ~/.bashrc' in capsys.readouterr().err
