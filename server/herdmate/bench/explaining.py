"""Explanations that can be stopped early, as with the cancel button."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from herdmate.errors import HerdmateError
from herdmate.lsp.client import Client
from herdmate.text import Document, Span


async def explained(client: Client, document: Document) -> AsyncGenerator[str, None]:
    """The parts of an explanation of a whole open document, as they arrive.

    Closing the generator stops the explanation and waits until the server confirms it.
    """
    parts = client.explain(document, Span(0, len(document.text)))
    ended = False
    try:
        async for text in parts:
            yield text
        ended = True
    finally:
        if not ended:
            client.stop_explaining()
            with contextlib.suppress(HerdmateError):  # says that it was stopped
                async for _ in parts:
                    pass
