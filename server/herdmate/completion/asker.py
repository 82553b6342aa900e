"""Whoever asks the model for ghost text, and what is entered meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from herdmate.generation import Finished, Piece, Request

Asking = Callable[[], AbstractAsyncContextManager[None]]
"""Entered while the model is working."""


class Asker(Protocol):
    """The part of ``EngineHost`` that asks the model."""

    async def answer(
        self,
        request: Request,
        is_enough: Callable[[str], bool] = lambda _: False,
        on_piece: Callable[[Piece], None] = lambda _: None,
        on_end: Callable[[Finished], None] = lambda _: None,
    ) -> str:
        """The whole text; ``is_enough`` receives the text so far and can stop the model.

        ``on_piece`` receives each piece before that, ``on_end`` why the model ended by itself.
        """
