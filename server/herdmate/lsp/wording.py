"""Messages in the words of an editor that has Herdmate's menus: buttons instead of command lines.

``herdmate.cli.wording`` is its counterpart in the terminal.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from herdmate.errors import ModelError
from herdmate.models import catalogue

_PULL = r"`herdmate models pull (?P<name>[^`]+)`"
_OTHER = r"`herdmate models (?!pull )[^`]+`"
_EXPLICITLY = r"request a suggestion explicitly(?: (?P<end>to see it))?"
_RESTART = r"(?:run )?(?:the command )?herdmate\.restartEngine(?P<again> to try again)?"

_SENTENCES = (
    (rf"`herdmate models rm [^`]+`, then {_PULL}", "remove its file first"),
    (r" with `herdmate models rm [^`]+`", " in a terminal"),
    (r"\brun `herdmate models pull starter`", "fetch a small one"),
    (r"rebuild it on this machine: \".*", "rebuild it on this machine"),
    (rf"\b(?P<verb>run|fetch(?:es|ed)?(?: it)?)(?: with)? {_PULL}", "fetch it"),
    (rf": {_PULL}", ""),
    (rf" \({_PULL}\)", ""),
    (rf"{_PULL} fetches", "fetching it again gets"),
    (_PULL, "fetch it"),
    (rf"(?:; |, )?see {_OTHER}", ""),
    (rf" that {_OTHER} shows", " of the list"),
    (rf": {_OTHER}", ""),
    (rf" \({_OTHER}\)", ""),
    (_OTHER, "the list of models"),
    (_RESTART, "restart the model"),
)
"""What only a terminal's user can do, and what one does with a button instead."""


@dataclass(frozen=True, slots=True)
class Button:
    """What a message offers; ``name`` is the model to fetch."""

    label: str
    does: Literal["fetch", "choose", "restart"]
    name: str = ""


def in_editor(message: str) -> str:
    """A message as someone in an editor with menus can act on it."""
    for said, instead in _SENTENCES:
        message = re.sub(said, instead, message)
    return message


def with_key(message: str, key: str) -> str:
    """A message that names the key for what it advises, if the client has told one."""
    return re.sub(_EXPLICITLY, lambda found: _by_key(found, key), message) if key else message


def _by_key(found: re.Match[str], key: str) -> str:
    return f"press {key} {found['end'] or 'to request a suggestion'}"


def buttons(message: str) -> tuple[Button, ...]:
    """What a message, in its own words, asks to be done; nothing twice."""
    found = []
    names = [match["name"] for match in re.finditer(_PULL, message)]
    if len(names) == 1 and (title := _title_of(names[0])):
        found.append(Button(f"Fetch {title}", "fetch", names[0]))
    if names or re.search(_OTHER, message):
        found.append(Button("Choose a Model", "choose"))
    if re.search(_RESTART, message):
        found.append(Button("Restart Model", "restart"))
    return tuple(found)


def _title_of(name: str) -> str:
    """The title of the file that is fetched under a name; empty if the catalogue has none."""
    with suppress(ModelError):
        return catalogue.find(name).title
    return ""
