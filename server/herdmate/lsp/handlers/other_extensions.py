"""Other extensions that show ghost text: the user is told once, and can leave it to them."""

from __future__ import annotations

import logging
from pathlib import Path

from lsprotocol import types

from herdmate.lsp.handlers.configuration import change
from herdmate.lsp.handlers.shown_documents import agrees
from herdmate.lsp.session import Session
from herdmate.usage.statistics_file import statistics_path

_log = logging.getLogger(__name__)

_OTHERS = {
    "continue.continue": "Continue",
    "ex3ndr.llama-coder": "Llama Coder",
    "ggml-org.llama-vscode": "llama.vscode",
    "github.copilot": "GitHub Copilot",
    "rjmacarthy.twinny": "twinny",
    "tabbyml.vscode-tabby": "Tabby",
}
"""Extension ids in VS Code's marketplace. Wingman shows no ghost text."""


async def tell_of_others(session: Session) -> None:
    """Tell the user that another extension shows ghost text too, once for each extension."""
    found = [known for known in sorted(_OTHERS) if known in session.capabilities.extensions]
    asks = session.capabilities.configure and session.capabilities.show_message_request
    if not found or not asks or not session.settings.completion.enabled:
        return
    if not (news := _noted(found, statistics_path().parent / "told-of")):
        return
    names = " and ".join(_OTHERS[known] for known in news)
    text = (
        f"{names} may show ghost text too. The editor shows only one suggestion but asks "
        "every extension for one on each keystroke. Explanations and refactorings are unaffected."
    )
    if await agrees(session, text, f"Leave ghost text to {names}", "Keep Herdmate's"):
        await change(session, "completion.enabled", False)
        session.show(
            "You can resume Herdmate's ghost text from its status menu.", types.MessageType.Info
        )


def _noted(found: list[str], folder: Path) -> list[str]:
    """The extensions that the user has not been told about, now noted as told.

    Empty if that cannot be noted: better never to tell than to tell at every start.
    """
    try:
        news = [known for known in found if not (folder / known).exists()]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for known in news:
            (folder / known).touch()
    except OSError as error:
        _log.warning("the user is not told of other extensions: %s", error.strerror or error)
        return []
    return news
