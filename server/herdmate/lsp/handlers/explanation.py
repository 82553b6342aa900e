"""Explanations for any editor: streamed, shown as a document, or as the command's answer."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any

from herdmate.actions.explain import answer_to, explanation_of, follow_up
from herdmate.actions.offers import title_of
from herdmate.actions.question import Question
from herdmate.errors import HerdmateError, SelectionError
from herdmate.lsp import protocol
from herdmate.lsp.action_arguments import ActionRequest, selection_of
from herdmate.lsp.handlers.shown_documents import show_markdown
from herdmate.lsp.progress import counted, progress
from herdmate.lsp.protocol import ActionArguments, ExplanationPart
from herdmate.lsp.session import Session
from herdmate.lsp.status import thinking
from herdmate.prompting.families import Turn
from herdmate.text import name_in

_BETWEEN_PARTS = 0.1
"""Seconds. Updates too fast to see would only take CPU time from the model."""

_STOPPED = "The explanation was stopped."


def explain_selection(session: Session, request: ActionRequest) -> Awaitable[str] | None:
    """Start an explanation; return its text only if the client has no other way to show it."""
    if session.capabilities.explanation:
        session.spawn(_stream(session, request))
        return None
    if session.capabilities.show_document:
        session.spawn(_show(session, request))
        return None
    return _whole(session, request)


async def _stream(session: Session, request: ActionRequest) -> None:
    """Send each part as it arrives; the last one says so, and gives the error if there was one."""
    arguments = request.arguments
    name, title = str(uuid.uuid4()), _title(arguments)
    said = arguments.instruction if arguments.turns else ""

    def send(text: str, **last: Any) -> None:
        part = ExplanationPart(name, title, arguments.uri, text, question=said, **last)
        session.protocol.notify(protocol.EXPLANATION, asdict(part))

    error: str | None = _STOPPED
    whole, kept, sent_at = "", "", 0.0
    question: Question | None = None
    try:
        question = await _question(session, request)
        async with aclosing(_parts(session, request, question)) as parts:
            async for text in parts:
                kept, whole = kept + text, whole + text
                if (now := time.monotonic()) - sent_at >= _BETWEEN_PARTS:
                    send(kept)
                    kept, sent_at = "", now
        error = None
    except HerdmateError as problem:
        error = str(problem)
    finally:
        further = _next(arguments, question, whole) if question and not error else None
        send(kept, done=True, error=error, stopped=error == _STOPPED, next=further)


def _next(arguments: ActionArguments, question: Question, answer: str) -> ActionArguments:
    """The arguments for a follow-up question: the whole conversation, as the server keeps none."""
    turns = [protocol.Turn(turn.role, turn.text) for turn in question.turns]
    return replace(arguments, turns=[*turns, protocol.Turn("assistant", answer)], instruction="")


async def _show(session: Session, request: ActionRequest) -> None:
    """Have the client show the whole explanation as a Markdown document."""
    text = await _whole(session, request)
    name = Path(_file_name(request.arguments.uri)).stem or "code"
    await show_markdown(session, name, f"# {_title(request.arguments)}\n\n{text}\n")


async def _whole(session: Session, request: ActionRequest) -> str:
    question = await _question(session, request)
    async with aclosing(_parts(session, request, question)) as parts:
        return "".join([text async for text in parts])


async def _question(session: Session, request: ActionRequest) -> Question:
    """The question for a first explanation, or a follow-up question.

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
    session: Session, request: ActionRequest, question: Question
) -> AsyncGenerator[str, None]:
    """The answer in parts, with progress under the action's title."""
    title = title_of(request.action, request.action_input)
    async with progress(session, title) as report, thinking(session):
        tell, count = counted(report), 0
        async with aclosing(answer_to(question, session.model.host)) as parts:
            async for text in parts:
                count += 1
                tell(count)
                yield text


def _title(arguments: ActionArguments) -> str:
    lines = [arguments.range[end]["line"] + 1 for end in ("start", "end")]
    place = f"line {lines[0]}" if lines[0] == lines[1] else f"lines {lines[0]} to {lines[1]}"
    return f"{_file_name(arguments.uri)}, {place}"


def _file_name(uri: str) -> str:
    return PurePosixPath(name_in(uri)).name
