"""Why no ghost text is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from herdmate.context.withheld import WithheldReason


class SilenceReason(Enum):
    """Why there is no ghost text.

    ``code`` is what the statistics count; it is kept in files and never changes. ``sentence`` is
    what the user reads; ``{}`` stands for the detail.
    """

    def __init__(self, code: str, sentence: str) -> None:
        self.code, self.sentence = code, sentence

    DISABLED = "switched off", "it is switched off by herdmate.completion.enabled"
    DISABLED_HERE = "switched off here", "it is switched off here by herdmate.completion.disabledIn"
    SCOPE_OFF = "scope off", "it is switched off here by herdmate.completion.scopes"
    PAUSED = "paused", "it is paused until {}"
    LARGE_FILE = (
        "large file",
        "the file is larger than 2 million characters; request a suggestion explicitly",
    )
    EMPTY_FILE = "empty file", "the file is empty"
    STATEMENT_COMPLETE = "statement complete", "the statement is complete"
    INSIDE_WORD = "inside a word", "the cursor is inside a word"
    CODE_AFTER_CURSOR = "code behind the cursor", "there is more code after the cursor"
    NOTHING_USEFUL = "nothing useful", "the model had nothing useful to add"
    BREAKS_CODE = "breaks the code", "what the model wrote would break the code here"
    DOUBTFUL = (
        "doubtful",
        "the model was not sure enough (herdmate.completion.confidence); request a suggestion "
        "explicitly to see it",
    )
    OTHER_MENU_ENTRY = (
        "other menu entry",
        "the selected menu entry does not begin with what was typed",
    )
    NO_ROOM_AFTER_ENTRY = (
        "no room after the menu entry",
        "nothing fits between the selected menu entry and what follows it",
    )
    NOT_MENU_ENTRY = (
        "not the menu entry",
        "the model would write something other than the selected menu entry",
    )
    NOT_AWAITED = (
        "not waited for",
        "you typed on or moved away before the model had answered",
    )
    MENU_SHOWN_FIRST = "menu shown first", "the model was still working when the menu was shown"
    LATE_FOR_MENU = (
        "late for the menu",
        "it came too late for the menu; open the menu again to see it",
    )


@dataclass(frozen=True, slots=True)
class Silence:
    """No ghost text, and why; as a string, the sentence for the user.

    ``detail`` completes the sentence: when a pause ends, which file cannot be read.
    """

    reason: SilenceReason | WithheldReason
    detail: str = ""

    def __str__(self) -> str:
        return self.reason.sentence.format(self.detail)
