"""A refactoring: the model's code in the place of the selected code, if it does no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from herdmate.assist.ask import question_for
from herdmate.assist.attempts import attempted
from herdmate.assist.companion import Companion
from herdmate.assist.edits import smallest_edits
from herdmate.assist.faithful import refuse_unfaithful, touches_callers
from herdmate.assist.reply import code_of, reasons_of
from herdmate.assist.subject import subject_of
from herdmate.assist.wish import Wish
from herdmate.context.files import redacted
from herdmate.errors import RefusedError
from herdmate.prompting.library import Action
from herdmate.text import Edit, Selection

_NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Edits of the document that the selection was in, all of them inside ``subject``.

    ``touches_callers``: code elsewhere may have to change too. ``reasons``: the model's own, where
    the action asks for them.
    """

    subject: Selection
    edits: tuple[Edit, ...]
    touches_callers: bool = False
    reasons: str = ""


async def rewrite(
    selection: Selection,
    action: Action,
    companion: Companion,
    wish: Wish = _NO_WISH,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Rewrite:
    """Carry a refactoring out. ``on_progress`` is told the tokens generated so far.

    A reply that cannot be taken is told to the model once, with what is wrong. Raises
    ``RefusedError`` when then it is still not code, is cut off, would break the file's syntax or
    changes what the action may not change, and another ``HerdmateError`` when the model cannot be
    asked.
    """
    subject = subject_of(selection, action.works_on == "definition")
    if redacted(subject.text) != subject.text:
        raise RefusedError(
            "There is a private key in this code, which the model never sees; select around it."
        )
    if action.works_on == "definition" and selection.text.strip() != subject.text.strip():
        wish = replace(wish, selected=selection.text)
    question = await question_for(action, subject, companion, wish)

    def take(reply: str, finished: bool) -> Rewrite:
        return _checked(subject, action, reply, finished)

    return await attempted(question, companion, take, on_progress)


def _checked(subject: Selection, action: Action, reply: str, finished: bool) -> Rewrite:
    """The edits that a reply means; raises ``RefusedError`` where they do harm or are none."""
    line_end = "\r\n" if "\r\n" in subject.document.text else "\n"
    code = code_of(reply, subject.text, finished, line_end)
    edits = smallest_edits(subject.text, code, subject.span.start)
    if not edits:
        raise RefusedError("The model would leave this code as it is, so nothing was changed.")
    refuse_unfaithful(subject, code, action.changes)
    reasons = reasons_of(reply) if action.reasons else ""
    return Rewrite(subject, edits, touches_callers(subject, code), reasons)
