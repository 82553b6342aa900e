"""What makes suggestions while somebody types: the real server, and the bare model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from herdmate.engine.host import EngineHost
from herdmate.eval.stretches import Stretch
from herdmate.eval.type_stretch import Clock, Writer
from herdmate.generation import ModelInfo, Request
from herdmate.lsp.client import Client, connect_within
from herdmate.lsp.server import create_server
from herdmate.lsp.typist import Typist
from herdmate.models.role_choices import ChooseEngine
from herdmate.prompting.families import can_infill, continue_prompt, family_of, infill_prompt
from herdmate.settings import CompletionSettings
from herdmate.text import line_start

_CHARS_PER_TOKEN = 4

NAMES = ("herdmate", "bare")
"""The writers: Herdmate as its users have it, and the same model without it."""


@asynccontextmanager
async def writers(
    settings: dict[str, Any], folder: Path, choose: ChooseEngine
) -> AsyncIterator[tuple[dict[str, Callable[[Stretch], Writer]], Clock]]:
    """By name, what opens a stretch in an editor that has ``folder`` open; and their clock.

    All share one model. Raises ``HerdmateError``.
    """
    server = create_server(choose)
    async with connect_within(server, settings, folder, grows=True) as client:
        await client.ready(lambda _message, _fraction: None)
        info = await server.model.completion.host.ready()
        usual = server.settings.completion
        yield (
            {
                "herdmate": partial(_Herdmate, client),
                "bare": partial(_Bare, server.model.completion.host, info, usual),
            },
            Clock(lambda: bool(server.completion.running())),
        )


class _Herdmate:
    """What VS Code would show, which asks the server at every key, and again when text grows."""

    def __init__(self, client: Client, stretch: Stretch) -> None:
        self._client = client
        self._typist = Typist(client, stretch.document, stretch.offset)

    def press(self, text: str) -> None:
        self._typist.press(text)

    async def suggestion(self, _shown: str) -> str | None:
        typist = self._typist
        edits = await self._client.ghost_edits(typist.document, typist.offset, invoked=False)
        if not edits:
            return None
        return edits[0].new_text[typist.offset - edits[0].span.start :] or None

    async def grown(self, shown: str) -> str:
        return (await self.suggestion(shown) or shown) if self._typist.has_grown() else shown

    def leave(self) -> None:
        self._typist.leave()


class _Bare:
    """The same weights, asked at every key; the first line of the answer is shown.

    The window begins at a fixed line, so that what the model has read stays in its cache. What is
    shown stays as long as the user types along with it, as in every editor.
    """

    def __init__(
        self, host: EngineHost, info: ModelInfo, settings: CompletionSettings, stretch: Stretch
    ) -> None:
        self._host, self._family, self._settings = host, family_of(info), settings
        text, offset = stretch.document.text, stretch.offset
        start = line_start(text, max(offset - settings.prefix_tokens * _CHARS_PER_TOKEN, 0))
        self._before = text[start:offset]
        self._after = text[offset : offset + settings.suffix_tokens * _CHARS_PER_TOKEN]

    def press(self, text: str) -> None:
        self._before += text

    async def suggestion(self, shown: str) -> str | None:
        if shown:
            return shown
        if can_infill(self._family):
            prompt = infill_prompt(self._family, self._before, self._after)
        else:
            prompt = continue_prompt(self._family, self._before)
        text = await self._host.answer(
            Request(replace(prompt, cursor=None), "bare", self._settings.max_tokens, exact=True),
            lambda said: "\n" in said.lstrip("\n"),
        )
        return first_line(text) or None

    async def grown(self, shown: str) -> str:
        return shown

    def leave(self) -> None:
        """Do nothing: nothing was opened."""


def first_line(text: str) -> str:
    """The text up to the end of the first line that is not blank; ``""`` if all are."""
    blank = len(text) - len(text.lstrip("\n"))
    line = text[blank:].split("\n")[0]
    return text[:blank] + line if line.strip() else ""
