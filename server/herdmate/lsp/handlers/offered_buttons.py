"""A message whose buttons do what it asks for."""

from __future__ import annotations

from lsprotocol import types

from herdmate.lsp import protocol
from herdmate.lsp.handlers.model_choice import choose_model, find
from herdmate.lsp.handlers.model_fetching import load_or_offer
from herdmate.lsp.handlers.shown_documents import pressed
from herdmate.lsp.session import Session
from herdmate.lsp.wording import Button


async def offer(
    session: Session, sentence: str, kind: types.MessageType, offered: tuple[Button, ...]
) -> None:
    """Show a message with buttons, and do what the user chooses. Raises ``HerdmateError``."""
    label = await pressed(session, sentence, [button.label for button in offered], kind)
    chosen = next((button for button in offered if button.label == label), None)
    if chosen is None:
        return
    if chosen.does == "fetch":
        await choose_model(session, await find(session, chosen.name))
    elif chosen.does == "restart":
        await load_or_offer(session)
    else:
        session.protocol.notify(protocol.SHOW_MENU, {"menu": "models"})
