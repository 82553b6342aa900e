"""Models of other programs, in folders made as theirs are."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from herdmate.errors import NoModelError
from herdmate.models import catalogue, discovery
from herdmate.models.catalogue import CatalogueModel
from herdmate.models.choose import Chosen, choose
from herdmate.models.listing import listed
from herdmate.models.verified_fetch import FetchProgress, fetch
from tests.models.gguf_file import catalogued, gguf, string, write

GB = 10**9
STARTER = catalogue.starter()
SEVEN = catalogue.find("codellama-7b")
_OLLAMA = "application/vnd.ollama.image.model"
QWEN = "Qwen2.5-Coder-3B-Instruct-Q5_K_M.gguf"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "OLLAMA_MODELS",
                 "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _put(path: Path, data: bytes = b"", size: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, data or gguf())
    if size:
        os.truncate(path, size)  # with holes
    return path


def _ollama(folder: Path, model: str, data: bytes, template: str = "") -> Path:
    """What ``ollama pull`` leaves; ``model`` is host/namespace/name/tag."""
    layers = []
    kinds = {"model": data, "template": template.encode(), "license": b"some licence"}
    for kind, content in kinds.items():
        digest = hashlib.sha256(content).hexdigest()
        path = _put(folder / "blobs" / f"sha256-{digest}", content) if content else Path()
        layers.append({
            "mediaType": f"application/vnd.ollama.image.{kind}", "digest": f"sha256:{digest}",
        })  # fmt: skip
        if kind == "model":
            blob = path
    manifest = folder / "manifests" / model
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return blob


def _found() -> dict[str, tuple[str, Path]]:
    return {item.name: (item.place, item.path) for item in discovery.in_place()}


def test_nothing_is_there() -> None:
    assert discovery.in_place() == ()


def test_every_programs_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = home / "big disk"
    (home / ".lmstudio").mkdir()
    (home / ".lmstudio" / "settings.json").write_text(
        json.dumps({"downloadsFolder": str(elsewhere)})
    )
    files = {
        "a.gguf": ("LM Studio", home / ".lmstudio/models/maker/a-GGUF/a.gguf"),
        "b.gguf": ("LM Studio", home / ".cache/lm-studio/models/maker/b-GGUF/b.gguf"),
        "c.gguf": ("LM Studio", elsewhere / "maker/c-GGUF/c.gguf"),
        "d.gguf": ("text-generation-webui", home / "text-generation-webui/models/d.gguf"),
        "e.gguf": (
            "text-generation-webui", home / "text-generation-webui/user_data/models/e/e.gguf"
        ),
        "f.gguf": (
            "Hugging Face", home / ".cache/huggingface/hub/models--m--f/snapshots/abc/sub/f.gguf"
        ),
    }  # fmt: skip
    for at, (_, path) in enumerate(files.values()):
        _put(path, gguf(4 * at + 4))
    assert _found() == files
    monkeypatch.setenv("HF_HOME", str(home / "hf"))
    moved = _put(home / "hf/hub/models--m--g/snapshots/abc/g.gguf")
    assert "f.gguf" not in _found()
    assert _found()["g.gguf"] == ("Hugging Face", moved)


def test_lm_studios_home_may_be_elsewhere(home: Path) -> None:
    (home / ".lmstudio-home-pointer").write_text(f"{home / 'studio'}\n")
    path = _put(home / "studio/models/maker/a/a.gguf")
    assert _found() == {"a.gguf": ("LM Studio", path)}


def test_ollama_by_its_manifests(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / ".ollama/models"
    blob = _ollama(folder, "registry.ollama.ai/library/codellama/7b", gguf(8), "[INST] {{ . }}")
    other = _ollama(folder, "registry.ollama.ai/someone/mine/latest", gguf(16))
    assert _found() == {
        "codellama:7b": ("Ollama", blob),
        "registry.ollama.ai/someone/mine:latest": ("Ollama", other),
    }
    assert choose("registry.ollama.ai/someone/mine:latest", home, 16 * GB, 4096,
                  discovery.in_place()).path == other  # fmt: skip
    chosen = choose("auto", home / "none", 16 * GB, 4096, discovery.in_place())
    assert (chosen.path, chosen.note) == (blob, "")  # its template says that it can be instructed
    monkeypatch.setenv("OLLAMA_MODELS", str(home / "moved"))
    assert _found() == {}


@pytest.mark.parametrize(
    "manifest",
    [
        "", "[]", "{", '{"layers": 3}', '{"layers": [7, {"mediaType": 1}]}', "[" * 100_000,
        json.dumps({"layers": [{"mediaType": _OLLAMA}]}),
        json.dumps({"layers": [{"mediaType": _OLLAMA, "digest": "sha256:../.."}]}),
        json.dumps({"layers": [{"mediaType": _OLLAMA, "digest": f"sha256:{'0' * 64}"}]}),
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_passed_over(home: Path, manifest: str) -> None:
    path = home / ".ollama/models/manifests/registry.ollama.ai/library/x/latest"
    path.parent.mkdir(parents=True)
    path.write_text(manifest)
    assert _found() == {}


def test_a_file_is_listed_once_however_often_it_is_linked_to(home: Path) -> None:
    snapshots = home / ".cache/huggingface/hub/models--m--a/snapshots"
    blob = _put(home / ".cache/huggingface/hub/models--m--a/blobs/0123")
    for revision in ("abc", "def"):
        (snapshots / revision).mkdir(parents=True)
        (snapshots / revision / "a.gguf").symlink_to(blob)
    (home / "text-generation-webui/models").mkdir(parents=True)
    (home / "text-generation-webui/models/a.gguf").symlink_to(blob)
    assert _found() == {"a.gguf": ("Hugging Face", snapshots / "abc/a.gguf")}


def test_two_files_of_one_name_can_be_told_apart(home: Path) -> None:
    first = _put(home / ".lmstudio/models/one/x/a.gguf", gguf(8))
    second = _put(home / ".lmstudio/models/two/x/a.gguf", gguf(16))
    assert _found() == {"a.gguf": ("LM Studio", first), str(second): ("LM Studio", second)}
    found = discovery.in_place()
    assert [choose(item.name, home, GB, 1, found).path for item in found] == [first, second]


def test_circles_of_links_and_folders_that_cannot_be_read(home: Path) -> None:
    models = home / ".lmstudio/models"
    path = _put(models / "maker/x/a.gguf")
    (models / "maker/circle").symlink_to(models)
    (models / "maker/nowhere").symlink_to(home / "no such")
    (models / "maker/gone.gguf").symlink_to(home / "no such.gguf")
    locked = models / "locked"
    _put(locked / "b.gguf")
    locked.chmod(0)
    try:
        found = _found()
    finally:
        locked.chmod(0o700)
    found.pop("b.gguf", None)  # root reads it all the same
    assert found == {"a.gguf": ("LM Studio", path)}


def test_what_writes_no_text_is_not_offered(home: Path) -> None:
    models = home / ".lmstudio/models/maker/x"
    _put(models / "mmproj-model-f16.gguf")
    _put(models / "llava-mmproj.gguf")
    _put(models / "clip.gguf", _of_architecture("clip"))
    _put(models / "embed.gguf", _of_architecture("bert"))
    _put(models / "good.gguf", _of_architecture("llama"))
    names = {model.name for model in listed(home / "own", 4096, discovery.in_place()) if model.path}
    assert "good.gguf" in names
    assert not names & {"clip.gguf", "embed.gguf", "mmproj-model-f16.gguf", "llava-mmproj.gguf"}


def test_a_file_of_the_catalogue_goes_by_its_name_and_has_to_have_its_size(home: Path) -> None:
    _put(home / ".lmstudio/models/Qwen/x" / STARTER.file, size=STARTER.size)
    _put(home / "text-generation-webui/models" / SEVEN.file)  # of another size
    found = {model.name: model for model in listed(home / "own", 4096, discovery.in_place())}
    assert found[STARTER.name].place == "LM Studio"
    assert found[SEVEN.name].path is None
    assert found[SEVEN.file].place == "text-generation-webui"
    chosen = choose("starter", home / "own", 16 * GB, 4096, discovery.in_place())
    assert chosen.model == STARTER
    with pytest.raises(NoModelError, match="pull codellama-7b"):
        choose("codellama-7b", home / "own", 16 * GB, 4096, discovery.in_place())


def test_auto_takes_of_others_only_what_is_known_to_follow_instructions(home: Path) -> None:
    models = home / ".lmstudio/models/maker/x"
    _put(models / "mistral-7b-instruct.gguf", gguf(64000))
    _put(models / "Qwen2.5-Coder-3B-Q5_K_M.gguf", gguf(32000))
    with pytest.raises(NoModelError):
        choose("auto", home / "own", 16 * GB, 4096, discovery.in_place())
    _put(models / QWEN, gguf(8000))
    assert _auto(home).path.name == QWEN
    own = home / "own" / STARTER.file
    _put(own)
    assert _auto(home).path == own  # ours goes first, but for CodeLlama
    _put(models / "CodeLlama-13B-Instruct.Q4_K_M.gguf", gguf(16000))
    assert _auto(home).path.name == "CodeLlama-13B-Instruct.Q4_K_M.gguf"


async def test_what_another_program_has_is_not_fetched_but_checked(home: Path) -> None:
    data = gguf(1 << 16)
    model = catalogued(data)
    path = _put(home / ".lmstudio/models/maker/x/tiny.gguf", data)
    told: list[FetchProgress] = []
    assert await fetch(model, home / "own", told.append, _as(model, path)) == path
    assert told[-1] == FetchProgress("checking", len(data), len(data), "LM Studio")
    assert not (home / "own" / "tiny.gguf").exists()
    _put(path, data[:-1] + b"\0")
    with pytest.raises(Exception, match="could not be fetched"):
        await fetch(model, home / "own", told.append, _as(model, path))
    assert path.exists()


def _as(model: CatalogueModel, path: Path) -> tuple[discovery.Found, ...]:
    return (discovery.Found(path.name, path, model.size, model, "LM Studio"),)


def _auto(home: Path) -> Chosen:
    return choose("auto", home / "own", 16 * GB, 4096, discovery.in_place())


def _of_architecture(name: str) -> bytes:
    return gguf().replace(string("llama"), string(name), 1)


@pytest.mark.parametrize(
    "told", ["\0", "~no-such-user/x", "a\0b", "x" * 5000, "/dev/zero", "\ud800"]
)
def test_a_folder_that_is_none_is_passed_over(home: Path, told: str) -> None:
    settings = home / ".lmstudio" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"downloadsFolder": told}))
    if "\ud800" not in told:
        (home / ".lmstudio-home-pointer").write_text(told)
    assert discovery.in_place() == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(home: Path) -> None:
    (home / ".lmstudio").mkdir()
    os.mkfifo(home / ".lmstudio" / "settings.json")
    os.mkfifo(home / ".lmstudio-home-pointer")
    assert discovery.in_place() == ()


@pytest.mark.skipif(sys.platform == "win32", reason="homes are known by other variables there")
@pytest.mark.parametrize("name", ["OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE"])
def test_a_home_that_is_nobodys_hides_no_other_models(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "~nobody-of-this-name/models")
    path = _put(home / ".lmstudio/models/maker/x/a.gguf")
    assert path in [found.path for found in discovery.in_place()]
