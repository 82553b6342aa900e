"""Makes foreign text safe to show: no characters that act when printed.

A name, a model's answer or another program's error can contain escapes that repaint a terminal, and
bidirectional controls that make text read differently from what it is. Such characters are shown
as their codes, as ``git`` and ``ls`` do. Joiners stay, since many scripts and emoji need them.
"""

from __future__ import annotations

import re

LONGEST_MESSAGE = 2000
"""Characters in a message for people."""

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls except tabs and line feeds
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # text direction
    "\u2028\u2029"  # line endings that only some programs know
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # invisible
    "\ud800-\udfff]"  # surrogates, which stand for non-UTF-8 bytes in file names
)


def printable(text: str) -> str:
    """The text, lines and all, with each acting character as its code: ``\\x1b``."""
    # Not normalised further: a lone carriage return moves a terminal's cursor, so it is shown.
    return _ACTING.sub(_number, text.replace("\r\n", "\n"))


def one_line(text: str, most: int = LONGEST_MESSAGE) -> str:
    """The text as one line of at most ``most`` characters, with an ellipsis if it was cut."""
    # A prefix is enough: replacing an acting character only makes the text longer.
    line = _ACTING.sub(_number, " ".join(text[: 8 * most].split()))
    return line if len(line) <= most and len(text) <= 8 * most else line[: most - 1] + "…"


def as_message(text: str, most: int = LONGEST_MESSAGE) -> str:
    """The text, lines and all, cut to ``most`` characters."""
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _number(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def counted(number: int, one: str) -> str:
    """A number with its noun: ``1 line``, ``1,200 lines``."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"
