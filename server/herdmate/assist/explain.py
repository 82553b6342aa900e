"""An explanation of code, streamed as Markdown, and what is asked about it afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from herdmate.assist.ask import Question, asked_on, question_for, taken_up
from herdmate.assist.companion import Companion
from herdmate.assist.subject import subject_of
from herdmate.assist.wish import Wish
from herdmate.errors import SelectionError
from herdmate.generation import Piece
from herdmate.prompting.families import Turn, restored
from herdmate.prompting.library import Action
from herdmate.text import Document, Selection

_NO_WISH = Wish()


async def explain(
    selection: Selection, action: Action, companion: Companion, wish: Wish = _NO_WISH
) -> AsyncGenerator[str, None]:
    """Parts of the explanation as they come. Raises ``HerdmateError``."""
    question = await explanation_of(selection, action, companion, wish)
    async with aclosing(answer_to(question, companion)) as parts:
        async for text in parts:
            yield text


async def explanation_of(
    selection: Selection, action: Action, companion: Companion, wish: Wish = _NO_WISH
) -> Question:
    """The question for an explanation. Raises ``HerdmateError``."""
    subject = subject_of(selection, action.works_on == "definition")
    return await question_for(action, subject, companion, wish)


async def follow_up(
    document: Document, action: Action, turns: Sequence[Turn], said: str, companion: Companion
) -> Question:
    """The question that goes on with the conversation of an explanation.

    ``turns`` are what was said before, the model's answer last. Raises ``SelectionError`` where the
    conversation has become too long or the model may not see the document.
    """
    *before, answer = turns
    question = await taken_up(action, document, tuple(before), companion)
    found = await asked_on(question, answer.text, said, companion)
    if found is None:
        info, _ = await companion.model()
        raise SelectionError(
            f"The conversation has become too long for the model's {info.context} tokens; ask for "
            "a new explanation."
        )
    return found


async def answer_to(question: Question, companion: Companion) -> AsyncGenerator[str, None]:
    """Parts of an answer as they come. Raises ``HerdmateError``."""
    begun = False
    async with aclosing(companion.generate(question.request)) as events:
        async for event in events:
            if not isinstance(event, Piece):
                continue
            text = restored(event.text if begun else event.text.lstrip())
            begun = begun or bool(text)
            if text:
                yield text
