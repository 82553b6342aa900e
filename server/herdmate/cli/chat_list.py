"""What ``herdmate chat`` shows of conversations that were kept."""

from __future__ import annotations

from herdmate.actions.conversation import Conversation
from herdmate.cli.chat_files import Kept, all_kept, folder
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import tell, write_json
from herdmate.printable import counted, one_line

_LONGEST = 60  # characters of a question in the list
_LONGEST_SHOWN = 600  # characters of what was said last
_MOST_LINES = 8


def show_kept(as_json: bool) -> None:
    """``herdmate chat --list``: all conversations, the last one first."""
    rows = [(item.name, item.time, _questions(item)) for item in all_kept()]
    if as_json:
        write_json([{
            "name": name, "time": time.astimezone().isoformat(timespec="seconds"),
            "questions": None if said is None else len(said),
            "first": said[0] if said else None,
        } for name, time, said in rows])  # fmt: skip
        return
    if not rows:
        tell("No conversation has been kept yet.")
        return
    columns = (
        Column("name"), Column("last used", 1), Column("questions", 2, right=True),
        Column("begins with", wraps=True),
    )  # fmt: skip
    show_table(columns, [(
        name, f"{time:%Y-%m-%d %H:%M}", "" if said is None else str(len(said)),
        "(cannot be read)" if said is None else one_line(said[0], _LONGEST) if said else "",
    ) for name, time, said in rows])  # fmt: skip
    tell(f"`herdmate chat --saved NAME` goes on with one; they are kept in {folder()}.")


def show_last_exchange(conversation: Conversation) -> None:
    """Remind of what was said last."""
    if not conversation.exchanges:
        return
    last = conversation.exchanges[-1]
    tell(f"Going on after {counted(len(conversation.exchanges), 'question')}; the last one:")
    tell(f"You: {one_line(last.said, _LONGEST_SHOWN)}")
    tell(f"Answer: {_shortened(last.answer.strip())}")


def show_last_question(conversation: Conversation) -> None:
    """Say in a line what a further question goes on with."""
    if conversation.exchanges:
        tell(f'Going on after "{one_line(conversation.exchanges[-1].said, _LONGEST)}".')


def _questions(item: Kept) -> list[str] | None:
    """What was asked, if that can be read."""
    if item.conversation is None:
        return None
    return [one.said for one in item.conversation.exchanges]


def _shortened(text: str) -> str:
    shown = "\n".join(text[:_LONGEST_SHOWN].splitlines()[:_MOST_LINES])
    return shown if len(shown) == len(text) else f"{shown.rstrip()} …"
