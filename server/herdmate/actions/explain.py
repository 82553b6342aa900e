"""Explanations of code, streamed as Markdown, and follow-up questions about them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from herdmate.actions.action_input import ActionInput
from herdmate.actions.context import ActionContext
from herdmate.actions.question import Question, asked_on, question_for, taken_up
from herdmate.actions.target import resolve_target
from herdmate.control_tags import restored
from herdmate.engine.host import EngineHost
from herdmate.errors import SelectionError
from herdmate.generation import Piece
from herdmate.prompting.families import Turn
from herdmate.prompting.library import Action
from herdmate.text import Document, Selection

_NO_INPUT = ActionInput()


async def explain(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
) -> AsyncGenerator[str, None]:
    """Pieces of the explanation as they arrive. Raises ``HerdmateError``."""
    question = await explanation_of(selection, action, context, action_input)
    async with aclosing(answer_to(question, context.host)) as parts:
        async for text in parts:
            yield text


async def explanation_of(
    selection: Selection,
    action: Action,
    context: ActionContext,
    action_input: ActionInput = _NO_INPUT,
) -> Question:
    """The question for an explanation. Raises ``HerdmateError``."""
    target = resolve_target(selection, action.works_on == "definition")
    return await question_for(action, target, context, action_input)


async def follow_up(
    document: Document, action: Action, turns: Sequence[Turn], said: str, context: ActionContext
) -> Question:
    """The question that continues the conversation about an explanation.

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
    return found


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
