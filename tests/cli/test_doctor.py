"""``herdmate doctor``: what it says of some machines, and of this one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from herdmate.cli.doctor import show
from herdmate.cli.doctor_checks import findings
from herdmate.cli.doctor_facts import Facts
from herdmate.cli.main import main
from herdmate.engine import build_report
from herdmate.engine.build_report import Build, build
from herdmate.models.answer_speed import Writer
from herdmate.version import VERSION

GOLDEN = Path(__file__).parents[1] / "golden" / "doctor"

_CPU = Build("0.3.36", ("AVX", "AVX2", "FMA"))
_SLOW = Writer("codellama-7b-instruct-q4_k_m", 4_081_004_224, 3.9, True, True)
_USUAL = Writer("codellama-7b-instruct-q4_k_m", 4_081_004_224, 12.4, True, True)
_SMALL = Writer("qwen2.5-coder-1.5b-instruct-q4_k_m", 1_117_320_736, 14.3, False, True)
_STARTER = Writer("qwen2.5-coder-0.5b-instruct-q4_k_m", 397_808_192, 31.0, True, True)
_DOWN = "No server answers at big-machine:8000; start it, or change the setting remote.url."
_WELL = Facts(
    version="1.0", system="linux", python="3.12.1", executable="/opt/herdmate/bin/python",
    build=_CPU, compiler="/usr/bin/c++", installer="apt-get", cores=8, memory=32_000_000_000,
    free_memory=20_000_000_000, free_disk=200_000_000_000,
    models=(("codellama-7b-instruct.Q4_K_M.gguf", 4_081_004_224),),
    name="codellama-7b-instruct-q4_k_m",
    chosen="/home/me/.local/share/herdmate/models/codellama-7b-instruct.Q4_K_M.gguf",
    now=_USUAL,
    editors=(("neovim", "/usr/bin/nvim", True), ("helix", "/usr/bin/hx", False)),
    folders=(("Models", "/home/me/.local/share/herdmate", 4_081_004_224, True),
             ("Caches", "/home/me/.cache/herdmate", 120_000_000, True),
             ("State", "/home/me/.local/state/herdmate", 4_000, True)),
    config="/home/me/.config/herdmate/config.toml",
)  # fmt: skip
MACHINES = {
    "all well": _WELL,
    "no compiler": replace(
        _WELL, compiler="", build=Build(error="No module named 'llama_cpp'"), installer="dnf"
    ),
    "amx": replace(_WELL, build=Build("0.3.36", ("AMX_INT8", "AVX512"))),
    "cuda driver without toolkit": replace(_WELL, drivers=("NVIDIA",)),
    "full disk": replace(_WELL, free_disk=300_000_000),
    "ggml file": replace(
        _WELL, setting="/data/old.bin", name="", chosen="", now=None, models=(),
        unusable="old.bin is in the GGML format, which llama.cpp dropped in August 2023; use "
        "another file, or fetch one that `herdmate models list` shows.",
    ),
    "adapters": replace(
        _WELL, adapters=("mine.gguf (1)", "house.gguf (0.5)"),
        misfits=("The adapter old.gguf is cut off; correct the setting engine.adapters.",),
    ),
    "read-only cache": replace(
        _WELL, folders=(*_WELL.folders[:1], ("Caches", "/home/me/.cache/herdmate", 0, False))
    ),
    "two pythons": replace(_WELL, others=("/usr/local/bin/herdmate",)),
    "slow": replace(_WELL, now=_SLOW, faster=replace(_SMALL, is_here=False)),
    "slow by a variable": replace(
        _WELL, now=replace(_SLOW, speed=1.2), faster=_SMALL, setting="codellama-7b",
        origins={"model": "HERDMATE_MODEL"},
    ),
    "slow by an option": replace(
        _WELL, now=_SLOW, faster=_SMALL, origins={"model": "--model"}
    ),
    "slow by an option, faster to fetch": replace(
        _WELL, now=_SLOW, faster=replace(_SMALL, is_here=False), origins={"model": "--model"}
    ),
    "slow on windows": replace(
        _WELL, now=_SLOW, faster=replace(_SMALL, is_here=False), system="windows"
    ),
    "busy": replace(_WELL, busy=7.8, processors=8),
    "busy before it was measured": replace(
        _WELL, busy=2.3, processors=2, now=replace(_SMALL, is_here=True)
    ),
    "slowed by others": replace(
        _WELL, now=replace(_USUAL, slowed=2.1), busy=1.9, processors=2, system="macos"
    ),
    "slowed before": replace(_WELL, now=replace(_USUAL, slowed=1.1), busy=0.4, processors=2),
    "slow and busy": replace(_WELL, now=_SLOW, faster=_SMALL, busy=2, processors=2),
    "busy beside a gpu": replace(
        _WELL, now=replace(_SLOW, speed=float("inf"), is_measured=False), busy=2, processors=2
    ),
    "small and quick": replace(_WELL, now=_STARTER, name=_STARTER.name, better=_SMALL),
    "small and quick, noted": replace(
        _WELL, now=_STARTER, name=_STARTER.name, better=_SMALL,
note="CodeLlama would answer better; close other programs.",
    ),
    "small on a full disk": replace(
        _WELL, now=_STARTER, name=_STARTER.name, better=replace(_SMALL, is_here=False),
        free_disk=1_000_000_000,
    ),
    "slow for good": replace(_WELL, now=_SLOW),
    "fast": replace(_WELL, now=replace(_SLOW, speed=float("inf"), is_measured=False)),
    "remote down": replace(
        _WELL, remote="http://big-machine:8000", is_down=True, is_unreachable=True, answer=_DOWN,
        note="For better but slower answers, fetch another.", now=None,
    ),
    "remote down by a variable": replace(
        _WELL, remote="http://big-machine:8000", is_down=True, is_unreachable=True, answer=_DOWN,
        now=None, origins={"remote.url": "HERDMATE_REMOTE_URL",
                           "remote.fallback": "HERDMATE_REMOTE_FALLBACK"},
    ),
    "remote down on windows": replace(
        _WELL, remote="http://big-machine:8000", is_down=True, is_unreachable=True, answer=_DOWN,
        now=None, origins={"remote.url": "HERDMATE_REMOTE_URL"}, fallback=True, system="windows",
        faults=("HERDMATE_ENGINE_THREADS: the setting engine.threads must be a whole number.",),
    ),
    "remote down by an option": replace(
        _WELL, remote="http://big-machine:8000", is_down=True, answer="It returned error 500.",
        status=500, now=None, origins={"remote.url": "--set remote.url"},
    ),
    "remote key": replace(
        _WELL, remote="http://big-machine:8000", is_down=True, answer="It requires a key.",
        status=401, now=None,
    ),
    "remote model": replace(
        _WELL, remote="http://big-machine:8000", is_down=True, answer="It has no model qwen.",
        status=404, remote_model="qwen", now=None,
    ),
    "ghost text by a server that is down": replace(
        _WELL, ghost=("http://big-machine:8000", _DOWN, "trouble"),
        origins={"completion.remoteUrl": "HERDMATE_COMPLETION_REMOTE_URL"},
    ),
    "no model": replace(
        _WELL, models=(), name="", chosen="", now=None, is_missing=True, editors=(),
        unusable="There is no model on this machine yet; run `herdmate models pull starter`.",
    ),
    "two models": replace(
        _WELL, ghost=("auto", "/home/me/.local/share/herdmate/models/small.gguf", "ok")
    ),
    "ghost text by another": replace(_WELL, ghost=(
        "small.gguf",
        "small.gguf needs 0.9 GB of memory beside the 6.6 GB of large.gguf, and only 7.0 GB is "
        "free; close other programs. Meanwhile, large.gguf writes ghost text.",
        "note",
    )),
    "no ghost text": replace(_WELL, ghost=(
        "starter", "Qwen2.5-Coder 0.5B Instruct Q4_K_M is not on this machine.", "trouble"
    )),
    "gpu used": replace(
        _WELL, build=Build("0.3.36", ("AVX2", "CUDA"), True,
                           (("NVIDIA RTX 4090", 23_000_000_000, 25_000_000_000),)),
    ),
    "spaces": replace(
        _WELL, executable="/Users/my me/env/bin/python", others=("/usr/local/bin/herdmate",),
        drivers=("AMD",), folders=(("Models", "/Users/my me/models", 0, False),),
        free_disk=300_000_000, models=(("my model.gguf", 4_081_004_224),),
    ),
    "crashing build": replace(_WELL, system="macos", compiler="", build=Build(
        error="it crashes on this processor (signal 4)")),
}  # fmt: skip


@pytest.mark.parametrize("name", MACHINES)
def test_what_is_said_of_a_machine(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(findings(MACHINES[name]))
    said = capsys.readouterr().out.replace(f"Herdmate {VERSION}\n", "Herdmate\n", 1)
    assert said == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_every_golden_page_is_of_a_machine() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MACHINES)


@pytest.mark.parametrize("name", MACHINES)
def test_each_trouble_has_a_command(name: str) -> None:
    found = findings(MACHINES[name])
    assert all(item.mend for item in found if item.state == "trouble")
    is_well = name in (
        "all well", "amx", "gpu used", "two models", "ghost text by another", "fast", "slow",
        "slow by a variable", "slow by an option", "slow for good",
        "slow by an option, faster to fetch", "slow on windows", "busy", "slowed by others",
        "slowed before", "slow and busy", "busy before it was measured", "busy beside a gpu",
        "small and quick", "small and quick, noted",
    )  # fmt: skip
    assert is_well == (not any(item.state == "trouble" for item in found))


@pytest.mark.parametrize("name", MACHINES)
def test_not_all_is_well_where_answers_are_slow(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show(findings(MACHINES[name]))
    said = capsys.readouterr().out
    assert not ("slow" in said and "All is well" in said)
    well = "answers could be faster; a line marked >> says how." in said
    marks = [line for line in said.splitlines() if line.startswith(">>")]
    assert not well or marks


def test_other_programs_never_use_0_processors() -> None:
    found = findings(replace(_WELL, busy=0.5, processors=1))
    assert any("other programs use 1 of 1 processor," in item.text for item in found)


def test_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HERDMATE_REMOTE_URL", "http://127.0.0.1:1")
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {"Python", "llama.cpp", "Model", "Remote"} <= {item["topic"] for item in told}
    by_topic = {item["topic"]: item for item in told}
    assert by_topic["Remote"]["state"] == "trouble"
    assert "herdmate.remote" not in by_topic["Remote"]["text"]
    assert by_topic["Model"]["mend"] == "herdmate models pull starter"


def test_the_build_is_asked_in_a_process_of_its_own() -> None:
    found = build()
    assert not found.error
    assert re.match(r"\d+\.\d+", found.version)


def test_a_build_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def start(*_command: str, **options: Any) -> subprocess.Popen[bytes]:
        forever = [sys.executable, "-c", "import threading; threading.Event().wait()"]
        started.append(subprocess.Popen(forever, **options))
        return started[0]

    monkeypatch.setattr(build_report, "start_blocking", start)
    monkeypatch.setattr(build_report, "_SECONDS", 0.01)
    assert "does not answer" in build().error
    assert started[0].poll() is not None
