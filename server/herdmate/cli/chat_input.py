"""The line editor of ``herdmate chat``: history, several lines, and completion."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from herdmate.atomic_write import write_whole
from herdmate.bounded_read import open_regular
from herdmate.redaction.redact import redacted
from herdmate.user_folders import state_folder

COMMANDS = {
    "/file": "FILE: talk about a file; it goes with the next question",
    "/select": "FILE:START-END: the same for some of its lines",
    "/diff": "the same for what has changed since git's last commit",
    "/clear": "begin again, without what was said; that stays kept",
    "/model": "MODEL: let another model answer; alone, say which one does",
    "/copy": "copy the last answer",
    "/save": "NAME: keep it all; herdmate chat --saved NAME goes on. FILE.md: write it down",
    "/chats": "list what is kept, with its names",
    "/help": "this list; Alt-Enter starts a new line, Ctrl-C stops an answer",
    "/quit": "leave, as Ctrl-D does",
}
"""What can be typed besides questions."""


def line_editor() -> Callable[[], Awaitable[str]]:
    """A function that reads one question. It raises ``EOFError`` and ``KeyboardInterrupt``."""
    session: PromptSession[str] = PromptSession(
        "› " if os.environ.get("TERM") != "dumb" else "> ",
        history=_history(), completer=_Completer(), complete_while_typing=False,
        multiline=True, key_bindings=_keys(), prompt_continuation="  ",
    )  # fmt: skip
    return session.prompt_async


@contextmanager
def typing_kept() -> Iterator[None]:
    """Have the next prompt show and read what is typed in the block while nothing is read.

    In a terminal's usual mode it would be shown at once, amid the progress; and Ctrl-D would be no
    character, but an end of input, which is gone once the line editor changes the mode.
    """
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios

    before, inside = termios.tcgetattr(sys.stdin), termios.tcgetattr(sys.stdin)
    inside[_LOCAL_MODES] &= ~termios.ECHO
    inside[_CHARACTERS][termios.VEOF] = os.fpathconf(sys.stdin.fileno(), "PC_VDISABLE")
    termios.tcsetattr(sys.stdin, termios.TCSANOW, inside)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


_LOCAL_MODES, _CHARACTERS = 3, 6
"""Where ``termios`` has the modes of the line discipline, and the special characters."""


def _keys() -> KeyBindings:
    """Enter sends, Alt-Enter or Escape and Enter start a new line."""
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


def _history() -> History:
    """What was typed before, in a private file if it can be written."""
    file = state_folder() / "chat_history"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        _forget_oldest(file)
    except OSError:
        return InMemoryHistory()
    return _Kept(str(file))


class _Kept(FileHistory):
    """Keeps what is typed, with stars for secrets, but nothing very long that was pasted."""

    def store_string(self, string: str) -> None:
        """Add one entry to the file; a full disk ends no conversation."""
        if len(string) <= _LONGEST_KEPT:
            with suppress(OSError):
                super().store_string(redacted(string))


def _forget_oldest(file: Path) -> None:
    """Keep the last entries of a file that has become large. Raises ``OSError``."""
    if (size := file.stat().st_size) > 2 * _MOST_KEPT:
        with open_regular(file) as opened:
            opened.seek(size - _MOST_KEPT)
            data = opened.read(_MOST_KEPT)
        begin = data.find(_ENTRY)
        write_whole(file, data[begin:] if begin >= 0 else b"")


_ENTRY = b"\n# "
"""Where an entry begins: with a line of its time, then its lines, each after a plus sign."""

_MOST_KEPT = 256 << 10  # bytes
_LONGEST_KEPT = 20_000  # characters


class _Completer(Completer):
    """Commands at the start of a line, and files after those that take one."""

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """What could be meant."""
        text = document.text_before_cursor
        word, space, rest = text.partition(" ")
        if not space:
            names = [name for name in COMMANDS if text.startswith("/") and name.startswith(text)]
            return [Completion(name, -len(text)) for name in names]
        if word in ("/file", "/select"):
            inner = Document(rest, len(rest))
            return PathCompleter(expanduser=True).get_completions(inner, complete_event)
        if word == "/model":
            from herdmate.cli.completion import model_names

            found = [name for name in model_names() if name.startswith(rest)]
            return [Completion(name, -len(rest)) for name in found]
        return []
