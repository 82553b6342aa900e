"""What a command line of ``herdmate chat`` is about: files, a question and what is piped in."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from herdmate.cli.chat_files import resuming
from herdmate.cli.locations import INPUT, Opened, Place, opened, place_of
from herdmate.cli.terminal import is_piped, tell
from herdmate.errors import SelectionError


def parted(words: Sequence[str]) -> tuple[list[Opened], str]:
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


def with_piped(arguments: argparse.Namespace, files: list[Opened], question: str) -> str:
    """The question, to which ``files`` get what is piped in; alone, that is the question."""
    piped = opened(Place(INPUT))
    is_empty = not piped.document.text.strip()
    goes_on = arguments.resume or arguments.saved is not None
    if question and is_empty:
        _tell_empty(INPUT in arguments.places or not (files or goes_on))
    elif question:
        files.append(piped)
    question = question or piped.document.text.strip()
    if not question:
        option = "--resume" if arguments.resume else resuming(arguments.saved or "")
        after = "the files" if files else option if goes_on else "the command"
        arguments.parser.error(f"there is no question; type one after {after}")
    return question


def _tell_empty(is_subject: bool) -> None:
    """Say that a pipe gave nothing. Raises ``SelectionError`` if the question is about just that.

    Where there is no pipe, nobody meant to give anything.
    """
    if not is_piped():
        return
    if is_subject:
        raise SelectionError("Standard input is empty, so there is nothing to ask about.")
    tell("herdmate: Standard input is empty; it does not go with the question.")


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
