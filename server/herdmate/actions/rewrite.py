"""A refactoring: the model's code replaces the selected code if it does no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.added_imports import import_edit, new_imports
from herdmate.actions.annotations_alone import annotations_alone
from herdmate.actions.attempts import attempted
from herdmate.actions.context import ActionContext
from herdmate.actions.docstring import with_docstring
from herdmate.actions.documentation_alone import (
    documentation_alone,
    loses_documentation,
    with_documentation,
)
from herdmate.actions.edits import smallest_edits
from herdmate.actions.own_definition import own_definition
from herdmate.actions.prose_losses import PROSE_WITH_FENCES
from herdmate.actions.question import longest_target, question_for, refuse_withheld
from herdmate.actions.renaming import names_to_rename, renamed
from herdmate.actions.reply import Place, ReplyCode, code_in, code_of, reasons_of
from herdmate.actions.restore_secrets import with_secrets
from herdmate.actions.rewrite_validation import validate_rewrite
from herdmate.actions.target import defined_beside, has_header, lines_of, resolve_target
from herdmate.actions.ways_on import NOT_MENDED
from herdmate.context import syntax, syntax_queries
from herdmate.context.chunks import parts
from herdmate.context.echoed_definitions import without_echoed_definitions
from herdmate.context.python_code import names_at_top, without_known_imports, without_typing
from herdmate.context.same_meaning import mean_the_same
from herdmate.context.withheld import without_secrets
from herdmate.errors import RefusedError, SelectionError, UnchangedError
from herdmate.prompting.library import Action
from herdmate.prompting.template import placeholders
from herdmate.redaction.redact import holds_a_key
from herdmate.text import (
    Edit,
    Selection,
    Span,
    apply_edits,
    line_ending,
    with_text,
)

_NO_INPUT = ActionInput()
_UNCHANGED = "The model had no changes to suggest."
_WIDENED = "The selection covered only part of a definition, so the model was given all of it."


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Edits of the selection's document: those inside ``target``, and one that adds ``imports``.

    ``imports`` are statements of the model; their edit is above the target, or inside it if the
    target has the file's imports. ``touches_callers``: code elsewhere may have to change too.
    ``reasons``: the model's own, if the action asks for them, and why parts were left unchanged.
    """

    target: Selection
    edits: tuple[Edit, ...]
    touches_callers: bool = False
    reasons: str = ""
    imports: tuple[str, ...] = ()


