"""A simulated user who types in one document, and the keys that write a text."""

from __future__ import annotations

import re
from dataclasses import replace

from herdmate.lsp.client import Client
from herdmate.text import Document, Edit, Span, with_text

_KEY = re.compile(r"\n(?:[ \t]+(?=\S))?|[^\n]")


def keystrokes(text: str) -> tuple[str, ...]:
    """The keys that write a text; Return also writes the next line's indent, as in editors.

    Joined, they are the text.
    """
    return tuple(_KEY.findall(text))


class Typist:
    """Types at one place of a document that it has opened."""

    def __init__(self, client: Client, document: Document, offset: int) -> None:
        """Open the document."""
        self._client, self._version = client, 1
        self.document, self.offset = document, offset
        client.open(document)

    def press(self, text: str) -> None:
        """Type one key, or write all of a text at once, as when a suggestion is accepted."""
        self._version += 1
        edit = Edit(Span(self.offset, self.offset), text)
        self._client.change(self.document, edit, self._version)
        before, after = self.document.text[: self.offset], self.document.text[self.offset :]
        self.document = with_text(self.document, before + text + after)
        self.offset += len(text)

    async def ghost_text(self, invoked: bool = False) -> str | None:
        """The ghost text at the cursor, requested as an editor does while the user types."""
        self._client.grown = ("", 0)
        return await self._client.ghost_text(self.document, self.offset, invoked)

    def has_grown(self) -> bool:
        """Is there more than was last shown at the cursor?"""
        return self._client.grown == (self.document.uri, self._version)

    def leave(self) -> None:
        """Close the document."""
        self._client.close(replace(self.document))
