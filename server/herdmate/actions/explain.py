"""Explanations of code, streamed as Markdown, and follow-up questions about them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from herdmate.actions.action_input import ActionInput
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
from herdmate.actions.target import resolve_target
from herdmate.control_tags import restored
from herdmate.engine.host import EngineHost
from herdmate.errors import SelectionError
from herdmate.generation import Piece, Text
from herdmate.prompting.families import Turn
from herdmate.prompting.library import Action
from herdmate.text import Document, Selection

_NO_INPUT = ActionInput()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to be asked: one question or, about long code, one for each section of the answer.

    ``sections`` pairs the Markdown that comes first with a question.
    """

    host: EngineHost
    sections: tuple[tuple[str, Question], ...]

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation that a follow-up question continues."""
        return self.sections[0][1].turns

    def prompt_text(self, number: int) -> str:
        """The text of a section's prompt; sections count from 1."""
        segments = self.sections[number - 1][1].request.prompt.segments
        return "".join(segment.text for segment in segments if isinstance(segment, Text))

    async def text(
        self, on_section: Callable[[int], None] = lambda _: None
    ) -> AsyncGenerator[str, None]:
        """Pieces of the explanation as they arrive. Raises ``HerdmateError``.

        ``on_section`` receives the number of each section, from 1, before its question is asked.
        """
        for number, (heading, question) in enumerate(self.sections, 1):
            if heading:
                yield heading
            on_section(number)
            async with aclosing(answer_to(question, self.host)) as parts:
                async for text in parts:
                    yield text


async def explain(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
) -> AsyncGenerator[str, None]:
    """Pieces of the explanation as they arrive. Raises ``HerdmateError``."""
    explanation = await explanation_of(selection, action, context, action_input)
    async with aclosing(explanation.text()) as parts:
        async for text in parts:
            yield text


async def explanation_of(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
) -> Explanation:
    """What explains a selection. Raises ``HerdmateError``, also if the code is minified.

    Code that is too long for the model is explained by its outline and then part by part.
    """
    target = resolve_target(selection, action.works_on == "definition")
    refuse_withheld(target.document, context)
    refuse_minified(target)
    info, counts = await context.host.ready(), context.host.counts
    await counts.learn([target.text])
    size, most = counts.cost(target.text), longest_explained(action, info.context)
    if size <= most:
        question = await question_for(action, target, context, action_input)
        return Explanation(context.host, (("", question),))
    sections = cut_up(target, size, most)
    return Explanation(
        context.host,
        tuple([await _asked(item, action, context, action_input) for item in sections]),
    )


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
    return Explanation(context.host, (("", found),))


async def answer_to(question: Question, host: EngineHost) -> AsyncGenerator[str, None]:
    """Pieces of an answer as they arrive. Raises ``HerdmateError``."""
    begun, tags = False, question.request.prompt.tags
    async with aclosing(host.generate(question.request)) as events:
        async for event in events:
            if not isinstance(event, Piece):
                continue
            text = restored(event.text if begun else event.text.lstrip(), tags)
            begun = begun or bool(text)
            if text:
                yield text
