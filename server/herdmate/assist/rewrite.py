"""A refactoring: the model's code in the place of the selected code, if it does no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from herdmate.assist.ask import longest_subject, question_for, refuse_withheld
from herdmate.assist.attempts import attempted
from herdmate.assist.companion import Companion
from herdmate.assist.edits import smallest_edits
from herdmate.assist.faithful import refuse_unfaithful
from herdmate.assist.put_back import with_secrets
from herdmate.assist.python_code import without_known_imports, without_typing
from herdmate.assist.reply import code_of, reasons_of
from herdmate.assist.subject import subject_of
from herdmate.assist.wish import Wish
from herdmate.assist.withheld import without_secrets
from herdmate.context import syntax
from herdmate.context.parts import parts
from herdmate.context.secrets import holds_a_key
from herdmate.context.strangers import without_strangers
from herdmate.errors import RefusedError, SelectionError, UnchangedError
from herdmate.prompting.library import Action
from herdmate.text import Edit, Selection, Span, apply_edits, with_text

_NO_WISH = Wish()
_UNCHANGED = "The model would leave this code as it is, so nothing was changed."


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
    refuse_withheld(subject.document, companion)
    if holds_a_key(subject.document.text[subject.span.start : subject.span.end]):
        raise RefusedError(
            "There is a private key in this code, which the model never sees; select around it."
        )
    if action.works_on == "definition" and selection.text.strip() != subject.text.strip():
        wish = replace(wish, selected=selection.text)
    pieces = await _parts(subject, action, companion)
    if pieces == (subject,):
        return await _rewritten(subject, action, companion, wish, on_progress)
    return await _in_parts(subject, pieces, action, companion, wish, on_progress)


async def _rewritten(
    subject: Selection, action: Action, companion: Companion, wish: Wish,
    on_progress: Callable[[int], None],
) -> Rewrite:  # fmt: skip
    question = await question_for(action, subject, companion, wish)

    def take(reply: str, finished: bool) -> Rewrite:
        return _checked(subject, action, reply, finished)

    return await attempted(question, companion, take, on_progress, bool(wish.problems))


async def _in_parts(
    subject: Selection, pieces: tuple[Selection, ...], action: Action, companion: Companion,
    wish: Wish, on_progress: Callable[[int], None],
) -> Rewrite:  # fmt: skip
    """One part after the other; those that cannot be rewritten stay as they are, and it is said."""
    done: list[Rewrite] = []
    refusals: list[str] = []
    tokens = 0

    def count(_: int) -> None:
        nonlocal tokens
        tokens += 1
        on_progress(tokens)

    for part in pieces:
        try:
            done.append(await _rewritten(part, action, companion, wish, count))
        except UnchangedError:
            continue
        except RefusedError as refusal:
            refusals.append(str(refusal))
    edits = tuple(edit for item in done for edit in item.edits)
    if not edits:
        raise RefusedError(refusals[0]) if refusals else UnchangedError(_UNCHANGED)
    text = apply_edits(subject.document.text, edits)
    code = text[subject.span.start : subject.span.end + len(text) - len(subject.document.text)]
    touches_callers = refuse_unfaithful(subject, code, action.changes)
    reasons = [item.reasons for item in done if item.reasons]
    if refusals:
        reasons.append(
            f"{len(refusals)} of {len(pieces)} parts stayed as they are, the first because: "
            f"{refusals[0]}"
        )
    return Rewrite(subject, edits, touches_callers, "\n".join(reasons))


def _defined_beside(subject: Selection) -> frozenset[str]:
    """Names that the subject's file defines, but not the subject: the model may have seen them."""
    text, span = subject.document.text, subject.span
    if (tree := syntax.fresh_tree_of(subject.document)) is None:
        return frozenset()
    own = set(syntax.definition_names(tree, text, span))
    return frozenset(syntax.definition_names(tree, text)) - own


async def _parts(subject: Selection, action: Action, companion: Companion) -> tuple[Selection, ...]:
    """The subject, cut where it is too long; raises ``SelectionError`` with the numbers."""
    info, _ = await companion.model()
    most = longest_subject(action, info.context)
    await companion.counts.learn([subject.text])
    if (size := companion.counts.cost(subject.text)) <= most:
        return (subject,)
    document, tree = subject.document, syntax.fresh_tree_of(subject.document)
    per_character = size / len(subject.text)

    def fits(span: Span) -> bool:
        return (span.end - span.start) * per_character <= 0.9 * most

    found = parts(tree, subject.span, fits) if tree is not None and action.in_parts else None
    if action.works_on == "definition" or not found:
        raise SelectionError(
            f"This code has {size} tokens, and of the model's {info.context} at most {most} can be "
            "code to rewrite; select a smaller part or set herdmate.engine.contextTokens higher."
        )
    return tuple(subject_of(Selection(document, span)) for span in found)


def _checked(original: Selection, action: Action, reply: str, finished: bool) -> Rewrite:
    """The edits that a reply means; raises ``RefusedError`` where they do harm or are none.

    It is checked as the model has seen it: what is wrong with it may be told to the model.
    """
    subject = _as_seen(original)
    line_end = "\r\n" if "\r\n" in subject.document.text else "\n"
    known, language = _defined_beside(subject), subject.document.language

    def clean(code: str) -> str:
        if language == "python" and "types" in action.changes:
            code = without_typing(code, subject.document.text)
        if language == "python":
            code = without_known_imports(code, subject.text, subject.document.text)
        return without_strangers(code, language, known)

    code = code_of(reply, subject.text, finished, line_end, clean)
    if not smallest_edits(subject.text, code):
        raise UnchangedError(_UNCHANGED)
    touches_callers = refuse_unfaithful(subject, code, action.changes)
    whole = with_secrets(code, subject.text, original.text)
    edits = smallest_edits(original.text, whole, original.span.start)
    reasons = reasons_of(reply) if action.reasons else ""
    return Rewrite(original, edits, touches_callers, reasons)


def _as_seen(subject: Selection) -> Selection:
    """The subject with stars in the place of secrets, and a tree of its own then."""
    document = without_secrets(subject.document)
    if document is subject.document:
        return subject
    return Selection(with_text(document, document.text), subject.span)
