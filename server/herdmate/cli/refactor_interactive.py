"""``herdmate refactor -i``: the user takes or leaves each hunk, and nothing is written before.

The keys are those of ``git add -p``. A change can also be asked for again, or in other words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from herdmate.actions.context import ActionContext
from herdmate.actions.edits import unified
from herdmate.cli.action_checks import Words, action_input_for
from herdmate.cli.console import show_diff
from herdmate.cli.failures import tell_failure
from herdmate.cli.patch import show
from herdmate.cli.refactor_result import (
    Result,
    Task,
    result_of,
    with_hunks,
    write_result,
)
from herdmate.cli.terminal import can_ask, is_piped, tell, tell_error
from herdmate.cli.wording import in_terminal
from herdmate.context import syntax
from herdmate.errors import HerdmateError, SelectionError, UnchangedError
from herdmate.printable import counted
from herdmate.prompting.library import Action
from herdmate.text import Edit, apply_edits

Read = Callable[[str, str], Awaitable[str]]
"""Reads one line after a prompt; the second text is there already and can be changed."""

_KEYS = {
    "y": "take this hunk",
    "n": "leave it as it is",
    "a": "take it and the rest of this file",
    "d": "leave it and the rest of this file",
    "q": "leave all that has not been asked about yet, and end",
    "r": "ask the model again for this file, for something else",
    "w": "say in other words what to change, and ask for that",
    "?": "this list; Ctrl-C ends without writing anything",
}
_OF_NEW_FILES = "ynq?"
"""A new file has one hunk, and is written the same way however often one asks."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the user took of one file, which had ``hunks`` in all."""

    task: Task
    result: Result
    hunks: int


@dataclass(frozen=True, slots=True)
class Asking:
    """What a review needs besides the places: ``other`` is the action for other words."""

    action: Action
    other: Action
    context: ActionContext
    read: Read


def refuse_without_terminal() -> None:
    """Raise ``SelectionError`` if there is nobody to ask."""
    if not can_ask():
        why = "standard input is a pipe; say with --instruction what is wrong, or"
        why = why if is_piped() else "this is none;"
        raise SelectionError(
            f"-i asks about each change on a terminal, and {why} leave it out for a patch, or take "
            "--write."
        )


def line_reader() -> Read:
    """A function that reads from the terminal. It raises ``EOFError`` and ``KeyboardInterrupt``."""
    from prompt_toolkit import PromptSession  # takes a third of a second

    session: PromptSession[str] = PromptSession()

    async def read(prompt: str, default: str) -> str:
        return await session.prompt_async(prompt, default=default)

    return read


async def review(tasks: Sequence[Task], asking: Asking) -> int:
    """Ask about every hunk of every place, then write what was taken; returns how many failed."""
    chosen: list[Chosen] = []
    failed = 0
    for task in tasks:
        try:
            item, key = await _reviewed(task, asking)
        except HerdmateError as error:
            if len(tasks) == 1:
                raise
            failed += 1
            tell_failure(task.file, error)
            continue
        if item is not None:
            chosen.append(item)
        if key == "q":
            break
    chosen = [item for item in chosen if await _is_meant(item, asking.read)]
    failed += sum(not _written(item) for item in chosen)
    if not chosen:
        tell("Nothing was written.")
    elif left := _left(tasks, chosen):
        tell(f"Left as before: {', '.join(left)}.")
    return failed


def _left(tasks: Sequence[Task], chosen: Sequence[Chosen]) -> list[str]:
    """The files of which nothing was taken."""
    return [
        task.file.place.name for task in tasks
        if not any(item.task.file is task.file for item in chosen)
    ]  # fmt: skip


async def _reviewed(task: Task, asking: Asking) -> tuple[Chosen | None, str]:
    """What the user takes of one place, ``None`` if nothing, and the last key."""
    action, result = asking.action, await result_of(task, asking.action, asking.context)
    while True:
        taken, key = await _hunk_by_hunk(task, result, asking.read)
        if key not in ("r", "w"):
            break
        try:
            task, action = await _asked_otherwise(task, action, result, key, asking)
            result = _other(task, await result_of(task, action, asking.context))
        except UnchangedError as error:
            tell(in_terminal(str(error)))
        except HerdmateError as error:
            tell_error(in_terminal(str(error)))
    if not taken:
        return None, key
    return Chosen(task, with_hunks(task, result, taken), len(result.hunks)), key


