"""A marked block of lines in a file that belongs to another program."""

from __future__ import annotations

from herdmate.errors import SetupError
from herdmate.text import line_ending


def with_block(text: str, block: str, begin: str, end: str) -> str:
    """The text with ``block`` in place of its current block, or appended if it has none.

    ``block`` begins with the line ``begin``, ends with the line ``end`` and adopts the text's line
    endings. Everything else stays as it is. Raises ``SetupError`` if the marks do not pair up.
    """
    newline = line_ending(text)
    block = block.replace("\n", newline)
    lines = text.splitlines(keepends=True)
    begins, ends = _places(lines, begin), _places(lines, end)
    if not begins and not ends:
        return _at_the_end(text, block, newline)
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise SetupError(
            f"The lines {begin!r} and {end!r} must each occur exactly once; fix that in the file."
        )
    return "".join([*lines[: begins[0]], block, *lines[ends[0] + 1 :]])


def without_block(text: str, begin: str, end: str) -> str:
    """The text without the block that ``with_block`` wrote; unchanged if it has none."""
    lines = text.splitlines(keepends=True)
    begins, ends = _places(lines, begin), _places(lines, end)
    return "".join(lines[: begins[0]] + lines[ends[0] + 1 :]) if begins and ends else text


def _places(lines: list[str], mark: str) -> list[int]:
    return [place for place, line in enumerate(lines) if line.strip() == mark]


def _at_the_end(text: str, block: str, newline: str) -> str:
    if not text:
        return block
    between = newline if text.endswith("\n") else newline * 2
    return f"{text}{between}{block}"
