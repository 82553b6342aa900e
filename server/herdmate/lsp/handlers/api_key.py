"""Asking the user before an API key goes to a server for the first time."""

from __future__ import annotations

from herdmate.engine.remote.api_key import allow, is_undecided
from herdmate.engine.remote.endpoint import endpoint_of, origin_of
from herdmate.errors import SettingsError
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.session import Session

_SEND = "Send it"


async def agree_on_key(session: Session) -> None:
    """Ask whether the key is for the server that the settings name, where that is not known.

    A client that cannot ask is told what to set once the server is asked, without the key.
    """
    try:
        place = endpoint_of(session.settings.remote.url)
        if not is_undecided(place) or not session.capabilities.show_message_request:
            return
    except SettingsError:  # there is no server, or loading it says what is wrong
        return
    question = (
        f"Herdmate's settings name a server at {origin_of(place)}. Is the API key in "
        "HERDMATE_API_KEY for that server?"
    )
    if await agrees(session, question, _SEND, "Do not send it"):
        allow(place)
