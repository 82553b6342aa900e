"""Comments that models treat carelessly: those they drop, and those they indent wrongly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator

from herdmate.actions.unchanged_lines import lines_with_ends
from herdmate.context.languages import line_comment
from herdmate.context.lexical import trailing_comment
from herdmate.text import indent_of

_FEWEST_WORDS = 3
_WORD = re.compile(r"\w{2,}")

_Line = tuple[str, str]


def with_kept_comments(
    new: str, original: str, language: str, in_strings: Collection[int] = ()
) -> str:
    """``new``, with comments of ``original`` on or above lines that it has without the comment.

    ``in_strings`` are the rows of ``original``, from 0, that begin inside a string literal.
    """
    if (mark := line_comment(language)) is None:
        return new
    old = lines_with_ends(original)
    lines = _with_trailing_comments(lines_with_ends(new), old, language)
    counts = [Counter(line.strip() for line, _ in some) for some in (lines, old)]
    rows = {line.strip(): row for row, (line, _) in enumerate(lines)}
    added: dict[int, list[_Line]] = {}
    for first, last in _comments(old, mark, in_strings):
        block, code = old[first:last], old[last][0]
        if any(count[code.strip()] != 1 for count in counts):
            continue
        row = rows[code.strip()]
        above = lines[row - 1][0].strip() if row else ""
        is_said = any(counts[0][line.strip()] for line, _ in block if _WORD.search(line))
        if is_said or above.startswith((mark, "/*", "*")):
            continue
        indent, was = (indent_of(line) for line in (lines[row][0], code))
        added[row] = [(indent + line.removeprefix(was), end) for line, end in block]
    whole = (part for row, line in enumerate(lines) for part in (*added.get(row, ()), line))
    return "".join(text + end for text, end in whole)


def with_aligned_stars(new: str, original: str) -> str:
    """``new``, with the stars of block comments that ``original`` does not have in their column."""
    known = {line for line, _ in lines_with_ends(original)}
    found, column = [], None
    for line, end in lines_with_ends(new):
        said = line.strip()
        if column is not None and said.startswith("*"):
            line = column + said if said else line
        if said.startswith("/*") and line not in known:
            column = indent_of(line) + " "
        column = None if "*/" in said else column
        found.append(line + end)
    return "".join(found)


def _with_trailing_comments(lines: list[_Line], old: list[_Line], language: str) -> list[_Line]:
    """The lines, with the comments at their ends that the same old lines had.

    Not those that have a line of their own now.
    """
    known = {line for line, _ in lines}
    own = {line.strip() for line in known}
    commented: dict[str, list[str]] = {}
    for line, _ in old:
        at = trailing_comment(line, language) if line not in known else None
        if at is not None and line[at:].strip() not in own:
            commented.setdefault(line[:at].rstrip(), []).append(line)
    bare = Counter(line.rstrip() for line, _ in lines)
    return [
        (commented[line.rstrip()][0], end)
        if len(commented.get(line.rstrip(), ())) == bare[line.rstrip()] == 1
        else (line, end)
        for line, end in lines
    ]


def _comments(
    lines: list[_Line], mark: str, in_strings: Collection[int]
) -> Iterator[tuple[int, int]]:
    """The first rows of comments of some words, and the rows of the code below them."""
    first: int | None = None
    is_inside = False  # a block comment
    for row, (line, _) in enumerate(lines):
        said = line.strip()
        opens = mark == "//" and said.startswith("/*")
        if is_inside or ((opens or said.startswith(mark)) and row not in in_strings):
            is_block, inner = is_inside or opens, said[2:] if opens else said
            is_inside = is_block and "*/" not in inner
            if is_inside or not is_block or inner.endswith("*/"):  # else code follows in the line
                first = row if first is None else first
                continue
        words = " ".join(text for text, _ in lines[first:row]) if first is not None else ""
        if first is not None and line.strip() and len(_WORD.findall(words)) >= _FEWEST_WORDS:
            yield first, row
        first = None