async def _asked_otherwise(
    task: Task, action: Action, result: Result, key: str, asking: Asking
) -> tuple[Task, Action]:
    """The same place for another answer, or with the user's words."""
    given = task.action_input
    if key == "r":
        rejected = (*given.rejected, result.text)
        return replace(task, action_input=replace(given, rejected=rejected)), action
    takes_words = action.asks_instruction or bool(given.problems)
    try:
        said = await asking.read("What to change: ", given.instruction)
    except EOFError:
        said = ""
    if not said.strip():
        raise SelectionError("Nothing was said, so the model was not asked.")
    action = action if takes_words else asking.other
    return replace(task, action_input=action_input_for(action, task.selection, Words(said))), action


def _other(task: Task, result: Result) -> Result:
    """A result that has not been shown. Raises ``UnchangedError`` for one that has."""
    if result.text in task.action_input.rejected:  # of code in parts, each part is asked alone
        raise UnchangedError("The model had no other change to suggest.")
    return result


async def _hunk_by_hunk(task: Task, result: Result, read: Read) -> tuple[list[Edit], str]:
    """The hunks that the user takes, and the key that ended it: the last one."""
    if result.note:
        tell(in_terminal(result.note))
    taken: list[Edit] = []
    key = "n"
    for at, hunk in enumerate(result.hunks):
        _show_hunk(task, result, hunk)
        key = await _key(result, at, read)
        if key in ("y", "a"):
            taken.append(hunk)
        if key == "a":
            taken += result.hunks[at + 1 :]
        if key not in ("y", "n"):
            break
    return taken, key


def _show_hunk(task: Task, result: Result, hunk: Edit) -> None:
    old = "" if result.before is None else task.file.document.text
    name = task.file.place.name if result.before is not None else str(result.path)
    show_diff(unified(old, apply_edits(old, (hunk,)), name))


async def _key(result: Result, at: int, read: Read) -> str:
    """The key that the user pressed, one of those offered."""
    offered = _OF_NEW_FILES if result.before is None else "".join(_KEYS)
    what = "Take this file" if result.before is None else "Take this hunk"
    prompt = f"({at + 1}/{len(result.hunks)}) {what} [{','.join(offered)}]? "
    while True:
        try:
            said = (await read(prompt, "")).strip().lower()[:1]
        except EOFError:
            return "q"
        if said and said in offered and said != "?":
            return said
        tell_error("\n".join(f"{key} - {_KEYS[key]}" for key in offered))


def _written(item: Chosen) -> bool:
    """Write what was taken, and say so; if that fails, print it, and return ``False``."""
    try:
        write_result(item.task, item.result)
    except HerdmateError as error:
        tell_failure(item.task.file, error)
        tell_error("Nothing was written to this file. This is what you took:")
        show(item.result.patch)
        return False
    taken, hunks = len(item.result.hunks), counted(item.hunks, "hunk")
    some = f": {taken} of {hunks}; the rest is as it was" if taken < item.hunks else ""
    tell(f"Wrote {item.result.path}{some}.")
    return True


async def _is_meant(item: Chosen, read: Read) -> bool:
    """Does the user want to write hunks that need others?"""
    if not _breaks(item):
        return True
    tell(f"{item.result.path}: the hunks taken leave a syntax error without the others.")
    with suppress(EOFError):
        return (await read("Write them all the same [y,n]? ", "")).strip().lower() in ("y", "yes")
    return False


def _breaks(item: Chosen) -> bool:
    """Has a file more errors than before, because only some hunks of a sound change were taken?"""
    document = item.task.file.document
    if item.result.before is None:
        return False
    before, after = (
        syntax.errors_in(text, document.language) for text in (document.text, item.result.text)
    )
    return before is not None and after is not None and after > before
