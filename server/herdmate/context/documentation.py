"""Which lines of a file are comments or documentation, by their look: quick enough for every file.

Unlike ``line_kinds``, this does not read strings character by character. It serves to compare code
with code, where a wrong line does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence

from herdmate.context.languages import comment_mark

_QUOTES = ('"""', "'''")


def code_flags(lines: Sequence[str], kin: str, is_inside: bool = False) -> list[bool]:
    """Is each line code, rather than a comment or in a string of several lines?

    ``is_inside``: the first one is in such a string, of which only Python's are known.
    """
    marks = (comment_mark(kin), "/*", "*")
    flags = []
    for line in lines:
        begins = line.lstrip()
        opens = kin == "python" and sum(map(line.count, _QUOTES)) % 2
        flags.append(not (is_inside or begins.startswith((*marks, *_QUOTES))))
        is_inside ^= bool(opens)
    return flags


def last_code(text: str, kin: str, characters: int, reach: int) -> str:
    """The last lines of code in a text, about so many characters of them, the last line whole.

    Lines further back than ``reach`` characters do not count.
    """
    start = text.rfind("\n", 0, max(len(text) - reach, 0)) + 1
    lines = text[start:].split("\n")
    is_inside = kin == "python" and bool(sum(text.count(mark, 0, start) for mark in _QUOTES) % 2)
    found: list[str] = []
    for line, is_code in reversed([*zip(lines, code_flags(lines, kin, is_inside), strict=True)]):
        if is_code or not found:
            found.append(line)
            characters -= len(line) + 1
        if characters < 0:
            break
    return "\n".join(reversed(found))
