"""What git says has changed, for ``/diff`` in a conversation.

git runs programs that a repository's own settings name: monitors, filters, converters, other diff
programs and transports. All of them are switched off, because the repository may be a stranger's.
"""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator, Mapping
from pathlib import Path

from herdmate.child_process import environment, start, which
from herdmate.cli.text_files import MOST_BYTES
from herdmate.context.git_config import repository_of
from herdmate.context.withheld import reason_to_withhold_file
from herdmate.errors import SelectionError

_SECONDS = 30.0
_MOST_WITHHELD = 200
_HARMLESS = (
    ("core.fsmonitor", "false"), ("core.hooksPath", os.devnull), ("diff.external", ""),
    ("protocol.allow", "never"),
)  # fmt: skip
_DIFF = ("diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames",
         "--ignore-submodules=all")  # fmt: skip


async def changes(folder: Path) -> tuple[str, int]:
    """The diff of a folder's repository since its last commit, and how many files were withheld.

    Files that the model must not see are left out. Raises ``SelectionError``.
    """
    if (git := which("git")) is None:
        raise SelectionError("There is no git on the search path; install it, or name files.")
    if (top := repository_of(folder)) is None:
        raise SelectionError(f"{folder} is in no git repository; name files with /file.")
    settings = {**dict(_HARMLESS), **dict.fromkeys(await _filters(git, top), "")}
    names = (await _output(git, top, settings, *_DIFF, "--name-only", "-z")).split("\0")
    withheld = [name for name in names if name and reason_to_withhold_file(top / name, ())]
    if len(withheld) > _MOST_WITHHELD:
        raise SelectionError("Too many of the changed files hold secrets; name others with /file.")
    left_out = [f":(top,exclude,literal){name}" for name in withheld]
    text = await _output(git, top, settings, *_DIFF, "--", ":(top)", *left_out)
    if not text.strip():
        raise SelectionError("Nothing has changed since the last commit that git knows of.")
    return text, len(withheld)


async def _filters(git: str, top: Path) -> Iterator[str]:
    """The settings by which the repository itself, not the user, has git run filters."""
    pattern = r"^filter\..*\.(clean|process|smudge|required)$"
    words = ("config", "--show-scope", "--name-only", "-z", "--get-regexp", pattern)
    parts = (await _output(git, top, {}, *words, fails=True)).split("\0")
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return (key for scope, key in pairs if scope in ("local", "worktree"))


async def _output(
    git: str, top: Path, settings: Mapping[str, str], *words: str, fails: bool = False
) -> str:
    """What git prints. Raises ``SelectionError`` with what it says if it fails."""
    given = {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_NO_LAZY_FETCH": "1",
             "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0",
             "GIT_WORK_TREE": str(top)}  # whatever the repository says  # fmt: skip
    for at, (key, value) in enumerate(settings.items()):
        given |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
    env = {name: value for name, value in environment().items() if not name.startswith("GIT_")}
    process = await start(
        git, "--no-pager", *words, cwd=str(top), env={**env, **given},
        stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        out, complaint = await asyncio.wait_for(_read(process), _SECONDS)
    except asyncio.TimeoutError as error:
        raise SelectionError("git does not answer; name files with /file.") from error
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    if len(out) > MOST_BYTES:
        raise SelectionError(f"More than {MOST_BYTES >> 20} MB have changed; name files instead.")
    if process.returncode and not fails:
        said = complaint.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
        raise SelectionError(f"git says: {said[0].removeprefix('fatal: ')}")
    return out.decode("utf-8", "surrogateescape")


async def _read(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Standard output, one byte more than allowed at most, and the beginning of standard error."""
    assert process.stdout is not None
    assert process.stderr is not None
    complaint = asyncio.ensure_future(process.stderr.read(4096))
    try:
        out = await process.stdout.readexactly(MOST_BYTES + 1)
    except asyncio.IncompleteReadError as error:
        out = error.partial
        await process.wait()
    return out, await complaint
