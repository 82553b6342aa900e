r"""The model was shown ``\n`` only; where it writes ``\r\n`` all the same, that is one too."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext


def remove_carriage_returns(text: str, context: CursorContext) -> str:
    r"""The model was shown ``\n`` only; where it writes ``\r\n`` all the same, that is one too."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
