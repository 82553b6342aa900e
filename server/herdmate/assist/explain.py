"""An explanation of code, streamed as Markdown."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from herdmate.assist.ask import question_for
from herdmate.assist.companion import Companion
from herdmate.assist.subject import subject_of
from herdmate.assist.wish import Wish
from herdmate.generation import Piece
from herdmate.prompting.families import restored
from herdmate.prompting.library import Action
from herdmate.text import Selection

_NO_WISH = Wish()


async def explain(
    selection: Selection, action: Action, companion: Companion, wish: Wish = _NO_WISH
) -> AsyncGenerator[str, None]:
    """Parts of the explanation as they come. Raises ``HerdmateError``."""
    subject = subject_of(selection, action.works_on == "definition")
    question = await question_for(action, subject, companion, wish)
    begun = False
    async with aclosing(companion.generate(question.request)) as events:
        async for event in events:
            if not isinstance(event, Piece):
                continue
            text = restored(event.text if begun else event.text.lstrip())
            begun = begun or bool(text)
            if text:
                yield text
