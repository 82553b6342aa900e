"""Which model is recommended for which machine, and what is said of the next larger one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import llama_cpp
import pytest

from herdmate.cli import main
from herdmate.engine import devices, tuning
from herdmate.engine.measured_steps import measured_in_process
from herdmate.models import catalogue
from herdmate.models.discovery import Found
from herdmate.models.measured_speed import bytes_a_second, to_measure
from herdmate.models.pair import recommend
from herdmate.models.recommend import Machine

GB = 1 << 30
PLENTY = 500 * GB
FREE_ON_GPU = 0.92  # the rest is the screen's

HALF = "qwen2.5-coder-0.5b-instruct-q4_k_m"
STARTER = "qwen2.5-coder-1.5b-instruct-q4_k_m"
SEVEN = "codellama-7b-instruct-q4_k_m"

PAIRS = [
    # Gigabytes of memory, on the GPU; for answers, for ghost text
    (4, 0, STARTER, STARTER),
    (8, 0, STARTER, STARTER),
    (16, 0, SEVEN, STARTER),
    (32, 0, SEVEN, STARTER),
    (64, 0, SEVEN, STARTER),
    (16, 2, SEVEN, STARTER),
    (8, 6, "codellama-7b-instruct-q3_k_m", "codellama-7b-instruct-q3_k_m"),
    (16, 6, "codellama-7b-instruct-q3_k_m", "codellama-7b-instruct-q3_k_m"),
    (16, 8, "codellama-7b-instruct-q5_k_m", "codellama-7b-instruct-q5_k_m"),
    (32, 12, "codellama-13b-instruct-q4_k_m", "codellama-13b-instruct-q4_k_m"),
    (32, 16, "codellama-13b-instruct-q5_k_m", STARTER),
    (64, 24, "codellama-34b-instruct-q4_k_m", STARTER),
]


def _machine(memory: int, gpu: int) -> Machine:
    return Machine(memory * GB, int(gpu * GB * FREE_ON_GPU), PLENTY)


@pytest.mark.parametrize(("memory", "gpu", "answers", "ghost"), PAIRS)
def test_the_pair_that_a_person_would_choose(
    memory: int, gpu: int, answers: str, ghost: str
) -> None:
    machine = _machine(memory, gpu)
    advice = recommend(machine, 4096)
    assert advice.pair is not None
    pair = advice.pair
    assert (pair.answers.model.name, pair.ghost.model.name) == (answers, ghost)
    assert pair.answers.model.instruct
    assert pair.ghost.model.infill
    assert {pair.answers.model.name, pair.ghost.model.name} <= {
        row.model.name for row in advice.trade
    }
    rows = {row.model.name: row for row in (pair.answers, pair.ghost)}.values()
    assert sum(row.needs for row in rows if row.place == "GPU") <= machine.gpu
    assert sum(row.needs for row in rows if row.place == "memory") <= machine.for_models


@pytest.mark.parametrize(
    ("memory", "gpu", "reasons"),
    [
        (8, 0, (
            "CodeLlama 7B Instruct Q4_K_M needs 6.6 GB of memory, and 5.6 GB leave enough for the "
            "editor and the browser.",
            "Qwen2.5-Coder 1.5B Instruct Q4_K_M answers at about 14 tokens a second.",
            "It also writes ghost text, which needs 10.",
            "It takes 1.6 GB of the machine's 8.6 GB.",
        )),
        (16, 0, (
            "CodeLlama 7B Instruct Q4_K_M answers at about 4 tokens a second, below the "
            "comfortable 10; a typical answer takes 65 seconds.",
            "Ghost text by Qwen2.5-Coder 1.5B Instruct Q4_K_M, at about 14 tokens a second.",
            "Together they take 8.2 GB of the machine's 17.2 GB.",
            "Qwen2.5-Coder 1.5B Instruct Q4_K_M could answer too, 3.7 times as fast: "
            "`herdmate config set model qwen2.5-coder-1.5b-instruct-q4_k_m`.",
        )),
        (16, 8, (
            "CodeLlama 7B Instruct Q5_K_M answers on the GPU, the largest CodeLlama that fits "
            "there.",
            "It also writes ghost text: it is quick there, and no better model fits beside it.",
            "It takes 7.3 GB of the 7.9 GB free on the GPU.",
        )),
        (64, 24, (
            "CodeLlama 34B Instruct Q4_K_M answers on the GPU, the largest CodeLlama that fits "
            "there.",
            "Ghost text by Qwen2.5-Coder 1.5B Instruct Q4_K_M, on the GPU.",
            "Together they take 23.0 GB of the 23.7 GB free on the GPU.",
        )),
        (16, 2, (
            "CodeLlama 7B Instruct Q4_K_M answers at about 4 tokens a second, below the "
            "comfortable 10; a typical answer takes 65 seconds.",
            "Ghost text by Qwen2.5-Coder 1.5B Instruct Q4_K_M, on the GPU.",
            "Together they take 1.6 GB of the 2.0 GB free on the GPU and 6.6 GB of the machine's "
            "17.2 GB.",
            "Qwen2.5-Coder 1.5B Instruct Q4_K_M could answer too, faster: `herdmate config set "
            "model qwen2.5-coder-1.5b-instruct-q4_k_m`.",
        )),
    ],
)  # fmt: skip
def test_the_reasons(memory: int, gpu: int, reasons: tuple[str, ...]) -> None:
    assert recommend(_machine(memory, gpu), 4096).reasons == reasons


@pytest.mark.parametrize(
    ("bytes_a_second", "answers", "ghost", "reason"),
    [
        (8e9, STARTER, HALF, "would write about 2 tokens a second, too slow even to read along"),
        (3.5e9, STARTER, HALF, "at about 7 tokens a second, the quickest there is"),
        (3e9, HALF, HALF, "It also writes ghost text, which should have 10; nothing is quicker."),
        (30e9, "codellama-7b-instruct-q4_k_m", STARTER, "at about 7 tokens a second"),
        (45e9, "codellama-13b-instruct-q4_k_m", STARTER, "at about 6 tokens a second"),
        (220e9, "codellama-70b-instruct-q4_k_m", STARTER, "at about 5 tokens a second"),
    ],
)
def test_how_fast_the_processor_reads_counts(
    bytes_a_second: float, answers: str, ghost: str, reason: str
) -> None:
    machine = Machine(80 * GB, 0, PLENTY, bytes_a_second)
    advice = recommend(machine, 4096)
    assert advice.pair is not None
    assert (advice.pair.answers.model.name, advice.pair.ghost.model.name) == (answers, ghost)
    assert reason in " ".join(advice.reasons)


def test_what_the_next_larger_model_would_take() -> None:
    small = recommend(Machine(8 * GB, 0, PLENTY), 4096).further
    assert small == (
        "CodeLlama 7B Instruct Q4_K_M needs a machine with 10 GB of memory, "
        "or a GPU with 7 GB free."
    )
    large = recommend(Machine(32 * GB, 0, PLENTY), 4096).further
    assert large.startswith("CodeLlama 13B Instruct Q4_K_M needs a GPU with 12 GB free, because")
    assert recommend(Machine(64 * GB, 32 * GB, PLENTY), 4096).further == (
        "CodeLlama 70B Instruct Q4_K_M needs a GPU with 43 GB free."
    )
    assert recommend(Machine(64 * GB, 80 * GB, PLENTY), 4096).further == ""


@pytest.mark.parametrize(("memory", "gpu", "place"), [(64, 0, "memory"), (16, 48, "GPU")])
def test_70b_is_listed_where_it_fits(memory: int, gpu: int, place: str) -> None:
    rows = {row.model.name: row for row in recommend(_machine(memory, gpu), 4096).rows}
    assert rows["codellama-70b-instruct-q4_k_m"].place == place
    assert "codellama-70b-instruct-q4_k_m" not in {
        row.model.name for row in recommend(_machine(32, 24), 4096).rows
    }


def test_a_larger_context_needs_more_memory() -> None:
    best = recommend(Machine(16 * GB, 0, PLENTY), 16384).best
    assert best is not None
    assert best.model.name == STARTER


def test_what_the_disk_has_no_room_for_is_left_out() -> None:
    advice = recommend(Machine(16 * GB, 0, 1 * GB), 4096)
    assert [row.model.name for row in advice.rows] == [HALF]
    assert advice.reasons[0] == "CodeLlama 7B Instruct Q4_K_M needs 4.1 GB of disk space."
    both = recommend(Machine(16 * GB, 0, int(5.3e9)), 4096).best
    assert both is not None
    assert both.model.name == SEVEN
    one = recommend(Machine(16 * GB, 0, int(3e9)), 4096).best
    assert one is not None
    assert one.model.name == STARTER


def test_what_is_here_already_needs_no_disk() -> None:
    here = frozenset([SEVEN, HALF])
    advice = recommend(Machine(16 * GB, 0, 0, here=here), 4096)
    assert advice.pair is not None
    assert (advice.pair.answers.model.name, advice.pair.ghost.model.name) == (SEVEN, HALF)
    assert {row.model.name for row in advice.rows} == here


def test_nothing_fits() -> None:
    advice = recommend(Machine(GB // 2, 0, PLENTY), 4096)
    assert (advice.pair, advice.best, advice.reasons) == (None, None, ())


@pytest.mark.parametrize(
    ("seconds", "gpu", "expected"),
    [({1: 0.1, 4: 0.2}, 0, 11_173_207_680.0), ({1: 0.1, 4: 0.2}, GB, None), ({}, 0, None)],
)
def test_the_speed_measured_here(
    seconds: dict[int, float],
    gpu: int,
    expected: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same wherever it is asked for."""
    profile = tuning.Profile(2, 2, step_seconds=seconds)
    monkeypatch.setattr(tuning, "remembered", lambda _path: profile)
    large = tmp_path / "large.gguf"
    model = catalogue.find("starter-1.5b")
    found = [
        Found("large", large, 9_000_000_000, None),  # how much of it is read is not known
        Found("a", tmp_path, model.size, model),
    ]
    assert to_measure(found) == [str(tmp_path)]
    known = replace(measured_in_process([str(large), *to_measure(found)]), gpu=gpu)
    assert bytes_a_second(found, known) == expected
    assert bytes_a_second(found[:1], known) is None


def test_the_device_list_is_llama_cpps_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor is a device too, and the only one that is everywhere."""
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(devices, "_GPUS", (0,))
    (found,) = devices.devices()
    assert found.name
    assert 0 < found.free <= found.total


def test_in_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    code = main(["models", "recommend"])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "herdmate models pull" in said
    for column in ("for", "download", "memory", "runs on", "writes", "answer", "lost"):
        assert f"{column}: " in said  # every column is explained
    assert not {"perplexity", "quantisation", "KV", "instruct:"} & set(said.split())
    path = tmp_path / "models" / catalogue.starter().file
    path.parent.mkdir()
    path.touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
    assert main(["models", "recommend"]) == 0
    assert "(already here)" in capsys.readouterr().out
