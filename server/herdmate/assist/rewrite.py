"""A refactoring: the model's code in the place of the selected code, if it does no harm."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from herdmate.assist.ask import question_for
from herdmate.assist.companion import Companion
from herdmate.assist.edits import smallest_edits
from herdmate.assist.reply import code_of
from herdmate.assist.subject import subject_of
from herdmate.context import syntax
from herdmate.context.files import redacted
from herdmate.errors import RefusedError
from herdmate.generation import Finished, Request
from herdmate.prompting.families import restored
from herdmate.prompting.library import Action
from herdmate.text import Edit, Selection, apply_edits


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Edits of the document that the selection was in, all of them inside ``subject``."""

    subject: Selection
    edits: tuple[Edit, ...]


async def rewrite(
    selection: Selection,
    action: Action,
    companion: Companion,
    instruction: str = "",
    on_progress: Callable[[int], None] = lambda _: None,
) -> Rewrite:
    """Carry a refactoring out. ``on_progress`` is told the characters generated so far.

    Raises ``RefusedError`` when the reply is not code, is cut off, or would break the file's
    syntax, and any other ``HerdmateError`` when the model cannot be asked.
    """
    subject = subject_of(selection)
    if redacted(subject.text) != subject.text:
        raise RefusedError(
            "There is a private key in this code, which the model never sees; select around it."
        )
    question = await question_for(action, subject, companion, instruction)
    reply, finished = await _reply(question.request, companion, on_progress)
    line_end = "\r\n" if "\r\n" in subject.document.text else "\n"
    code = code_of(question.reply_start + restored(reply), subject.text, finished, line_end)
    edits = smallest_edits(subject.text, code, subject.span.start)
    if not edits:
        raise RefusedError("The model would leave this code as it is, so nothing was changed.")
    _refuse_broken_syntax(subject, edits)
    return Rewrite(subject, edits)


async def _reply(
    request: Request, companion: Companion, on_progress: Callable[[int], None]
) -> tuple[str, bool]:
    text, finished = "", False
    async with aclosing(companion.generate(request)) as events:
        async for event in events:
            if isinstance(event, Finished):
                finished = event.reason in ("end", "stop")
            else:
                text += event.text
                on_progress(len(text))
    return text, finished


def _refuse_broken_syntax(subject: Selection, edits: tuple[Edit, ...]) -> None:
    """The file may have errors that it had before, but no new one."""
    document = subject.document
    before = syntax.parse(document.text, document.language)
    after = syntax.parse(apply_edits(document.text, edits), document.language)
    if before is None or after is None:
        return
    if syntax.error_count(after) > syntax.error_count(before):
        raise RefusedError(
            "The model's code would break the file's syntax, so nothing was changed; "
            "select a smaller part or try again."
        )
