"""Which model is recommended for which machine, and what is said of the next larger one."""

from __future__ import annotations

import llama_cpp
import pytest

from herdmate.cli import main
from herdmate.engine import devices
from herdmate.models.recommend import Machine, recommend

GB = 1 << 30
PLENTY = 500 * GB
FREE_ON_GPU = 0.92  # the rest is the screen's

STARTER = "qwen2.5-coder-1.5b-instruct-q4_k_m"
SEVEN = "codellama-7b-instruct-q4_k_m"


@pytest.mark.parametrize(
    ("memory", "gpu", "name"),
    [
        (4, 0, STARTER),
        (8, 0, STARTER),
        (16, 0, SEVEN),
        (24, 0, SEVEN),
        (32, 0, SEVEN),
        (64, 0, SEVEN),
        (8, 6, "codellama-7b-instruct-q3_k_m"),
        (16, 6, "codellama-7b-instruct-q3_k_m"),
        (16, 8, "codellama-7b-instruct-q5_k_m"),
        (32, 12, "codellama-13b-instruct-q4_k_m"),
        (64, 24, "codellama-34b-instruct-q4_k_m"),
        (16, 2, SEVEN),
    ],
)
def test_the_model_that_a_person_would_choose(memory: int, gpu: int, name: str) -> None:
    on_gpu = int(gpu * GB * FREE_ON_GPU)
    advice = recommend(Machine(memory * GB, on_gpu, PLENTY), 4096)
    assert advice.best is not None
    assert advice.best.model.name == name
    assert advice.best in advice.rows
    limits = {"GPU": on_gpu, "memory": memory * GB}
    assert all(row.needs <= limits[row.place] for row in advice.rows)


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
    advice = recommend(Machine(memory * GB, int(gpu * GB * FREE_ON_GPU), PLENTY), 4096)
    rows = {row.model.name: row for row in advice.rows}
    assert rows["codellama-70b-instruct-q4_k_m"].place == place
    assert all(row.model.instruct for row in advice.rows)
    assert "codellama-70b-instruct-q4_k_m" not in {
        row.model.name for row in recommend(Machine(32 * GB, 24 * GB, PLENTY), 4096).rows
    }


def test_a_larger_context_needs_more_memory() -> None:
    machine = Machine(16 * GB, 0, PLENTY)
    best = recommend(machine, 16384).best
    assert best is not None
    assert best.model.name == STARTER


def test_what_the_disk_has_no_room_for_is_left_out() -> None:
    advice = recommend(Machine(16 * GB, 0, 1 * GB), 4096)
    assert [row.model.name for row in advice.rows] == ["qwen2.5-coder-0.5b-instruct-q4_k_m"]


def test_nothing_fits() -> None:
    assert recommend(Machine(GB // 2, 0, PLENTY), 4096).best is None


def test_the_device_list_is_llama_cpps_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor is a device too, and the only one that is everywhere."""
    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(devices, "_GPUS", (0,))
    (found,) = devices.devices()
    assert found.name
    assert 0 < found.free <= found.total


def test_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["models", "recommend"])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "herdmate models pull" in said
