"""``herdmate chat``: a conversation with the model, about files or anything else."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from herdmate.actions.context import ActionContext
from herdmate.actions.conversation import (
    MOST_TOKENS,
    Attachment,
    Conversation,
    Prepared,
    answered,
    prepared,
)
from herdmate.actions.explain import answer_to
from herdmate.actions.question import Question
from herdmate.cli import action_context
from herdmate.cli.answers import gathered, show_answer
from herdmate.cli.chat_files import LAST, keep, kept
from herdmate.cli.chat_input import COMMANDS, line_editor
from herdmate.cli.git_diff import changes
from herdmate.cli.locations import INPUT, Opened, Place, opened, place_of, selected
from herdmate.cli.parser import examples, meant
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import copy, tell, tell_error, write, write_json
from herdmate.cli.wording import in_terminal
from herdmate.errors import HerdmateError, SelectionError
from herdmate.settings import Settings

_Show = Callable[[AsyncIterator[str]], Awaitable[str]]
"""Shows an answer while it comes, or gathers it."""


@dataclass(slots=True)
class _Chat:
    """One conversation on a terminal."""

    settings: Settings
    context: ActionContext
    max_tokens: int
    conversation: Conversation = field(default_factory=Conversation)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate chat [FILE...] [QUESTION]``."""
    parser.add_argument(
        "places", nargs="*", metavar="FILE",
        help="files to talk about, or lines FILE:START-END; what is no file is the question",
    )  # fmt: skip
    resuming = parser.add_mutually_exclusive_group()
    resuming.add_argument("--resume", action="store_true", help="go on with the last conversation")
    resuming.add_argument("--saved", metavar="NAME", help="go on with one that /save kept")
    parser.add_argument("--json", action="store_true", help="the answer to one QUESTION as JSON")
    parser.description = (
        "Without a QUESTION, opens a conversation: type a question, or /help. With one, answers\n"
        "it and ends. What is piped in goes with the question."
    )
    parser.epilog = examples(
        "herdmate chat src/app.py", 'git diff | herdmate chat "what changes?"',
        'herdmate chat --resume "and in Go?"',
    )  # fmt: skip
    parser.set_defaults(run=lambda arguments: asyncio.run(_chat(arguments)))


async def _chat(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments)
    files, question = _parted(arguments.places)
    if arguments.json and not question and sys.stdin.isatty():
        arguments.parser.error("--json answers one question; name it")
    name = LAST if arguments.resume else arguments.saved
    conversation = Conversation() if name is None else kept(name)
    if not sys.stdin.isatty():
        piped = opened(Place(INPUT))
        if question and piped.document.text.strip():
            files.append(piped)
        question = question or piped.document.text.strip()
        if not question:
            arguments.parser.error("there is no question; type one behind the files")
    attached = tuple(map(_attachment, files))
    documents = [file.document for file in files]
    async with action_context.running(settings, documents) as context:
        chat = _Chat(settings, context, getattr(arguments, "max_tokens", MOST_TOKENS),
                     replace(conversation, attached=attached))  # fmt: skip
        if not question:
            await _talk(chat)
            return 0
        finished = await _ask(chat, question, gathered if arguments.json else show_answer)
        if arguments.json:
            write_json(await _told(chat, question))
    return 0 if finished else 130


async def _told(chat: _Chat, question: str) -> dict[str, Any]:
    """What ``--json`` says of one question."""
    info = await chat.context.host.ready()
    answers = [item.answer for item in chat.conversation.exchanges]
    return {"question": question, "model": info.name, "text": answers[-1] if answers else ""}


def _parted(words: Sequence[str]) -> tuple[list[Opened], str]:
    """The files, and the words that are the question."""
    files: list[Opened] = []
    said: list[str] = []
    for word in words:
        if word == INPUT and not said:
            continue  # what is piped in goes with the question anyway
        place = _place_in(word)
        if place.path is not None and os.path.lexists(place.path):
            files.append(opened(place))
        elif not said and (os.sep in word or place.first) and " " not in word:
            raise SelectionError(f"{place.name} cannot be read: No such file or directory.")
        else:
            said.append(word)
    return files, " ".join(said)


def _place_in(word: str) -> Place:
    """The place that a word names; a question can look like one that cannot be."""
    if len(word) >= 4096 or "\0" in word:
        return Place(word)
    try:
        return place_of(word)
    except SelectionError:
        if " " not in word:
            raise
        return Place(word)


def _attachment(file: Opened) -> Attachment:
    place = file.place
    name = "standard input" if place.name == INPUT else place.name
    lines = f", line{'s' * ('-' in place.lines)} {place.lines}" if place.first else ""
    return Attachment(f"{name}{lines}", file.document.language, selected(file).text)


