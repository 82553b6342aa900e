"""Which model is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.errors import ModelError, NoModelError
from herdmate.models import catalogue
from herdmate.models.choose import all_from_here, choose, needed_memory
from tests.models.gguf_file import gguf, write

GB = 10**9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with small files under the names of a CodeLlama, a larger one, and the starter."""
    for name, size in (("codellama-7b", 8000), ("codellama-13b", 16000), ("starter", 4000)):
        write(tmp_path / catalogue.find(name).file, gguf(size))
    write(tmp_path / "other.gguf", gguf(32000))
    return tmp_path


def test_auto_takes_the_largest_codellama_that_fits(folder: Path) -> None:
    assert choose("auto", folder, 16 * GB, 4096).path.name == "codellama-13b-instruct.Q4_K_M.gguf"
    # 13B's KV cache of 4096 tokens has 3.4 GB, 7B's 2.1 GB
    chosen = choose("auto", folder, 3 * GB, 4096)
    assert chosen.path.name == "codellama-7b-instruct.Q4_K_M.gguf"
    assert chosen.note == ""


def test_auto_without_codellama_takes_another_and_says_how_to_get_it(folder: Path) -> None:
    for path in folder.glob("codellama*"):
        path.unlink()
    chosen = choose("auto", folder, 16 * GB, 4096)
    assert chosen.path.name == "other.gguf"
    assert "pull codellama-7b" in chosen.note


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NoModelError, match="pull starter"):
        choose("auto", tmp_path, 16 * GB, 4096)
    with pytest.raises(NoModelError, match="pull codellama-7b"):
        choose("codellama-7b", tmp_path, 16 * GB, 4096)


def test_nothing_fits(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"only 0\.1 GB is free; close other programs"):
        choose("auto", folder, 100_000_000, 4096)


def test_a_file_that_is_being_fetched_does_not_count(tmp_path: Path) -> None:
    (tmp_path / ".partial" / "x").mkdir(parents=True)
    write(tmp_path / ".partial" / "x" / "whole.gguf", gguf())
    with pytest.raises(NoModelError):
        choose("auto", tmp_path, 16 * GB, 4096)


def test_a_path_is_looked_at_first(tmp_path: Path) -> None:
    good = write(tmp_path / "mine.gguf", gguf())
    assert choose(str(good), tmp_path, 16 * GB, 4096).path == good
    bad = write(tmp_path / "bad.gguf", b"ggml")
    with pytest.raises(ModelError, match="GGML"):
        choose(str(bad), tmp_path, 16 * GB, 4096)


def test_a_damaged_file_is_passed_over_and_named(folder: Path) -> None:
    damaged = folder / "codellama-13b-instruct.Q4_K_M.gguf"
    write(damaged, gguf(16000, given_bytes=8000))
    chosen = choose("auto", folder, 16 * GB, 4096)
    assert chosen.path.name == "codellama-7b-instruct.Q4_K_M.gguf"
    assert f"{damaged.name} is cut off" in chosen.note
    for path in folder.glob("*.gguf"):
        write(path, b"GGUF")
    with pytest.raises(ModelError, match="cut off"):
        choose("auto", folder, 16 * GB, 4096)


def test_what_was_named_is_taken_and_the_note_says_what_would_fit(folder: Path) -> None:
    chosen = choose("codellama-13b", folder, 3 * GB, 4096)
    assert chosen.path.name == "codellama-13b-instruct.Q4_K_M.gguf"
    assert "needs 3.7 GB of memory, and only 3.0 GB is free" in chosen.note
    assert "set herdmate.model to codellama-7b-instruct.Q4_K_M.gguf, which fits" in chosen.note


def test_where_nothing_here_fits_a_smaller_one_is_named(tmp_path: Path) -> None:
    write(tmp_path / catalogue.find("codellama-13b").file, gguf())
    with pytest.raises(ModelError, match="pull starter-1"):
        choose("auto", tmp_path, 2 * GB, 4096)


def test_codellama_is_not_advised_where_it_cannot_be_loaded(folder: Path) -> None:
    for path in folder.glob("codellama*"):
        path.unlink()
    assert "needs 6.6 GB of memory" in choose("auto", folder, 5 * GB, 4096).note


def test_a_file_name_in_the_model_folder(folder: Path) -> None:
    assert choose("other.gguf", folder, 16 * GB, 4096).path == folder / "other.gguf"
    name = catalogue.find("codellama-7b").file
    assert choose(name, folder, 16 * GB, 4096).model == catalogue.find("codellama-7b")


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="models list"):
        choose("gpt-4", tmp_path, 16 * GB, 4096)


def test_a_context_of_0_tokens_counts_as_the_models_own() -> None:
    model = catalogue.find("codellama-7b")
    own = needed_memory(model.size, model, model.context)
    assert needed_memory(model.size, model, 0) == own > needed_memory(model.size, model, 4096)
    assert needed_memory(1, None, 0) > needed_memory(1, None, 4096)


def test_a_server_elsewhere_gets_the_models_that_are_meant_here(tmp_path: Path) -> None:
    """Not what is a name on a remote server."""
    own = {"model": "here/a.gguf", "delay": 9}
    found = all_from_here({"model": "auto", "completion": own}, tmp_path)
    assert found["model"] == "auto"
    assert found["completion"] == {"model": str(Path.cwd() / "here" / "a.gguf"), "delay": 9}
    remote = {"completion": {"model": "Qwen/small", "remoteUrl": "http://127.0.0.1:1"}}
    assert all_from_here(remote, tmp_path) == remote
    assert all_from_here({}, tmp_path) == {}
