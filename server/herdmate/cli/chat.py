"""``herdmate chat``: a conversation with the model, about files or anything else."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, nullcontext, suppress
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
from herdmate.cli.answers import Show, comment, cut_off, gathered, show_answer
from herdmate.cli.chat_files import (
    Kind,
    keep,
    keep_on,
    kept,
    last_name,
    name_to_go_on,
    resuming,
)
from herdmate.cli.chat_input import COMMANDS, line_editor, typing_kept
from herdmate.cli.chat_list import show_kept, show_last_exchange, show_last_question
from herdmate.cli.chat_markdown import is_file, write_down
from herdmate.cli.chat_places import parted, with_piped
from herdmate.cli.git_diff import changes
from herdmate.cli.locations import INPUT, Opened, opened, place_of, selected
from herdmate.cli.parser import examples, meant
from herdmate.cli.settings_options import settings_of
from herdmate.cli.stoppable import stoppable
from herdmate.cli.terminal import copy, tell, tell_error, write, write_json
from herdmate.cli.wording import in_terminal
from herdmate.errors import HerdmateError, SelectionError
from herdmate.generation import Finished
from herdmate.printable import counted
from herdmate.settings import Settings


@dataclass(slots=True)
class _Chat:
    """One conversation; ``answer`` is what came of the last one, ``is_cut_off``: not all of it.

    ``name``: under which it is kept; ``""`` until it has an answer.
    """

    settings: Settings
    context: ActionContext
    max_tokens: int
    conversation: Conversation = field(default_factory=Conversation)
    kind: Kind = "chat"
    name: str = ""
    answer: str = ""
    is_cut_off: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate chat [FILE...] [QUESTION]``."""
    parser.add_argument(
        "places", nargs="*", metavar="FILE",
        help="files to talk about, or lines FILE:START-END, or a definition FILE:NAME; what is no "
        "file is the question",
    )  # fmt: skip
    resumed = parser.add_mutually_exclusive_group()
    resumed.add_argument(
        "--resume", action="store_true",
        help="go on with the last conversation; with a QUESTION, with what was asked last",
    )  # fmt: skip
    resumed.add_argument("--saved", metavar="NAME", help="go on with another, as --list names it")
    parser.add_argument("--list", action="store_true", help="list the conversations so far")
    parser.add_argument(
        "--json", action="store_true", help="the answer to one QUESTION, or the list, as JSON"
    )
    parser.description = (
        "Without a QUESTION, opens a conversation: type a question, or /help. With one,\n"
        "answers it and ends. What is piped in goes with the question."
    )
    parser.epilog = examples(
        "herdmate chat src/app.py", 'git diff | herdmate chat "what changes?"',
        'herdmate chat --resume "and in Go?"',
    )  # fmt: skip
    parser.set_defaults(run=lambda arguments: asyncio.run(_chat(arguments)))


async def _chat(arguments: argparse.Namespace) -> int:
    if arguments.list:
        if arguments.places or arguments.saved is not None:
            what = "--saved" if arguments.saved is not None else "FILE and QUESTION"
            arguments.parser.error(f"--list stands alone, without {what}")
        show_kept(arguments.json)
        return 0
    settings = settings_of(arguments)
    files, question = parted(arguments.places)
    is_typed = sys.stdin.isatty()
    if arguments.json and not question and is_typed:
        arguments.parser.error("--json answers one question; name it")
    kind: Kind = "chat" if is_typed and not question else "question"
    name = last_name(kind) if arguments.resume else arguments.saved
    conversation = Conversation() if name is None else kept(name)
    if not is_typed:
        question = with_piped(arguments, files, question)
    documents = [file.document for file in files]
    with nullcontext() if question else typing_kept():
        async with action_context.running(settings, documents) as context:
            chat = _Chat(
                settings, context, getattr(arguments, "max_tokens", MOST_TOKENS),
                replace(conversation, attached=tuple(map(_attachment, files))), kind,
                name_to_go_on(name or "", kind),
            )  # fmt: skip
            if not question:
                await _talk(chat)
                return 0
            show_last_question(conversation)
            finished = await _ask(chat, question, gathered if arguments.json else show_answer)
            if arguments.json:
                write_json(await _told(chat, question))
            elif finished:
                comment(await context.host.ready())
    return 0 if finished else 130


async def _told(chat: _Chat, question: str) -> dict[str, Any]:
    """What ``--json`` says of one question."""
    info = await chat.context.host.ready()
    return {
        "question": question, "model": info.shown, "text": chat.answer, "cut_off": chat.is_cut_off,
    }  # fmt: skip


