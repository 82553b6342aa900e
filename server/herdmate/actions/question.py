"""A question about code: the action's prompt, filled in and put into the model's own format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from herdmate.actions.action_input import ActionInput, describe_diagnostics
from herdmate.actions.context import ActionContext
from herdmate.actions.prose_losses import PROSE_WITH_FENCES
from herdmate.actions.reference import (
    Reference,
    conventions,
    documentation_of,
    framework_words,
    reference_for,
)
from herdmate.context.languages import language_name
from herdmate.context.window import Surroundings, around
from herdmate.context.withheld import Withheld, reason_to_withhold, without_secrets_soon
from herdmate.engine.host import EngineHost
from herdmate.engine.latency import share_of_window
from herdmate.errors import SelectionError
from herdmate.generation import Priority, Request, Sampling
from herdmate.prompting.families import Family, Turn, family_of, instruct_prompt
from herdmate.prompting.library import Action
from herdmate.prompting.template import render
from herdmate.text import Document, Selection, name_in, with_line_feeds

_SURROUNDING_TOKENS = 512
_TEMPLATE_TOKENS = 256  # the prompt file's own text, estimated high
_WRAPPING_TOKENS = 16  # what a family's format adds around a turn
_CHARACTERS_PER_TOKEN = 8  # more than any tokenizer achieves on code


@dataclass(frozen=True, slots=True)
class Question:
    """A request, the conversation that it answers, and the start of the reply."""

    request: Request
    reply_start: str
    system: str
    turns: tuple[Turn, ...]


_NO_INPUT = ActionInput()


async def question_for(
    action: Action, target: Selection, context: ActionContext, action_input: ActionInput = _NO_INPUT
) -> Question:
    """The question that carries out an action on its target.

    Raises ``SelectionError`` if the model must not see the document or a diagnostic is missing, and
    another ``HerdmateError`` if there is no model.
    """
    refuse_withheld(target.document, context)
    if {"diagnostic", "diagnostics"} & set(action.needs) and not action_input.problems:
        raise SelectionError(f"{action.name} needs to know what is wrong; run it on a diagnostic.")
    target = replace(target, document=await without_secrets_soon(target.document))
    info = await context.host.ready()
    refuse_withheld(target.document, context)  # it may have been withheld since
    family = family_of(info)
    about = describe_diagnostics(action_input.problems, target.document)
    await context.host.counts.learn([*_lines_near(target), target.text, *filter(None, [about])])
    target_tokens, about_tokens = map(context.host.counts.cost, (target.text, about))
    max_tokens = _room(action, target_tokens)
    left = info.context - max_tokens - target_tokens - about_tokens - _TEMPLATE_TOKENS
    budget = max(min(_SURROUNDING_TOKENS, left), 0)
    surroundings = around(target, budget, context.host.counts.cost)
    affordable = int(budget * share_of_window(context.host.latency, max(budget + target_tokens, 1)))
    reference = await reference_for(target, context, affordable)
    values = _values(target, surroundings, reference, action_input)
    await _refuse_by_now(target.document, context)
    system, user, reply_start = render(action, values, _shortest_fence(target.document))
    turns = (Turn("user", user),)
    return _question(action, target.document, family, system, turns, reply_start, max_tokens)


async def taken_up(
    action: Action, document: Document, turns: tuple[Turn, ...], context: ActionContext
) -> Question:
    """An earlier question, rebuilt from its turns; raises what ``question_for`` raises."""
    refuse_withheld(document, context)
    family = family_of(await context.host.ready())
    await _refuse_by_now(document, context)
    system, _, reply_start = render(action, _file_values(document), _shortest_fence(document))
    return _question(action, document, family, system, turns, reply_start, action.max_tokens)


async def asked_on(question: Question, reply: str, said: str, host: EngineHost) -> Question | None:
    """The question that continues a conversation and reuses the tokens already in its lane.

    ``None`` if the conversation no longer fits the model's context.
    """
    info = await host.ready()
    family = family_of(info)
    answer = Turn("assistant", question.reply_start + reply)
    turns = (*question.turns, answer, Turn("user", said))
    prompt = instruct_prompt(family, question.system, turns, question.reply_start)
    counts = await host.count_tokens([question.system, *(turn.text for turn in turns)])
    if sum(counts) + _WRAPPING_TOKENS * len(turns) + question.request.max_tokens > info.context:
        return None
    request = replace(question.request, prompt=prompt)
    return Question(request, question.reply_start, question.system, turns)


async def continued(question: Question, reply: str, host: EngineHost) -> Request:
    """The request that continues a reply to a question from where the model is made to be."""
    family = family_of(await host.ready())
    start = question.reply_start + reply
    prompt = instruct_prompt(family, question.system, question.turns, start)
    return replace(question.request, prompt=prompt)


def _question(
    action: Action, document: Document, family: Family, system: str, turns: tuple[Turn, ...],
    reply_start: str, max_tokens: int,
) -> Question:  # fmt: skip
    request = Request(
        prompt=instruct_prompt(family, system, turns, reply_start),
        lane=f"ask {document.uri}",
        max_tokens=max_tokens,
        sampling=Sampling(temperature=action.temperature),
        priority=Priority.ASKED,
        drafting=action.kind == "rewrite",
    )
    return Question(request, reply_start, system, turns)


def refuse_withheld(document: Document, context: ActionContext) -> None:
    """Raise ``SelectionError`` if the model must not see a document."""
    _refuse(reason_to_withhold(document, context.project.withheld))


async def _refuse_by_now(document: Document, context: ActionContext) -> None:
    """``refuse_withheld`` after a wait, in which the document may also have been closed."""
    refuse_withheld(document, context)
    try:
        reason = await context.project.reason_by_now(document.uri)
    except OSError:
        raise SelectionError(
            "The model was not asked: the disk with this file is not responding; try again later."
        ) from None
    _refuse(reason)


def _refuse(reason: Withheld | None) -> None:
    if reason is not None:
        raise SelectionError(f"The model was not asked: {reason}.")


def _lines_near(target: Selection) -> list[str]:
    """Lines that may become surroundings, in the form that ``around`` counts: ended by ``\\n``."""
    text, reach = target.document.text, _SURROUNDING_TOKENS * _CHARACTERS_PER_TOKEN
    near = text[max(target.span.start - reach, 0) : target.span.end + reach]
    return with_line_feeds(near).splitlines(keepends=True)


def longest_target(action: Action, context: int) -> int:
    """The most tokens that code to rewrite can have in a context of ``context`` tokens."""
    left = context - _TEMPLATE_TOKENS
    return max(min(left - action.max_tokens, left * 2 // 5), 0)


def longest_explained(action: Action, context: int) -> int:
    """The most tokens of code that can be explained at once in a context of ``context`` tokens."""
    return max(context - _TEMPLATE_TOKENS - action.max_tokens, 0)


def _room(action: Action, target_tokens: int) -> int:
    """The most tokens of the answer; a rewrite can need half as many again as its target."""
    return max(action.max_tokens, target_tokens * 3 // 2 if action.kind == "rewrite" else 0)


def _values(
    target: Selection, surroundings: Surroundings, reference: Reference, action_input: ActionInput
) -> dict[str, str]:
    return {
        **_file_values(target.document),
        "before": surroundings.before,
        "code": surroundings.selected,
        "after": surroundings.after,
        "context": reference.context,
        "enclosing": reference.enclosing,
        "conventions": conventions(target),
        "documentation": documentation_of(target.document.language),
        "diagnostics": describe_diagnostics(action_input.problems, target.document),
        "testing": action_input.testing or framework_words(target.document.language),
        "opening": action_input.opening,
        "module": action_input.module,
        "test_path": action_input.test_path,
        "names": ", ".join(action_input.names),
        "symbol": action_input.symbol,
        "selected": action_input.selected.strip("\r\n"),
        "instruction": action_input.instruction,
    }


def _shortest_fence(document: Document) -> int:
    """Backticks of a fence that the model's text does not close: it may have fences of its own."""
    return 5 if document.language in PROSE_WITH_FENCES else 3


def _file_values(document: Document) -> dict[str, str]:
    return {
        "language": document.language,
        "language_name": language_name(document.language),
        "path": _file_name(document),
    }


def _file_name(document: Document) -> str:
    return PurePosixPath(name_in(document.uri)).name
