"""What Herdmate shows in the editor itself: texts as Markdown, and questions to the user."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress

from lsprotocol import types
from platformdirs import user_cache_path

from herdmate.assist.seen import seen
from herdmate.errors import HerdmateError
from herdmate.lsp.session import Session

_KEPT_SECONDS = 24 * 3600
_SCHEME = "herdmate"
_MOST_SHOWN = 8


async def offer_content(session: Session) -> None:
    """Have the client ask for documents of ours, where it can: these lie in no file."""
    if session.capabilities.shows_content:
        name = types.WORKSPACE_TEXT_DOCUMENT_CONTENT
        options = types.TextDocumentContentOptions([_SCHEME])
        registration = types.Registration("content", name, options)
        await session.client_register_capability_async(types.RegistrationParams([registration]))


def content(session: Session, uri: str) -> types.TextDocumentContentResult:
    """The text of a document of ours."""
    gone = "This is gone: it was shown by a server that has ended, or long ago.\n"
    return types.TextDocumentContentResult(session.shown.get(uri, gone))


async def show_markdown(session: Session, name: str, text: str) -> None:
    """Have the client show a text of a name of its own: an editor reads nothing again that it
    shows already. Raises ``HerdmateError``."""
    name = f"{name}-{uuid.uuid4().hex[:8]}.md"
    if session.capabilities.shows_content:
        uri = f"{_SCHEME}:/{name}"
        for old in list(session.shown)[: -_MOST_SHOWN + 1]:
            del session.shown[old]
        session.shown[uri] = text
    else:
        try:
            uri = _written(name, text)
        except OSError as error:
            raise HerdmateError(
                f"The text cannot be shown, since its file cannot be written "
                f"({error.strerror or error}); make room on the disk."
            ) from error
    await session.window_show_document_async(
        types.ShowDocumentParams(uri, external=False, take_focus=True)
    )


def _written(name: str, text: str) -> str:
    """The URI of a file that is kept for a day."""
    folder = user_cache_path("herdmate") / "shown"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.glob("*.md"):
        with suppress(FileNotFoundError):  # another server has just done it
            if old.stat().st_mtime < time.time() - _KEPT_SECONDS:
                old.unlink()
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file.as_uri()


async def agrees(session: Session, question: str, yes: str, no: str = "Not now") -> bool:
    """Ask the user, with a button for yes and one for no; only for clients that can."""
    actions = [types.MessageActionItem(yes), types.MessageActionItem(no)]
    params = types.ShowMessageRequestParams(types.MessageType.Info, question, actions)
    answer = await session.window_show_message_request_async(params)
    return answer is not None and answer.title == yes


async def show_seen(session: Session) -> str | None:
    """What the model was asked last; answered only where it cannot be shown."""
    text = seen(session.companion.last_asked)
    if not session.capabilities.show_document:
        return text
    await show_markdown(session, "what-the-model-saw", text)
    return None
