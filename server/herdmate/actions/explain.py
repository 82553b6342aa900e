"""Explanations of code, streamed as Markdown, and follow-up questions about them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from herdmate.actions.action_input import ActionInput
from herdmate.actions.changed_files import file_sections
from herdmate.actions.changed_hunks import by_hunk
from herdmate.actions.context import ActionContext
from herdmate.actions.long_code import Section, cut_up, refuse_minified
from herdmate.actions.question import (
    Question,
    asked_on,
    longest_explained,
    question_for,
    refuse_withheld,
    taken_up,
)
from herdmate.actions.repetition import goes_round
from herdmate.actions.target import resolve_target
from herdmate.control_tags import restored
from herdmate.engine.host import EngineHost
from herdmate.engine.interface import OnRead, unheard
from herdmate.errors import SelectionError
from herdmate.generation import Finished, Piece, Usage
from herdmate.prompting.families import Turn
from herdmate.prompting.library import Action
from herdmate.text import Document, Selection

_NO_INPUT = ActionInput()

_SKIPS_HUNKS = 3_000_000_000
"""Parameters below which a model that is shown several hunks explains little more than one."""

OnEnd = Callable[[Finished], None]
"""Receives why and how the model ended an answer, or a section of one."""


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to be asked: one question or, about long code, one for each section of the answer.

    ``sections`` pairs the Markdown that comes first with a question. ``turns``: the conversation
    that a follow-up question continues.
    """

    host: EngineHost
    sections: tuple[tuple[str, Question], ...]
    turns: tuple[Turn, ...]

    async def text(
        self, on_section: Callable[[int], None] = _nothing, on_end: OnEnd = _nothing,
        on_tokens: Callable[[int], None] = _nothing, on_read: OnRead = unheard,
    ) -> AsyncGenerator[str, None]:  # fmt: skip
        """Pieces of the explanation as they arrive. Raises ``HerdmateError``.

        ``on_section`` receives the number of each section, from 1, before its question is asked,
        ``on_read`` how much of the question has been read, ``on_tokens`` how many more tokens have
        been generated.
        """
        for number, (heading, question) in enumerate(self.sections, 1):
            if heading:
                yield heading
            on_section(number)
            answer = answer_to(question, self.host, on_end, on_tokens, on_read)
            async with aclosing(answer) as parts:
                async for text in parts:
                    yield text


async def explain(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
    on_end: OnEnd = _nothing,
) -> AsyncGenerator[str, None]:
    """Pieces of the explanation as they arrive. Raises ``HerdmateError``."""
    explanation = await explanation_of(selection, action, context, action_input)
    async with aclosing(explanation.text(on_end=on_end)) as parts:
        async for text in parts:
            yield text


async def explanation_of(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
) -> Explanation:
    """What explains a selection. Raises ``HerdmateError``, also if the code is minified.

    Code that is too long for the model is explained by its outline and then part by part, a diff
    of several files one file after another, and for a small model hunk by hunk. A further question
    is about all files that fit.
    """
    target = resolve_target(selection, action.works_on == "definition")
    refuse_withheld(target.document, context)
    refuse_minified(target)
    info, counts = await context.host.ready(), context.host.counts
    sections = file_sections(target)
    if 0 < info.parameters < _SKIPS_HUNKS:
        sections = by_hunk(sections, target)
    await counts.learn([target.text, *(section.code.text for section in sections)])
    size, most = counts.cost(target.text), longest_explained(action, info.context)
    if any(counts.cost(section.code.text) > most for section in sections):
        sections = ()
    if not sections and size <= most:
        question = await question_for(action, target, context, action_input)
        return Explanation(context.host, (("", question),), question.turns)
    answers = len(sections) * action.max_tokens
    is_read_again = bool(sections) and size + answers <= most
    sections = sections or cut_up(target, size, most)
    asked = [await _asked(item, action, context, action_input) for item in sections]
    first = await question_for(action, target, context, action_input) if is_read_again else None
    return Explanation(context.host, tuple(asked), (first or asked[0][1]).turns)


async def _asked(
    section: Section, action: Action, context: ActionContext, action_input: ActionInput
) -> tuple[str, Question]:
    question = await question_for(action, section.code, context, action_input)
    return section.heading, question


async def follow_up(
    document: Document, action: Action, turns: Sequence[Turn], said: str, context: ActionContext
) -> Explanation:
    """What continues the conversation about an explanation.

    ``turns`` is the conversation so far, ending with the model's answer. Raises ``SelectionError``
    if the conversation has become too long or the model must not see the document.
    """
    *before, answer = turns
    question = await taken_up(action, document, tuple(before), context)
    found = await asked_on(question, answer.text, said, context.host)
    if found is None:
        info = await context.host.ready()
        raise SelectionError(
            f"The conversation has become too long for the model's context of {info.context} "
            "tokens; ask for a new explanation."
        )
    return Explanation(context.host, (("", found),), found.turns)


async def answer_to(
    question: Question, host: EngineHost, on_end: OnEnd = _nothing,
    on_tokens: Callable[[int], None] = _nothing, on_read: OnRead = unheard,
) -> AsyncGenerator[str, None]:  # fmt: skip
    """Pieces of an answer as they arrive, until it goes round in circles.

    Raises ``HerdmateError``.
    """
    said, tokens, tags = "", 0, question.request.prompt.tags
    async with aclosing(host.generate(question.request, on_read)) as events:
        async for event in events:
            if not isinstance(event, Piece):
                on_end(event)
                continue
            on_tokens(event.tokens)
            text = restored(event.text if said else event.text.lstrip(), tags)
            said, tokens = said + text, tokens + event.tokens
            if text:
                yield text
            if goes_round(said, question.turns[-1].text):
                on_end(Finished("repeating", Usage(generated_tokens=tokens)))
                return
