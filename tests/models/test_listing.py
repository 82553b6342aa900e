"""What can be chosen."""

from __future__ import annotations

from pathlib import Path

from herdmate.models import catalogue
from herdmate.models.listing import listed
from tests.models.gguf_file import gguf, write


def test_what_is_here_comes_first_and_once(tmp_path: Path) -> None:
    starter = catalogue.starter()
    path = write(tmp_path / starter.file, gguf())
    own = write(tmp_path / "own.gguf", gguf())
    write(tmp_path / "page.gguf", b"<!doctype html>")
    found = listed(tmp_path, 4096)
    assert [model.path for model in found[:3]] == [own, path, None]
    names = [model.name for model in found]
    assert names[:2] == ["own.gguf", starter.name]
    assert len(set(names)) == len(names)
    assert set(names) == {"own.gguf", *(model.name for model in catalogue.models())}


def test_what_each_can_do(tmp_path: Path) -> None:
    write(tmp_path / "own.gguf", gguf())
    found = {model.name: model for model in listed(tmp_path, 4096)}
    seven, large = (found[f"codellama-{size}-instruct-q4_k_m"] for size in ("7b", "34b"))
    assert (seven.infill, seven.instruct, seven.context) == (True, True, 16384)
    assert (large.infill, large.instruct) == (False, True)
    assert seven.needs > seven.size
    assert (found["own.gguf"].infill, found["own.gguf"].instruct) == (False, False)
