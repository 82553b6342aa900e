"""A marked block of lines in a file that belongs to another program."""

from __future__ import annotations

from herdmate.errors import SetupError
from herdmate.text import line_ending


def with_block(text: str | None, block: str, begin: str, end: str) -> str:
    """The text with ``block`` in place of its current block, or appended if it has none.

    ``block`` begins with the line ``begin``, ends with the line ``end`` and adopts the text's line
    endings, at the end of the file too. Everything else stays as it is. ``None`` stands for no
    file. Raises ``SetupError`` if the marks do not pair up.
    """
    if text is None:
        return block
    newline = line_ending(text)
    block = block.replace("\n", newline)
    lines = text.splitlines(keepends=True)
    place = _place(lines, begin, end)
    if place is None:
        return _at_the_end(text, block, newline)
    if not lines[place[1]].endswith(("\n", "\r")):
        block = block.removesuffix(newline)
    return "".join([*lines[: place[0]], block, *lines[place[1] + 1 :]])


def without_block(text: str, begin: str, end: str) -> str | None:
    """The text as it was before ``with_block``, if all that has changed since is outside the block.

    ``None`` if there was no file; unchanged if there is no block. Raises ``SetupError`` if the
    marks do not pair up.
    """
    lines = text.splitlines(keepends=True)
    place = _place(lines, begin, end)
    if place is None:
        return text
    before, after = "".join(lines[: place[0]]), "".join(lines[place[1] + 1 :])
    if not before:
        return after or None
    newline = line_ending(lines[place[0]])
    if not lines[place[1]].endswith(("\n", "\r")):  # nor did the file before
        return before.removesuffix(newline).removesuffix(newline)
    is_apart = before == newline or before.removesuffix(newline).endswith(("\n", "\r"))
    return (before.removesuffix(newline) if is_apart else before) + after


def _place(lines: list[str], begin: str, end: str) -> tuple[int, int] | None:
    """The numbers of the first and the last line of the block."""
    begins, ends = _places(lines, begin), _places(lines, end)
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise SetupError(
            f"The lines {begin!r} and {end!r} must each occur exactly once; fix that in the file."
        )
    return begins[0], ends[0]


def _places(lines: list[str], mark: str) -> list[int]:
    return [place for place, line in enumerate(lines) if line.strip() == mark]


def _at_the_end(text: str, block: str, newline: str) -> str:
    """A blank line keeps the block apart. The last line ends as that of the text did."""
    if not text or text.endswith(("\n", "\r")):
        return f"{text}{newline}{block}"
    return f"{text}{newline * 2}{block.removesuffix(newline)}"