async def _talk(chat: _Chat) -> None:
    """Read and answer until the user leaves."""
    info = await chat.context.host.ready()
    tell(f"{info.name}; /help lists what can be typed besides questions, Ctrl-D leaves.")
    _show_attached(chat)
    read = line_editor()
    while True:
        try:
            line = (await read()).strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            continue
        try:
            if line.startswith("/"):
                if not await _command(chat, line):
                    return
            elif line:
                await _ask(chat, line)
        except HerdmateError as error:
            tell_error(in_terminal(str(error)))


async def _ask(chat: _Chat, said: str, show: _Show = show_answer) -> bool:
    """Answer one question; ``False`` if Ctrl-C stopped it. What came is kept either way."""
    asked: list[Prepared] = []
    parts: list[str] = []

    async def noted(question: Question) -> AsyncIterator[str]:
        async with aclosing(answer_to(question, chat.context.host)) as answer:
            async for part in answer:
                parts.append(part)
                yield part

    async def ask() -> None:
        question = await prepared(chat.conversation, said, chat.context.host, chat.max_tokens)
        asked.append(question)
        _show_budget(question)
        await show(noted(question.question))

    async with _stoppable(ask()) as is_whole:
        finished: bool = await is_whole()
    if asked:
        chat.conversation = answered(asked[0], "".join(parts))
        with suppress(SelectionError):  # a full disk ends no conversation
            keep(chat.conversation)
    if not finished:
        write("\n" if parts and show is show_answer else "")
        tell("Stopped; what came is kept." if asked else "Stopped.")
    return finished


@asynccontextmanager
async def _stoppable(work: Any) -> AsyncIterator[Callable[[], Any]]:
    """Run something that Ctrl-C stops without ending the program."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows: Ctrl-C ends the program there
        loop.add_signal_handler(signal.SIGINT, task.cancel)

    async def is_whole() -> bool:
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            return False
        return True

    try:
        yield is_whole
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)


def _show_budget(question: Prepared) -> None:
    """Tell what went along, and what did not."""
    if question.taken:
        parts = (f"{name} ({_lines_of(taken, lines)})" for name, taken, lines in question.taken)
        used = f"{question.tokens:,} of {question.context:,} tokens"
        tell(f"With the question: {', '.join(parts)}; {used}.")
    if question.dropped:
        tell(f"The first {question.dropped} exchanges no longer fit and are left out.")


def _lines_of(taken: int, lines: int) -> str:
    whole = "1 line" if lines == 1 else f"{lines:,} lines"
    return whole if taken >= lines else f"only {taken:,} of {whole}"


def _show_attached(chat: _Chat) -> None:
    if chat.conversation.attached:
        names = ", ".join(item.name for item in chat.conversation.attached)
        tell(f"With the next question: {names}")


async def _command(chat: _Chat, line: str) -> bool:
    """Carry out a line that begins with a slash; ``False`` if it ends the conversation."""
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    if word in ("/quit", "/exit"):
        return False
    if word in ("/file", "/select"):
        _attach_file(chat, rest, word)
    elif word == "/diff":
        await _attach_changes(chat)
    elif word == "/clear":
        chat.conversation = Conversation()
    elif word == "/model":
        await _change_model(chat, rest)
    elif word == "/copy":
        answer = chat.conversation.exchanges[-1].answer if chat.conversation.exchanges else ""
        tell("Copied." if answer and copy(answer) else "There is no answer to copy.")
    elif word == "/save":
        tell(f"Wrote {keep(chat.conversation, rest or LAST)}")
    elif word == "/help":
        tell("\n".join(f"{name:10} {does}" for name, does in COMMANDS.items()))
    else:
        near = meant(word, COMMANDS)
        tell_error(f"There is no {word}" + (f"; did you mean {near}?" if near else "; see /help."))
    return True


def _attach_file(chat: _Chat, rest: str, word: str) -> None:
    if not rest:
        raise SelectionError(f"Write {word} {'FILE:START-END' if word == '/select' else 'FILE'}.")
    file = opened(replace(place_of(os.path.expanduser(rest)), clamps=True))
    action_context.refuse(chat.context, file.document)
    _attach(chat, _attachment(file))


async def _attach_changes(chat: _Chat) -> None:
    text, withheld = await changes(Path.cwd())
    if withheld:
        files = "file" if withheld == 1 else "files"
        tell(f"{withheld} changed {files} that the model must not see are left out.")
    _attach(chat, Attachment("what has changed since the last commit", "diff", text))


def _attach(chat: _Chat, item: Attachment) -> None:
    attached = (*chat.conversation.attached, item)
    chat.conversation = replace(chat.conversation, attached=attached)
    _show_attached(chat)


async def _change_model(chat: _Chat, name: str) -> None:
    if not name:
        info = await chat.context.host.ready()
        tell(f"{info.name} ({Path(info.path).name})")
        return
    settings = replace(chat.settings, model=name)
    await action_context.start(chat.context.host, settings)
    chat.settings = settings
    tell(f"{(await chat.context.host.ready()).name} answers from now on.")
