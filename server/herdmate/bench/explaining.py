"""Explanations that can be left before they end, as one presses the cancel button."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from herdmate.errors import HerdmateError
from herdmate.lsp.client import Client
from herdmate.text import Document, Span


async def explained(client: Client, document: Document) -> AsyncGenerator[str, None]:
    """The parts of an explanation of a whole open document as they come.

    Closing the generator stops the explanation and waits until the server says so.
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
            with contextlib.suppress(HerdmateError):  # that it was stopped
                async for _ in parts:
                    pass
