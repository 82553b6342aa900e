"""What is said of model files, good and wrong, and of folders that hold no GGUF file."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest

from herdmate.cli import main
from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.report import report


def _codellama(
    path: Path, vocabulary: int = 32016, base: float | None = 1e6, architecture: str = "llama"
) -> Path:
    """A header as CodeLlama 7B's has it, with hardly any weights."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("codellama_codellama-7b-instruct-hf")
    writer.add_file_type(15)
    writer.add_context_length(16384)
    writer.add_block_count(32)
    writer.add_embedding_length(4096)
    writer.add_head_count(32)
    writer.add_head_count_kv(32)
    if base is not None:
        writer.add_rope_freq_base(base)
    infill = ["▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"] if vocabulary > 32000 else []
    writer.add_token_list([f"t{at}" for at in range(vocabulary - len(infill))] + infill)
    writer.add_tensor("w", np.zeros(8, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_good_file(tmp_path: Path) -> None:
    found = report(_codellama(tmp_path / "my.gguf"), 4096)
    assert (found.architecture, found.quant, found.context) == ("llama", "Q4_K_M", 16384)
    assert found.abilities == ("infill", "instruct")
    assert found.faults == ()
    cache = 2 * 2 * 32 * 4096  # keys and values of two bytes, for each layer and channel
    assert found.memory - report(found.path, 96).memory == 4000 * cache
    assert report(found.path, 0).memory == report(found.path, 16384).memory  # the model's own


@pytest.mark.parametrize("base", [10000.0, None])
def test_a_wrong_rope_base(tmp_path: Path, base: float | None) -> None:
    [fault] = report(_codellama(tmp_path / "m.gguf", base=base), 4096).faults
    assert "rope base is 10000 but CodeLlama's is 1000000" in fault


def test_missing_infill_tokens(tmp_path: Path) -> None:
    found = report(_codellama(tmp_path / "m.gguf", vocabulary=32000), 4096)
    assert found.abilities == ("instruct",)
    assert "no infill tokens" in found.faults[0]
    assert "models pull codellama-7b" in found.faults[0]


def test_an_upload_that_was_replaced(tmp_path: Path) -> None:
    path = _codellama(tmp_path / catalogue.find("codellama-7b-instruct-q5_k_s").file)
    with path.open("r+b") as file:
        file.truncate(4790000928)  # a file with a hole takes no room
    [fault] = report(path, 4096).faults
    assert fault.startswith("This is the August 2023 upload")
    assert "models pull codellama-7b-instruct-q5_k_s" in fault


def test_another_file_under_the_name_of_one_that_is_known(tmp_path: Path) -> None:
    known = catalogue.find("codellama-7b")
    [fault] = report(_codellama(tmp_path / known.file), 4096).faults
    assert f"the known file of that name has {known.size}" in fault


@pytest.mark.parametrize(
    ("folder", "config", "words", "twin"),
    [
        ("CodeLlama-13B-Instruct-GPTQ", None, "contains GPTQ weights", "codellama-13b"),
        ("mine", {"quantization_config": {"quant_method": "awq"}}, "contains AWQ", "codellama-7b"),
        ("CodeLlama-7b-hf", {"quantization_config": []}, "safetensors or", "codellama-7b"),
    ],
)
def test_folders_of_other_weights(
    tmp_path: Path, folder: str, config: object, words: str, twin: str
) -> None:
    place = tmp_path / folder
    place.mkdir()
    (place / "model.safetensors").touch()
    if config is not None:
        (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match=words) as caught:
        report(place, 4096)
    assert f"`herdmate models pull {twin}`" in str(caught.value)


def test_a_folder_that_holds_the_file(tmp_path: Path) -> None:
    _codellama(tmp_path / "m.gguf")
    with pytest.raises(ModelError, match=r"use the file in it: .*m\.gguf"):
        report(tmp_path, 4096)


def test_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "inspect", str(_codellama(tmp_path / "m.gguf"))]) == 0
    assert "infill, instruct" in capsys.readouterr().out
    assert main(["models", "inspect", str(_codellama(tmp_path / "m.gguf", base=1e4))]) == 1
    assert "rope base" in capsys.readouterr().out


def test_an_architecture_that_this_build_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _codellama(tmp_path / "m.gguf", architecture="abacus")
    assert main(["models", "inspect", str(path)]) == 1
    assert "does not support (abacus)" in " ".join(capsys.readouterr().out.split())
