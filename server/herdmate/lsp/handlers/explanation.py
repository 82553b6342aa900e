"""Explanations for any editor: streamed, shown as a document, or as the command's answer."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from herdmate.actions.explain import Explanation, explanation_of, follow_up
from herdmate.actions.offers import title_of
from herdmate.errors import HerdmateError, SelectionError
from herdmate.generation import Finished, FinishReason
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import ActionRequest, selection_of
from herdmate.lsp.handlers.shown_documents import show_markdown
from herdmate.lsp.progress import counted, progress
from herdmate.lsp.protocol import ActionArguments, ExplanationPart
from herdmate.lsp.session import Session
from herdmate.lsp.status import thinking
from herdmate.prompting.families import Turn
from herdmate.prompting.template import open_fence
from herdmate.text import name_in

_BETWEEN_PARTS = 0.1
"""Seconds. Updates too fast to see would only take CPU time from the model."""

_BETWEEN_NEWS = 1.0
"""Seconds between two sentences about what is being done."""

_STOPPED = "The explanation was stopped."

_CUT: Mapping[FinishReason, str] = {
    "length": "The answer is cut off here; explain fewer lines, or ask for the rest.",
    "context": "The answer is cut off here, as the model's context is full; explain fewer lines.",
    "repeating": "The model began to repeat itself and was stopped.",
}
"""What is said below an answer that stops before its end."""


def explain_selection(session: Session, request: ActionRequest) -> Awaitable[str] | None:
    """Start an explanation; return its text only if the client has no other way to show it."""
    if session.capabilities.explanation:
        name = str(uuid.uuid4())
        session.spawn(session.tasks.supersede(_key(name), _stream(session, request, name)))
        return None
    if session.capabilities.show_document:
        session.spawn(_show(session, request))
        return None
    return _whole(session, request)


def stop(session: Session, name: str) -> None:
    """End an explanation; what has arrived of it stays."""
    session.tasks.stop(_key(name))


async def _stream(session: Session, request: ActionRequest, name: str) -> None:
    """Send each part as it arrives; the last one says so, and gives the error if there was one."""
    arguments = request.arguments
    title = _title(arguments)
    said = arguments.instruction if arguments.turns else ""

    def send(text: str, **more: Any) -> None:
        part = ExplanationPart(name, title, arguments.uri, text, question=said, **more)
        session.protocol.notify(protocol.EXPLANATION, asdict(part))

    error: str | None = _STOPPED
    whole, kept, sent_at = "", "", 0.0
    explanation: Explanation | None = None
    news = _News(_doing(request))
    try:
        with _telling(session, news, send):
            explanation = await _explanation(session, request)
            async with aclosing(_parts(session, request, explanation, news)) as parts:
                async for text in parts:
                    news.heard_at = now = time.monotonic()
                    kept, whole = kept + text, whole + text
                    if now - sent_at >= _BETWEEN_PARTS:
                        send(kept)
                        kept, sent_at = "", now
        error = None
    except HerdmateError as problem:
        error = session.said(str(problem))
    finally:
        further = replace(arguments, instruction="") if arguments.turns else None
        if explanation and not error:
            further = _next(arguments, explanation, whole)
        kept += "" if error else news.note(whole)
        send(kept, done=True, error=error, stopped=error == _STOPPED, next=further)


@dataclass(slots=True)
class _News:
    """What is being done, since when, and the share of the question that the model has read.

    ``heard_at``: when the last text arrived (0: none yet). ``ended``: how the answer ended.
    """

    doing: str
    read: float = 0.0
    since: float = field(default_factory=time.monotonic)
    heard_at: float = 0.0
    ended: Finished | None = None

    def note(self, answer: str) -> str:
        """What follows an answer that is not whole, in Markdown, behind the code that it is in."""
        said = _CUT.get(self.ended.reason) if self.ended else None
        fence = open_fence(answer)
        return (f"\n{fence}" if fence else "") + f"\n\n*{said}*" if said else ""


@contextmanager
def _telling(session: Session, news: _News, send: Callable[..., None]) -> Iterator[None]:
    """Tell a client that shows it what is being done: at once, then whenever no text arrives."""
    told: asyncio.Task[None] | None = None
    if session.capabilities.stop:
        told = asyncio.ensure_future(_tell(session, news, send))
    try:
        yield
    finally:
        if told:
            told.cancel()


async def _tell(session: Session, news: _News, send: Callable[..., None]) -> None:
    while True:
        now = time.monotonic()
        if now - news.heard_at >= _BETWEEN_NEWS:
            is_loading = session.model.answers.status.state in ("starting", "loading")
            doing = "Waiting for the model to load" if is_loading else news.doing
            seconds = round(now - news.since)
            far = [
                f"{news.read:.0%}" if 0 < news.read < 1 else "",
                f"{seconds} s" if seconds else "",
            ]
            send("", progress=f"{doing}… {', '.join(filter(None, far))}".rstrip())
        await asyncio.sleep(_BETWEEN_NEWS)


def _doing(request: ActionRequest) -> str:
    if request.arguments.turns:
        return "Reading the question"
    start, end = (request.arguments.range[name] for name in ("start", "end"))
    if start == end:
        return "Reading the code"
    lines = max(end["line"] - start["line"] + (end["character"] > 0), 1)
    return f"Reading {lines:,} line{'' if lines == 1 else 's'}"


def _next(arguments: ActionArguments, explanation: Explanation, answer: str) -> ActionArguments:
    """The arguments for a follow-up question: the whole conversation, as the server keeps none."""
    turns = [protocol.Turn(turn.role, turn.text) for turn in explanation.turns]
    return replace(arguments, turns=[*turns, protocol.Turn("assistant", answer)], instruction="")


async def _show(session: Session, request: ActionRequest) -> None:
    """Have the client show the whole explanation as a Markdown document."""
    text = await _whole(session, request)
    name = Path(_file_name(request.arguments.uri)).stem or "code"
    await show_markdown(session, name, f"# {_title(request.arguments)}\n\n{text}\n")


async def _whole(session: Session, request: ActionRequest) -> str:
    explanation = await _explanation(session, request)
    news = _News("")
    async with aclosing(_parts(session, request, explanation, news)) as parts:
        answer = "".join([text async for text in parts])
    return answer + news.note(answer)


async def _explanation(session: Session, request: ActionRequest) -> Explanation:
    """What answers a first request for an explanation, or a follow-up question.

    Nothing is looked up in the document later on: the user may close it.
    """
    arguments, action, context = request.arguments, request.action, session.action_context
    with session.asking_about(arguments.uri):
        if not arguments.turns:
            selection = await selection_of(session, request)
            return await explanation_of(selection, action, context, request.action_input)
        if not arguments.instruction.strip() or len(arguments.turns) % 2:
            raise SelectionError("A follow-up needs a question and the conversation so far.")
        turns = tuple(
            Turn("user" if turn.role == "user" else "assistant", turn.text)
            for turn in arguments.turns
        )
        document = request.opened.document
        return await follow_up(document, action, turns, arguments.instruction, context)


async def _parts(
    session: Session, request: ActionRequest, explanation: Explanation, news: _News
) -> AsyncGenerator[str, None]:
    """The answer in parts, with progress under the action's title unless the client shows it."""
    title = title_of(request.action, request.action_input)

    def on_section(number: int) -> None:
        news.read = 0.0
        if number > 1:
            news.doing = f"Reading part {number} of {len(explanation.sections)}"
            news.since = time.monotonic()

    async with AsyncExitStack() as stack:
        tell: Callable[[int], None] = lambda _: None  # noqa: E731
        if not session.capabilities.stop:
            tell = counted(await stack.enter_async_context(progress(session, title)))
        await stack.enter_async_context(thinking(session, session.model.answers))
        written = 0

        def on_tokens(more: int) -> None:
            nonlocal written
            written += more
            tell(written)

        def on_read(read: int, tokens: int) -> None:
            news.read = read / max(tokens, 1)

        def on_end(end: Finished) -> None:
            news.ended = end

        text = explanation.text(on_section, on_end, on_tokens, on_read)
        async for part in await stack.enter_async_context(aclosing(text)):
            yield part


def _key(name: str) -> str:
    return f"explanation {name}"


def _title(arguments: ActionArguments) -> str:
    lines = [arguments.range[end]["line"] + 1 for end in ("start", "end")]
    place = f"line {lines[0]}" if lines[0] == lines[1] else f"lines {lines[0]} to {lines[1]}"
    return f"{_file_name(arguments.uri)}, {place}"


def _file_name(uri: str) -> str:
    return PurePosixPath(name_in(uri)).name
