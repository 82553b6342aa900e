"""What Herdmate shows in the editor itself: texts as Markdown, and questions to the user."""

from __future__ import annotations

import time
import uuid

from lsprotocol import types
from platformdirs import user_cache_path

from herdmate.assist.seen import seen
from herdmate.lsp.session import Session

_KEPT_SECONDS = 24 * 3600


async def show_markdown(session: Session, name: str, text: str) -> None:
    """Write a file of its own, which is kept for a day, and have the client show it."""
    folder = user_cache_path("herdmate") / "shown"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in folder.glob("*.md"):
        if old.stat().st_mtime < time.time() - _KEPT_SECONDS:
            old.unlink(missing_ok=True)
    # A name of its own: an editor does not read a file again that it shows already.
    file = folder / f"{name}-{uuid.uuid4().hex[:8]}.md"
    file.write_text(text, encoding="utf-8")
    await session.window_show_document_async(
        types.ShowDocumentParams(file.as_uri(), external=False, take_focus=True)
    )


async def agrees(session: Session, question: str, yes: str) -> bool:
    """Ask the user, with a button for yes and one for later; only for clients that can."""
    actions = [types.MessageActionItem(yes), types.MessageActionItem("Not now")]
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
