"""Explanations reach any editor: streamed, as a document shown, or as the command's answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from herdmate.assist.explain import explain
from herdmate.errors import HerdmateError
from herdmate.lsp import protocol
from herdmate.lsp.arguments import selection_of, wish_of
from herdmate.lsp.progress import counted, progress
from herdmate.lsp.protocol import ActionArguments, ExplanationPart
from herdmate.lsp.session import Session
from herdmate.lsp.showing import show_markdown

_BETWEEN_PARTS = 0.1
"""Seconds. More messages than the eye can tell apart take processor time from the model."""


async def explain_selection(session: Session, arguments: ActionArguments) -> str | None:
    """Start an explanation; answers its text only to a client that has no other way to see it."""
    if session.capabilities.explanation:
        session.spawn(_stream(session, arguments))
        return None
    if session.capabilities.show_document:
        session.spawn(_show(session, arguments))
        return None
    return await _whole(session, arguments)


async def _stream(session: Session, arguments: ActionArguments) -> None:
    """Send each part as it comes; the last one says that, or why there are no more."""
    name, title = str(uuid.uuid4()), _title(arguments)

    def send(text: str, done: bool = False, error: str | None = None) -> None:
        part = ExplanationPart(name, title, arguments.uri, text, done, error)
        session.protocol.notify(protocol.EXPLANATION, asdict(part))

    error: str | None = "The explanation was stopped."
    kept, sent_at = "", 0.0
    try:
        async with aclosing(_parts(session, arguments)) as parts:
            async for text in parts:
                kept += text
                if (now := time.monotonic()) - sent_at >= _BETWEEN_PARTS:
                    send(kept)
                    kept, sent_at = "", now
        error = None
    except HerdmateError as problem:
        error = str(problem)
    finally:
        send(kept, done=True, error=error)


async def _show(session: Session, arguments: ActionArguments) -> None:
    """Write the whole explanation to a Markdown file and have the client show that."""
    text = await _whole(session, arguments)
    name = Path(_file_name(arguments.uri)).stem or "code"
    await show_markdown(session, name, f"# {_title(arguments)}\n\n{text}\n")


async def _whole(session: Session, arguments: ActionArguments) -> str:
    async with aclosing(_parts(session, arguments)) as parts:
        return "".join([text async for text in parts])


async def _parts(session: Session, arguments: ActionArguments) -> AsyncGenerator[str, None]:
    action = session.library.get(arguments.action or "explain")
    selection, wish = selection_of(session, arguments), wish_of(session, arguments)
    async with progress(session, action.title) as report, session.thinking():
        tell, count = counted(report), 0
        async with aclosing(explain(selection, action, session.companion, wish)) as parts:
            async for text in parts:
                count += 1
                tell(count)
                yield text


def _title(arguments: ActionArguments) -> str:
    lines = [arguments.range[end]["line"] + 1 for end in ("start", "end")]
    place = f"line {lines[0]}" if lines[0] == lines[1] else f"lines {lines[0]} to {lines[1]}"
    return f"{_file_name(arguments.uri)}, {place}"


def _file_name(uri: str) -> str:
    return PurePosixPath(unquote(urlsplit(uri).path)).name
