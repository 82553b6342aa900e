"""What a refactoring makes of one place: the file as it would be, its hunks and its patch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from herdmate.actions.action_input import ActionInput
from herdmate.actions.context import ActionContext
from herdmate.actions.edits import hunks
from herdmate.actions.rewrite import rewrite
from herdmate.actions.write_tests import check_place, write_tests
from herdmate.cli.asking import asking
from herdmate.cli.locations import Opened, path_of_document
from herdmate.cli.patch import Patch, patch_of
from herdmate.cli.replace_file import replace
from herdmate.context.git_config import repository_of
from herdmate.errors import RefusedError, SelectionError
from herdmate.prompting.library import Action
from herdmate.text import Edit, Selection, Span, apply_edits


@dataclass(frozen=True, slots=True)
class Task:
    """One place to refactor, and what the action is to be told."""

    file: Opened
    selection: Selection
    action_input: ActionInput


@dataclass(frozen=True, slots=True)
class Result:
    """A change: of ``path`` from ``before`` (``None``: it is new) to ``after``, and a note.

    ``path`` is ``None`` for standard input. ``hunks`` are the changes of the text that ``before``
    holds, in order; all of them together make ``text``, which is what ``after`` holds.
    """

    path: Path | None
    before: bytes | None
    after: bytes
    text: str
    patch: Patch
    hunks: tuple[Edit, ...]
    note: str = ""


async def result_of(task: Task, action: Action, context: ActionContext) -> Result:
    """Ask the model for the change of one place. Raises ``HerdmateError``."""
    async with asking(context.host):
        if action.kind == "tests":
            return await _tests(task.selection, action, context)
        done = await rewrite(task.selection, action, context, task.action_input)
    return _changed(task.file, hunks(task.file.document.text, done.edits), done.reasons)


def with_hunks(task: Task, result: Result, chosen: Sequence[Edit]) -> Result:
    """The result if only some of its hunks are taken; all or none of a new file."""
    if result.before is None or tuple(chosen) == result.hunks:
        return result
    return _changed(task.file, tuple(chosen), result.note)


def write_result(task: Task, result: Result) -> None:
    """Write the file. Raises ``RefusedError`` if it has changed since, or cannot be written."""
    path, source = result.path, path_of_document(task.file.document)
    assert path is not None
    with _telling(path):
        if result.before is None and source is not None:
            root = repository_of(source.resolve().parent)
            check_place(path, source, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            check_place(path, source, root)
        replace(path, result.before, result.after)


def _changed(file: Opened, edits: tuple[Edit, ...], note: str) -> Result:
    coded, document = file.coded, file.document
    text = apply_edits(document.text, edits)
    before, after = coded.encoded(document.text), coded.encoded(text)
    path = path_of_document(document)
    patch = patch_of(path or Path("input"), before, after, document.text, text)
    return Result(path, before, after, text, patch, edits, note)


async def _tests(selection: Selection, action: Action, context: ActionContext) -> Result:
    path = path_of_document(selection.document)
    if path is None:
        raise SelectionError("Tests need a file to test; standard input has no name.")
    root = repository_of(path.resolve().parent)
    found = await write_tests(selection, action, context, root)
    data = found.text.encode()
    patch = patch_of(found.path, None, data, "", found.text)
    whole = (Edit(Span(0, 0), found.text),)
    return Result(found.path, None, data, found.text, patch, whole, found.note)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Report a failed write in one sentence; what was to be written has been printed already."""
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be written ({error.strerror or error}); the result is printed instead."
        ) from error
