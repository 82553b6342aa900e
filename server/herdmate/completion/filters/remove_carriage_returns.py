r"""Turn ``\r\n`` and ``\r`` into ``\n``, the only line ending that the model was shown."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.text import with_line_feeds


def remove_carriage_returns(text: str, context: CursorContext) -> str:
    r"""Turn ``\r\n`` and ``\r`` into ``\n``, the only line ending that the model was shown."""
    return with_line_feeds(text)
