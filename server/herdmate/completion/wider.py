"""What an explicit request gets if nothing can be shown of the block that the cursor is in."""

from __future__ import annotations

from dataclasses import replace

from herdmate.completion.asker import Asking
from herdmate.completion.confidence import marked
from herdmate.completion.cursor_context import cursor_context
from herdmate.completion.in_flight import InFlight
from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.shape import Shape
from herdmate.completion.syntax_check import sound
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.engine.host import EngineHost
from herdmate.generation import Request
from herdmate.text import Cursor

_SHAPE: Shape = "all"


async def wider(
    running: InFlight, request: Request, cursor: Cursor, check: SyntaxCheck | None,
    host: EngineHost, asking: Asking,
) -> Shown:  # fmt: skip
    """All that the model has said, and goes on to say, up to the code below the cursor.

    It may end the block that the cursor is in and begin another one. Empty if that would break the
    code too. Raises ``HerdmateError`` if the model cannot be asked.
    """
    context, written = cursor_context(cursor), running.written
    raw, pieces = written.raw, list(written.pieces)
    if not running.is_ended:
        request = replace(request, prompt=replace(request.prompt, said=raw))
        async with asking():
            raw += await host.answer(
                request, lambda said: is_whole(raw + said, cursor, _SHAPE, context), pieces.append
            )
    shown = finish(raw, cursor, _SHAPE, context, is_asked=True) or Shown("")
    return await sound(marked(shown, pieces), check)
