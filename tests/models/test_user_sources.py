"""Files that the user names, from a real server on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.cli import main
from herdmate.errors import FetchError, ModelError
from herdmate.models import catalogue, verified_fetch
from herdmate.models.catalogue import HuggingFaceFile, WebFile
from herdmate.models.choose import choose
from herdmate.models.report import report
from herdmate.models.resolve import asked, fetched
from herdmate.models.split import parts_of
from herdmate.models.user_sources import models_of, pinned
from herdmate.models.verified_fetch import FetchProgress
from tests.models.file_server import Files, serving
from tests.models.gguf_file import gguf, write

DATA = gguf(3 << 20)
PARTS = [gguf(8192), gguf(16384), gguf(4096)]
NAMES = parts_of("big-00001-of-00003.gguf")
HUB = "/some/where/resolve"
LOCK = ".tiny.gguf.lock"


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """A server that is a web server and Hugging Face at once."""
    data = {"/a/tiny.gguf": DATA}
    data |= {f"{HUB}/{revision}/sub/tiny.gguf": DATA for revision in ("main", "c0ffee")}
    data |= {f"/big/{name}": part for name, part in zip(NAMES, PARTS, strict=True)}
    with serving(data) as files:
        monkeypatch.setenv("HF_ENDPOINT", files.url)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield files


async def _get(name: str, folder: Path) -> list[Path]:
    return [
        await verified_fetch.fetch(model, folder, _ignore) for model in await asked(name, folder)
    ]


@pytest.mark.parametrize("is_hub", [True, False])
async def test_the_first_fetch_pins(files: Files, tmp_path: Path, is_hub: bool) -> None:
    sha256 = hashlib.sha256(DATA).hexdigest()
    if is_hub:
        files.headers = {"ETag": f'"{sha256}"', "X-Repo-Commit": "c0ffee"}
    name = "hf:some/where/sub/tiny.gguf" if is_hub else f"{files.url}/a/tiny.gguf"
    (model,) = await asked(name, tmp_path)
    assert (model.size, model.sha256) == (len(DATA), sha256 if is_hub else "")
    assert model.licence_url.endswith("some/where" if is_hub else "tiny.gguf")
    path = await verified_fetch.fetch(model, tmp_path, _ignore)
    assert path == tmp_path / "tiny.gguf"
    assert path.read_bytes() == DATA
    pin = pinned(model.name, tmp_path)
    assert pin is not None
    assert (pin.size, pin.sha256) == (len(DATA), sha256)
    assert set(files.tokens) == {None}
    asked_before = len(files.gets())
    assert await _get(name, tmp_path) == [path]
    assert len(files.gets()) == asked_before
    if is_hub:
        assert files.gets()[0][0].startswith(f"{HUB}/c0ffee/")


async def test_another_file_under_the_same_address_is_refused(files: Files, tmp_path: Path) -> None:
    name = f"{files.url}/a/tiny.gguf"
    (path,) = await _get(name, tmp_path)
    path.unlink()
    files.data["/a/tiny.gguf"] = DATA[:-1] + b"\7"
    with pytest.raises(FetchError, match="differs from the file that was first fetched") as caught:
        await _get(name, tmp_path)
    assert f"herdmate models rm {name}" in str(caught.value)
    assert not path.exists()
    files.data["/a/tiny.gguf"] = DATA + b"\7"  # is refused without a byte of it
    gets = len(files.gets())
    with pytest.raises(FetchError, match="differs from the file that was first fetched from there"):
        await _get(name, tmp_path)
    assert len(files.gets()) == gets
    (model,) = fetched(name, tmp_path)
    verified_fetch.remove(model, tmp_path)
    assert (await _get(name, tmp_path))[0].read_bytes() == DATA + b"\7"


async def test_a_cancelled_fetch_goes_on(files: Files, tmp_path: Path) -> None:
    (model,) = await asked(f"{files.url}/a/tiny.gguf", tmp_path)
    await _cancelled_at_2_mb(model, files, tmp_path)
    assert not (tmp_path / "tiny.gguf").exists()
    (path,) = await _get(f"{files.url}/a/tiny.gguf", tmp_path)
    assert path.read_bytes() == DATA
    assert [asked for _, asked in files.gets()] == [None, f"bytes={2 << 20}-"]


async def test_what_was_begun_of_another_file_is_not_gone_on_with(
    files: Files, tmp_path: Path
) -> None:
    name = f"{files.url}/a/tiny.gguf"
    files.headers = {"ETag": '"one"'}
    (model,) = await asked(name, tmp_path)
    await _cancelled_at_2_mb(model, files, tmp_path)
    files.headers = {"ETag": '"two"'}
    other = files.data["/a/tiny.gguf"] = gguf(3 << 20).replace(b"\1" * 8, b"\2" * 8)
    assert (await _get(name, tmp_path))[0].read_bytes() == other


async def test_a_server_that_takes_no_ranges(files: Files, tmp_path: Path) -> None:
    (model,) = await asked(f"{files.url}/a/tiny.gguf", tmp_path)
    await _cancelled_at_2_mb(model, files, tmp_path)
    files.takes_ranges = False
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA


async def test_the_host_is_asked_for_a_size_that_is_known_roughly(
    files: Files, tmp_path: Path
) -> None:
    model = replace(
        catalogue.starter(), name="tiny", file="tiny.gguf", size=len(DATA) + 1000, rounded=True,
        sha256=hashlib.sha256(DATA).hexdigest(),
        sources=(HuggingFaceFile("some/where", "c0ffee", "sub/tiny.gguf"),),
    )  # fmt: skip
    path = await verified_fetch.fetch(model, tmp_path, _ignore)
    assert path.read_bytes() == DATA
    assert await verified_fetch.fetch(replace(model, sources=()), tmp_path, _ignore) == path


@pytest.mark.parametrize("named", NAMES)
async def test_all_parts_of_a_split_file(files: Files, tmp_path: Path, named: str) -> None:
    paths = await _get(f"{files.url}/big/{named}", tmp_path)
    assert [path.read_bytes() for path in paths] == PARTS
    size = sum(map(len, PARTS))
    assert report(paths[0], 512).size == size
    assert report(paths[0], 512).faults == report(write(tmp_path / "x.gguf", gguf()), 512).faults
    (tmp_path / "x.gguf").unlink()
    assert choose("auto", tmp_path, 10**10, 512).path == paths[0]  # the others are no models
    paths[1].unlink()
    for give in ("auto", NAMES[0]):
        with pytest.raises(ModelError, match=f"{NAMES[1]} is missing next to it"):
            choose(give, tmp_path, 10**10, 512)
    assert f"{NAMES[1]} is missing" in " ".join(report(paths[0], 512).faults)
    with pytest.raises(ModelError, match=f"choose the first, {NAMES[0]}"):
        choose(str(paths[2]), tmp_path, 10**10, 512)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("http://example.org/a.gguf", "not a valid https:// address"),
        ("ftp://example.org/a.gguf", "not a valid https:// address"),
        ("https://[/a.gguf", "not a valid https:// address"),
        ("https://me:secret@example.org/a.gguf", "password"),
        ("https://example.org/a.bin", "not a GGUF file"),
        ("https://example.org/.gguf", "not a GGUF file"),
        ("https://example.org/x%5C..%5Ca.gguf", "not a GGUF file"),
        ("hf:owner/a.gguf", "OWNER/REPO/FILE"),
        ("hf:owner/repo/../a.bin", "OWNER/REPO/FILE"),
        ("hf:owner/repo/../../a.gguf", "not a path within a repository"),
        ("hf:../repo/a.gguf", "not a path within a repository"),
        ("https://example.org/a-00001-of-99999.gguf", "at most 100"),
    ],
)
def test_what_is_refused_before_anybody_is_asked(name: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        models_of(name)


def test_a_key_in_an_address_is_not_kept() -> None:
    (model,) = models_of("https://example.org/a.gguf?key=secret#part")
    assert model.name == "https://example.org/a.gguf"
    assert model.sources == (WebFile("https://example.org/a.gguf?key=secret#part"),)


async def test_redirects_are_followed_but_to_no_address_that_is_not_safe(
    files: Files, tmp_path: Path
) -> None:
    """Nobody is asked there: the name does not even exist."""
    files.moved["/a/moved.gguf"] = "/a/tiny.gguf"
    (path,) = await _get(f"{files.url}/a/moved.gguf", tmp_path)
    assert path.read_bytes() == DATA
    files.moved["/a/lost.gguf"] = "http://no.such.invalid/a/tiny.gguf"
    files.moved["/a/circle.gguf"] = "/a/circle.gguf"
    for name, words in (("lost", "without https://"), ("circle", "endlessly")):
        with pytest.raises(FetchError, match=words):
            await asked(f"{files.url}/a/{name}.gguf", tmp_path)


async def test_a_file_that_is_not_there_or_has_no_size(files: Files, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="404"):
        await asked(f"{files.url}/a/none.gguf", tmp_path)
    with pytest.raises(FetchError, match=r"Hugging Face (does not have it|could not be asked)"):
        await asked("hf:some/where/none.gguf", tmp_path)
    files.says_size = False
    with pytest.raises(FetchError, match="report the size"):
        await asked(f"{files.url}/a/tiny.gguf", tmp_path)


async def test_no_file_is_hidden_by_another(files: Files, tmp_path: Path) -> None:
    write(tmp_path / "tiny.gguf", b"mine")
    with pytest.raises(ModelError, match="from another source"):
        await asked(f"{files.url}/a/tiny.gguf", tmp_path)
    starter = catalogue.starter()
    with pytest.raises(ModelError, match="in the catalogue"):
        await asked(f"{files.url}/a/{starter.file}", tmp_path)
    source = starter.sources[0]
    assert isinstance(source, HuggingFaceFile)
    assert await asked(f"hf:{source.repository}/{source.file}", tmp_path) == (starter,)


def test_in_the_terminal(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    assert main(["models", "pull", f"{files.url}/a/tiny.gguf"]) == 0
    said = capsys.readouterr().out
    assert "tiny.gguf: 0.01 GB, its hash will be pinned once fetched" in said
    assert f"Licence unknown: see {files.url}/a/tiny.gguf" in said
    assert f"SHA-256 {hashlib.sha256(DATA).hexdigest()}" in said
    assert main(["models", "rm", "--yes", f"{files.url}/a/tiny.gguf"]) == 0
    assert not (tmp_path / "models" / "tiny.gguf").exists()
    assert main(["models", "rm", "--yes", f"{files.url}/a/tiny.gguf"]) == 1


async def _cancelled_at_2_mb(model: catalogue.CatalogueModel, files: Files, folder: Path) -> None:
    def cancel(state: FetchProgress) -> None:
        if state.done == 2 << 20:
            task.cancel()

    files.stalls_after = 5 << 19
    task = asyncio.ensure_future(verified_fetch.fetch(model, folder, cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    files.stalls_after = 0
    files.go_on.set()


def _ignore(_state: FetchProgress) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize(
    "data",
    [
        b'{"error": "not found"}',
        b"<!DOCTYPE html><html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"GGUF",
        gguf()[:60],
        gguf(1 << 20, given_bytes=100),
        b"GGUF" + b"\xff" * 200,
        b"GGUF" + struct.pack("<IQQ", 3, 0, 0),
    ],
)
@pytest.mark.parametrize("is_hub", [False, True])
async def test_what_is_no_model_is_not_pinned(
    files: Files, tmp_path: Path, data: bytes, is_hub: bool
) -> None:
    for path in (f"{HUB}/{at}/sub/tiny.gguf" for at in ("main", "c0ffee")):
        files.data[path] = data
    files.data["/a/tiny.gguf"] = data
    files.headers = {"ETag": '"one"'}
    name = "hf:some/where/sub/tiny.gguf" if is_hub else f"{files.url}/a/tiny.gguf"
    with pytest.raises(FetchError, match=r"tiny\.gguf (is|has|does) .*so it was not kept"):
        await _get(name, tmp_path)
    assert pinned(name, tmp_path) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / LOCK]


async def test_a_model_of_unknown_hash_is_fetched_by_its_name(files: Files, tmp_path: Path) -> None:
    for revision in ("main", "c0ffee"):
        files.data[f"/TabbyML/models/resolve/{revision}/codegemma-2b.Q8_0.gguf"] = DATA
    files.headers = {"X-Repo-Commit": "c0ffee"}
    with pytest.raises(ModelError, match="was never fetched"):
        fetched("codegemma-2b", tmp_path)
    (model,) = await asked("CodeGemma-2B", tmp_path)
    assert model.licence == "Gemma Terms of Use"
    assert model.licence_url.startswith("https://ai.google.dev")
    assert "Prohibited Use Policy" in model.notice
    path = await verified_fetch.fetch(model, tmp_path, _ignore)
    assert path.read_bytes() == DATA
    (known,) = fetched("codegemma-2b", tmp_path)
    assert known.sha256 == hashlib.sha256(DATA).hexdigest()
    files.data["/TabbyML/models/resolve/main/codegemma-2b.Q8_0.gguf"] = DATA + b"\7"
    path.unlink()
    with pytest.raises(FetchError, match="differs from the file that was first fetched"):
        await asked("codegemma-2b", tmp_path)
