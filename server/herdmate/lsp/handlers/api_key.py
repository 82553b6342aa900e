"""Asking the user before an API key goes to a server for the first time."""

from __future__ import annotations

from herdmate.engine.remote.api_key import allow, is_undecided, variable_of
from herdmate.engine.remote.endpoint import endpoint_of, origin_of
from herdmate.errors import SettingsError
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.session import Session
from herdmate.roles import ROLES, Role, for_role, is_apart

_SEND = "Send it"


async def agree_on_key(session: Session) -> None:
    """Ask the user, if it is undecided, whether a key is for a remote server in the settings.

    If the client cannot ask, the remote server is used without the key, and a message says what to
    set.
    """
    for role in ROLES if is_apart(session.settings) else ROLES[:1]:
        await _agree_on_key(session, role)


async def _agree_on_key(session: Session, role: Role) -> None:
    first = session.settings.remote.url
    try:
        place = endpoint_of(for_role(session.settings, role).remote.url)
        if not session.capabilities.show_message_request or not is_undecided(place, role, first):
            return
    except SettingsError:  # there is no remote server, or loading it reports the error
        return
    question = (
        f"Herdmate's settings name a remote server at {origin_of(place)}. Is the API key in "
        f"{variable_of(role)} for that server?"
    )
    if await agrees(session, question, _SEND, "Do not send it"):
        allow(place, role)
