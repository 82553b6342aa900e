"""Text of others as it may be shown to people: without signs that do something when printed.

A name, a model's answer or an error of another program can hold escapes that repaint a terminal,
and signs that turn text round, so that it reads otherwise than it is. They are shown by their
numbers instead, as ``git`` and ``ls`` do. Joiners stay, of which many scripts and emoji are made.
"""

from __future__ import annotations

import re

LONGEST_MESSAGE = 2000
"""Characters of a message that a person is meant to read."""

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but tabs and line ends
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # which way text runs
    "\u2028\u2029"  # line ends that only some programs know
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # nothing to be seen
    "\ud800-\udfff]"  # halves of characters, as bytes in file names become that are no UTF-8
)


def printable(text: str) -> str:
    """The text with all its lines, and each sign that acts as its number: ``\\x1b``."""
    return _ACTING.sub(_number, text.replace("\r\n", "\n"))


def one_line(text: str, most: int = LONGEST_MESSAGE) -> str:
    """The text as one line of at most ``most`` characters, an ellipsis where it was longer."""
    # What is not looked at need not be changed; an acting sign only ever gets longer.
    line = _ACTING.sub(_number, " ".join(text[: 8 * most].split()))
    return line if len(line) <= most and len(text) <= 8 * most else line[: most - 1] + "…"


def as_message(text: str, most: int = LONGEST_MESSAGE) -> str:
    """The text with its lines, but no longer than a message that people read."""
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _number(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
