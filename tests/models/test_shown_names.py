"""A model has one name: that by which it is listed, not what its file calls itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.engine.start import LlamaStart
from herdmate.engine.tuned_loading import load
from herdmate.generation import ModelInfo
from herdmate.lsp.state import RoleModel
from herdmate.models import choose as choosing
from herdmate.models.choose import choose
from herdmate.models.discovery import Found
from herdmate.models.judgement import judged
from herdmate.models.listing import listed
from herdmate.prompting.families import family_of


@pytest.mark.parametrize("setting", ["auto", "mine.gguf", "theirs:7b", "PATH"])
def test_what_is_loaded_has_the_name_that_is_listed(
    setting: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setattr(choosing, "loadable", lambda _path: None)
    shutil.copyfile(tiny_model, folder / "mine.gguf")
    theirs = Found("theirs:7b", tiny_model, 1, None, "Ollama", instructs=True)
    named = str(folder / "mine.gguf") if setting == "PATH" else setting
    chosen = choose(named, folder, 10**12, 512, [theirs])
    assert chosen.name == ("theirs:7b" if setting == "theirs:7b" else "mine.gguf")
    info = load(LlamaStart(str(chosen.path), 512, 1, 0, name=chosen.name), lambda _: None).info
    assert info.shown == chosen.name
    assert info.name != chosen.name


def _info(listed: str) -> ModelInfo:
    return ModelInfo("/m/sha256-0", "AWQ", "llama", "spm", 9, 9, 9, 9, 9, 9, listed=listed)


@pytest.mark.parametrize(("listed", "shown"), [("codellama:7b", "codellama:7b"), ("", "AWQ")])
def test_what_is_said_of_it_names_it_so(listed: str, shown: str) -> None:
    family = family_of(_info(listed))
    assert str(family.note).startswith(f"{shown} was not trained")
    assert family.refusal.startswith(f"{shown} ")
    model = RoleModel(host=None, info=_info(listed))  # type: ignore[arg-type]
    assert model.name == shown


def test_lists_and_reports_name_it_so(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    path = shutil.copyfile(tiny_model, tmp_path / "models" / "mine.gguf")
    assert judged(path)[1].note is None or "mine.gguf" in str(judged(path)[1].note)
    assert [item.title for item in listed(tmp_path / "models", 512) if item.path] == ["mine"]
    main(["models", "inspect", "mine.gguf"])
    assert "name          mine.gguf\n" in capsys.readouterr().out