def _attachment(file: Opened) -> Attachment:
    place = file.place
    name = "standard input" if place.name == INPUT else place.name
    lines = f", line{'s' * ('-' in place.lines)} {place.lines}" if place.first else ""
    return Attachment(f"{name}{lines}", file.document.language, selected(file).text)


async def _talk(chat: _Chat) -> None:
    """Read and answer until the user leaves."""
    info = await chat.context.host.ready()
    tell(f"{info.shown}; /help lists what can be typed besides questions, Ctrl-D leaves.")
    show_last_exchange(chat.conversation)
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


async def _ask(chat: _Chat, said: str, show: Show = show_answer) -> bool:
    """Answer one question; ``False`` if Ctrl-C stopped it. What came is kept in any case.

    Raises ``HerdmateError``.
    """
    asked: list[Prepared] = []
    parts: list[str] = []
    ends: list[Finished] = []

    async def noted(question: Question) -> AsyncGenerator[str, None]:
        async with aclosing(answer_to(question, chat.context.host, ends.append)) as answer:
            async for part in answer:
                parts.append(part)
                yield part

    async def ask() -> None:
        question = await prepared(chat.conversation, said, chat.context.host, chat.max_tokens)
        asked.append(question)
        _show_budget(question)
        async with aclosing(noted(question.question)) as answer:
            await show(answer, chat.context.host)

    async with stoppable(ask()) as is_whole:
        try:
            finished: bool = await is_whole()
        except HerdmateError:
            if parts:
                _keep(chat, asked[0], "".join(parts))
            raise
    chat.answer = "".join(parts)
    if asked:
        _keep(chat, asked[0], chat.answer)
    if not finished:
        write("\n" if parts and show is show_answer else "")
        tell("Stopped; what came is kept." if asked else "Stopped.")
    elif cut := cut_off(ends):
        tell(cut)
    chat.is_cut_off = not finished or bool(cut_off(ends))
    return finished


def _keep(chat: _Chat, question: Prepared, answer: str) -> None:
    chat.conversation = answered(question, answer)
    with suppress(SelectionError):  # a full disk ends no conversation
        chat.name = keep_on(chat.conversation, chat.name, chat.kind)


def _show_budget(question: Prepared) -> None:
    """Tell what went along, and what did not."""
    if question.taken:
        parts = (f"{name} ({_lines_of(taken, lines)})" for name, taken, lines in question.taken)
        used = f"{question.tokens:,} of {question.context:,} tokens"
        tell(f"With the question: {', '.join(parts)}; {used}.")
    if question.dropped:
        oldest = "The first exchange no longer fits and is"
        if question.dropped > 1:
            oldest = f"The first {question.dropped} exchanges no longer fit and are"
        tell(f"{oldest} left out.")


def _lines_of(taken: int, lines: int) -> str:
    whole = counted(lines, "line")
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
        chat.conversation, chat.name = Conversation(), ""
    elif word == "/model":
        await _change_model(chat, rest)
    elif word == "/copy":
        answer = chat.conversation.exchanges[-1].answer if chat.conversation.exchanges else ""
        tell("Copied." if answer and copy(answer) else "There is no answer to copy.")
    elif word == "/chats":
        show_kept(as_json=False)
    elif word == "/save":
        _save(chat, rest)
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
        files = counted(withheld, "changed file")
        tell(f"{files} that the model must not see {'is' if withheld == 1 else 'are'} left out.")
    _attach(chat, Attachment("what has changed since the last commit", "diff", text))


def _attach(chat: _Chat, item: Attachment) -> None:
    attached = (*chat.conversation.attached, item)
    chat.conversation = replace(chat.conversation, attached=attached)
    _show_attached(chat)


def _save(chat: _Chat, name: str) -> None:
    if not chat.conversation.exchanges:
        tell("There is nothing to save yet.")
        return
    if is_file(name):
        tell(f"Wrote {write_down(chat.conversation, name)}.")
        return
    if not name:
        chat.name = keep_on(chat.conversation, chat.name, chat.kind)
    path = keep(chat.conversation, name or chat.name)
    option = resuming(name) if name else "--resume"
    tell(f"Wrote {path}; `herdmate chat {option}` goes on with it.")


async def _change_model(chat: _Chat, name: str) -> None:
    if not name:
        info = await chat.context.host.ready()
        file = Path(info.path).name  # a server's model has none
        tell(f"{info.shown} ({file})" if file else info.shown)
        return
    settings = replace(chat.settings, model=name)
    await action_context.start(chat.context.host, settings)
    chat.settings = settings
    tell(f"{(await chat.context.host.ready()).shown} answers from now on.")
