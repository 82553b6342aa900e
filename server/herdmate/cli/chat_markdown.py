"""A conversation written down, as a Markdown file of the user's."""

from __future__ import annotations

import os
from pathlib import Path

from herdmate.actions.conversation import Conversation
from herdmate.atomic_write import create_whole
from herdmate.errors import SelectionError, reason_of

_ENDS = (".md", ".markdown", ".txt")


def is_file(place: str) -> bool:
    """Does a word name a file rather than a conversation?"""
    return place.lower().endswith(_ENDS) or "/" in place or os.sep in place


def write_down(conversation: Conversation, place: str) -> Path:
    """Write questions and answers to a new file, and return where.

    Raises ``SelectionError``, also if there is such a file.
    """
    path = Path(os.path.expanduser(place)).absolute()
    said = [
        f"{_quoted(item.said)}\n\n{item.answer.strip()}\n"
        for item in (*conversation.earlier, *conversation.exchanges)
    ]
    try:
        create_whole(path, "\n".join(said).encode("utf-8", "replace"))
    except FileExistsError as error:
        raise SelectionError(f"{path} exists already; take another name.") from error
    except OSError as error:
        raise SelectionError(f"{path} cannot be written: {reason_of(error)}.") from error
    return path


def _quoted(question: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in question.strip().split("\n"))
