"""Several suggestions to choose from."""

from __future__ import annotations

from contextlib import aclosing

from herdmate.completion.asker import Asking
from herdmate.completion.cursor_context import cursor_context
from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.shape import Shape
from herdmate.completion.syntax_check import sound
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.engine.host import EngineHost
from herdmate.generation import Piece, Request
from herdmate.text import Cursor


async def alternatives(
    request: Request, cursor: Cursor, shape: Shape, check: SyntaxCheck | None, host: EngineHost,
    asking: Asking,
) -> list[Shown]:  # fmt: skip
    """Distinct answers to ``request.alternatives``, best first; the model stops once all are whole.

    Raises ``HerdmateError`` if the model cannot be asked.
    """
    context, raw = cursor_context(cursor), [""] * request.alternatives
    async with asking(), aclosing(host.generate(request)) as events:
        async for event in events:
            if isinstance(event, Piece):
                raw[event.index] += event.text
                if all(is_whole(text, cursor, shape, context) for text in raw):
                    break
    finished = (finish(text, cursor, shape, context, is_asked=True) or Shown("") for text in raw)
    said = [await sound(shown, check) for shown in finished]
    return list(dict.fromkeys(item for item in said if item.text))