async def rewrite(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Rewrite:
    """Resolve a selection to what the action works on, and carry out the refactoring."""
    target = resolve_target(selection, action.works_on == "definition")
    action_input = replace(action_input, selected=selection.text)
    return await rewrite_target(target, action, context, action_input, on_progress)


async def rewrite_target(
    target: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput,
    on_progress: Callable[[int], None],
) -> Rewrite:
    """Carry out a refactoring. ``on_progress`` receives the number of tokens generated so far.

    The model gets one chance to correct an unusable reply. Raises ``RefusedError`` if it still is
    not code, is cut off, would break the file's syntax or changes what the action must not change,
    and another ``HerdmateError`` if the model cannot be asked.
    """
    refuse_withheld(target.document, context)
    is_widened = action.works_on == "selection" and _is_widened(target, action_input.selected)
    if action.changes == ("documentation",):
        target = with_documentation(target)
    if holds_a_key(target.document.text[target.span.start : target.span.end]):
        raise RefusedError(
            "This code contains a private key, which the model never sees; select code without it."
        )
    if action.works_on != "definition" or action_input.selected.strip() == target.text.strip():
        action_input = replace(action_input, selected="")
    pieces = await _parts(target, action, context)
    if pieces == (target,):
        done = await _rewritten(target, action, context, action_input, on_progress)
    else:
        done = await _in_parts(target, pieces, action, context, action_input, on_progress)
    return replace(done, reasons=f"{_WIDENED}\n{done.reasons}".strip()) if is_widened else done


def _is_widened(target: Selection, selected: str) -> bool:
    """Does a target have more lines of code than were selected, though some were?"""
    count, of = (
        len([line for line in text.splitlines() if line.strip()])
        for text in (selected, target.text)
    )
    return 0 < count < of


async def _rewritten(
    target: Selection, action: Action, context: ActionContext, action_input: ActionInput,
    on_progress: Callable[[int], None],
) -> Rewrite:  # fmt: skip
    is_renaming = "names" in placeholders(action.user)
    if is_renaming:
        action_input = replace(action_input, names=names_to_rename(target))
    question = await question_for(action, target, context, action_input)
    shown = "\n".join(turn.text for turn in question.turns)

    def take(reply: str, finished: bool) -> Rewrite:
        if is_renaming:
            edits, reasons = renamed(target, reply)
            done = Rewrite(target, edits, reasons=reasons)
        else:
            done = checked(target, action, reply, finished, shown)
        if apply_edits(target.document.text, done.edits) in action_input.rejected:
            raise UnchangedError("The model had no other change to suggest.")
        if _is_in_vain(done, action, action_input.problems):
            raise UnchangedError(_UNCHANGED)
        return done

    must_change = is_renaming or bool(action_input.problems or action_input.rejected)
    is_code = not is_renaming and target.document.language not in PROSE_WITH_FENCES
    language = target.document.language if is_code else ""
    seed = 1 + len(action_input.rejected)
    try:
        return await attempted(
            question, context.host, take, on_progress, must_change, language, seed
        )
    except UnchangedError as error:
        if action_input.problems and str(error) == _UNCHANGED:  # something is to be done
            raise UnchangedError(NOT_MENDED) from None
        raise


def _is_in_vain(done: Rewrite, action: Action, problems: tuple[Diagnostic, ...]) -> bool:
    """Would code be just the same, but for its layout and comments?

    A rule may mind those, and whoever asks in words of their own; needless parentheses may be all
    that there is to simplify.
    """
    if done.imports or any(problem.code for problem in problems):
        return False
    if not problems and not action.keeps_behaviour:
        return False
    document, span = done.target.document, done.target.span
    text = apply_edits(document.text, done.edits)
    before, after = syntax.fresh_tree_of(document), syntax.parse(text, document.language)
    if before is None or after is None:
        return False
    new_span = Span(span.start, span.end + len(text) - len(document.text))
    return mean_the_same(before, span, after, new_span, groups=not problems)


async def _in_parts(
    target: Selection, pieces: tuple[Selection, ...], action: Action, context: ActionContext,
    action_input: ActionInput, on_progress: Callable[[int], None],
) -> Rewrite:  # fmt: skip
    """Rewrite one part after another; those that fail stay as they are, and ``reasons`` says so."""
    done: list[Rewrite] = []
    refusals: list[str] = []
    before = tokens = 0

    def count(of_part: int) -> None:
        nonlocal tokens
        tokens = before + of_part
        on_progress(tokens)

    for part in pieces:
        before = tokens
        try:
            done.append(await _rewritten(part, action, context, action_input, count))
        except UnchangedError:
            continue
        except RefusedError as refusal:
            refusals.append(str(refusal))
    if not done:
        raise RefusedError(refusals[0]) if refusals else UnchangedError(_UNCHANGED)
    code, above, imports = _together(target, done)
    touches_callers = validate_rewrite(
        target, code, action.changes, above, keeps_behaviour=action.keeps_behaviour
    )
    edits = (*filter(None, [above]), *smallest_edits(target.text, code, target.span.start))
    reasons = [item.reasons for item in done if item.reasons]
    if refusals:
        reasons.append(
            f"{len(refusals)} of {len(pieces)} parts were left unchanged, the first because: "
            f"{refusals[0]}"
        )
    return Rewrite(target, edits, touches_callers, "\n".join(reasons), imports)


def _together(target: Selection, done: list[Rewrite]) -> tuple[str, Edit | None, tuple[str, ...]]:
    """The target's code with the edits of all parts, the edit above it, and the imports added."""
    document, start = target.document, target.span.start
    inside = (
        edit for item in done for edit in item.edits if edit.span.start >= item.target.span.start
    )
    text = apply_edits(document.text, tuple(inside))
    end = target.span.end + len(text) - len(document.text)
    added = [statement for item in done for statement in item.imports]
    imports = new_imports(added, text[start:end], text, document.language)
    is_own = has_header(target)
    edit = import_edit(text, end if is_own else start, imports, document.language)
    if edit is None or edit.span.start < start or not is_own:
        return text[start:end], edit, imports
    return apply_edits(text, (edit,))[start : end + len(edit.new_text)], None, imports


async def _parts(
    target: Selection, action: Action, context: ActionContext
) -> tuple[Selection, ...]:
    """The target, split if too long; raises ``SelectionError`` with the numbers if it cannot be."""
    info = await context.host.ready()
    most = longest_target(action, info.context)
    await context.host.counts.learn([target.text])
    if (size := context.host.counts.cost(target.text)) <= most:
        return (target,)
    document, tree = target.document, syntax.fresh_tree_of(target.document)
    per_character = size / len(target.text)

    def fits(span: Span) -> bool:
        return (span.end - span.start) * per_character <= 0.9 * most

    found = parts(tree, target.span, fits) if tree is not None and action.in_parts else None
    if action.works_on == "definition" or not found:
        raise SelectionError(
            f"This code has {size} tokens, but the model can rewrite at most {most} in its "
            f"context of {info.context}; select a smaller part or increase "
            "herdmate.engine.contextTokens."
        )
    return tuple(lines_of(document, span) for span in found)


def checked(
    original: Selection, action: Action, reply: str, finished: bool, shown: str | None = None
) -> Rewrite:
    """The edits that a reply amounts to; raises ``RefusedError`` if there are none or they do harm.

    The code is checked as the model saw it, because the model may be told what is wrong with it.
    ``shown`` is all that it was asked with, if known.
    """
    target = _as_seen(original)
    line_end, language = line_ending(target.document.text), target.document.language
    clean = partial(_cleaned, target=target, action=action)
    reasons = reasons_of(reply) if action.reasons else ""
    try:
        found = code_of(reply, target.text, finished, line_end, clean, _place(target, action))
        return _validated(original, target, action, found, reasons, shown)
    except UnchangedError:
        raise
    except RefusedError:
        if action.changes not in (("documentation",), ("types",)):
            raise
        if (part := _part_of(clean(code_in(reply, target.text, language)), target, action)) is None:
            raise
    return _validated(original, target, action, part, reasons, shown)


def _cleaned(code: str, target: Selection, action: Action) -> str:
    """The code of a reply without what the model only made up around it or was shown."""
    language, known = target.document.language, defined_beside(target)
    code = own_definition(code, target, known)
    if language == "python" and "types" in action.changes:
        code = without_typing(code, target.document.text)
    if language == "python":
        code = without_known_imports(code, target.text, target.document.text)
    if language == "python" and action.changes == ("documentation",):
        code = with_docstring(code, target.text)
    return without_echoed_definitions(code, language, known)


def _part_of(code: str, target: Selection, action: Action) -> ReplyCode | None:
    """The target with only what an action is to add, out of code that changes more."""
    if action.changes == ("documentation",):
        documented = documentation_alone(code, target)
        return None if documented is None else ReplyCode(documented)
    if action.changes == ("types",) and target.document.language == "python":
        annotated = annotations_alone(code, target.text, names_at_top(target.document.text))
        return None if annotated is None else ReplyCode(*annotated)
    return None


def _validated(
    original: Selection, target: Selection, action: Action, found: ReplyCode, reasons: str,
    shown: str | None,
) -> Rewrite:  # fmt: skip
    """The edits that turn the original into code of a reply to its ``target``, as the model saw it.

    Raises ``RefusedError`` if there are none or they do harm.
    """
    document, code, imports = target.document, found.code, tuple[str, ...]()
    only_documents = action.changes == ("documentation",)
    if code == target.text or (only_documents and loses_documentation(code, target)):
        raise UnchangedError(_UNCHANGED)
    if {"body", "types"} & set(action.changes):
        imports = new_imports(found.imports, code, document.text, document.language)
    above = import_edit(document.text, target.span.start, imports, document.language)
    extracts = action.lsp_kind.startswith("refactor.extract")
    touches_callers = validate_rewrite(
        target, code, action.changes, above, extracts, action.keeps_behaviour, shown
    )
    whole = with_secrets(code, target.text, original.text)
    edits = smallest_edits(original.text, whole, original.span.start)
    edits = (*filter(None, [above]), *edits)
    return Rewrite(original, edits, touches_callers, reasons, imports)


def _place(target: Selection, action: Action) -> Place:
    document, may_remove = target.document, "definitions" in action.changes
    tree = syntax.fresh_tree_of(document)
    rows = frozenset[int]()
    if tree is not None:
        rows = syntax_queries.rows_in_strings(tree, document.text, target.span)
    above = document.text[: target.span.start]
    return Place(document.language, rows, may_remove, has_header(target), above, tree is None)


def _as_seen(target: Selection) -> Selection:
    """The target with stars in place of secrets; if there are any, the copy has its own tree."""
    document = without_secrets(target.document)
    if document is target.document:
        return target
    return Selection(with_text(document, document.text), target.span)
