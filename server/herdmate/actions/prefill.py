"""Evaluating the prompt of an explanation before it is asked for, while the engine is idle."""

from __future__ import annotations

from herdmate.actions.context import ActionContext
from herdmate.actions.question import question_for
from herdmate.prompting.library import Action
from herdmate.text import Selection


async def prefill_explanation(target: Selection, action: Action, context: ActionContext) -> None:
    """Evaluate the prompt of an explanation of the target, without asking for one.

    Raises ``HerdmateError`` if it cannot be asked for.
    """
    question = await question_for(action, target, context)
    await context.host.evaluate(question.request)
