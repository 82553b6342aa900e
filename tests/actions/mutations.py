"""Damaged replies as models give them, and a judge of the damage that they did.

The judge looks at the texts alone and shares no code with what refuses such replies.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable

Lines = list[str]
Chance = random.Random


def _some(lines: Lines, chance: Chance) -> tuple[int, int]:
    at = chance.randrange(len(lines))
    return at, min(at + 1 + chance.randrange(max(len(lines) // 2, 1)), len(lines))


def drop_lines(lines: Lines, chance: Chance) -> Lines:
    at, end = _some(lines, chance)
    return lines[:at] + lines[end:]


def drop_one_line(lines: Lines, chance: Chance) -> Lines:
    at = chance.randrange(len(lines))
    return lines[:at] + lines[at + 1 :]


def drop_the_end(lines: Lines, chance: Chance) -> Lines:
    return lines[: 1 + chance.randrange(len(lines))]


def drop_the_start(lines: Lines, chance: Chance) -> Lines:
    return lines[chance.randrange(len(lines)) :]


def say_that_some_is_left_out(lines: Lines, chance: Chance) -> Lines:
    at, end = _some(lines, chance)
    said = chance.choice(["# ... existing code ...", "// rest unchanged", "...", "<!-- … -->"])
    return [*lines[:at], said, *lines[end:]]


def indent(lines: Lines, chance: Chance) -> Lines:
    unit = chance.choice(["  ", "    ", "\t"])
    return [unit + line if line.strip() else line for line in lines]


def unindent(lines: Lines, chance: Chance) -> Lines:
    widths = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    least = min(widths, default=0)
    return [line[least:] for line in lines]


def tabs(lines: Lines, chance: Chance) -> Lines:
    return [re.sub(r"^ +", lambda m: "\t" * (len(m[0]) // 4 or 1), line) for line in lines]


def spaces(lines: Lines, chance: Chance) -> Lines:
    return [line.replace("\t", chance.choice(["  ", "    "])) for line in lines]


def strip_ends(lines: Lines, chance: Chance) -> Lines:
    return [line.rstrip() for line in lines]


def add_trailing_spaces(lines: Lines, chance: Chance) -> Lines:
    return [line + "  " if chance.random() < 0.3 else line for line in lines]


def add_fences(lines: Lines, chance: Chance) -> Lines:
    at, end = _some(lines, chance)
    mark = chance.choice(["```", "```python", "~~~", "````"])
    return [*lines[:at], mark, *lines[at:end], mark[:3], *lines[end:]]


def add_one_fence(lines: Lines, chance: Chance) -> Lines:
    at = chance.randrange(len(lines) + 1)
    return [*lines[:at], chance.choice(["```", "~~~"]), *lines[at:]]


def lose_fences(lines: Lines, chance: Chance) -> Lines:
    return [line for line in lines if not line.strip().startswith(("```", "~~~"))]


def gut_a_paragraph(lines: Lines, chance: Chance) -> Lines:
    text = "\n".join(lines)
    paragraphs = text.split("\n\n")
    at = max(range(len(paragraphs)), key=lambda i: len(paragraphs[i]))
    paragraphs[at] = re.split(r"(?<=[.:;,{(])\s", paragraphs[at])[0]
    return "\n\n".join(paragraphs).split("\n")


def summarise(lines: Lines, chance: Chance) -> Lines:
    return [*lines[:2], "", "In short, it does what it says, and it is easy to use.", ""]


def lose_headings(lines: Lines, chance: Chance) -> Lines:
    heads = [at for at, line in enumerate(lines) if line.startswith("#")]
    gone = chance.choice(heads) if heads else -1
    return [line for at, line in enumerate(lines) if at != gone]


def empty_a_string(lines: Lines, chance: Chance) -> Lines:
    rows = [at for at, line in enumerate(lines) if re.search(r"([\"'`]).{6,}\1", line)]
    if rows:
        at = chance.choice(rows)
        lines = [*lines]
        lines[at] = re.sub(r"([\"'`]).{6,}?\1", r"\1\1", lines[at], count=1)
    return lines


def swap_quotes(lines: Lines, chance: Chance) -> Lines:
    return [line.translate(str.maketrans("\"'", "'\"")) for line in lines]


def repeat_lines(lines: Lines, chance: Chance) -> Lines:
    at, end = _some(lines, chance)
    return lines[:end] + lines[at:end] + lines[end:]


def swap_lines(lines: Lines, chance: Chance) -> Lines:
    lines = [*lines]
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def add_headers(lines: Lines, chance: Chance) -> Lines:
    head = chance.choice(
        [
            ["package main", "", 'import "fmt"', ""],
            ["import os", "from typing import Any", ""],
            ["<?php", "", "use A\\B;", ""],
            ["#include <stdio.h>", ""],
            ["use strict;", ""],
            ["import { a } from './a';", ""],
        ]
    )
    return [*head, *lines]


def add_blank_lines(lines: Lines, chance: Chance) -> Lines:
    return [part for line in lines for part in ((line, "") if chance.random() < 0.2 else (line,))]


def lose_blank_lines(lines: Lines, chance: Chance) -> Lines:
    return [line for line in lines if line.strip()] or lines


def comment_out(lines: Lines, chance: Chance) -> Lines:
    at, end = _some(lines, chance)
    mark = chance.choice(["# ", "// ", "-- "])
    return [mark + line if at <= row < end else line for row, line in enumerate(lines)]


def wrap_in_class(lines: Lines, chance: Chance) -> Lines:
    return ["class Wrapped {", *(f"    {line}" for line in lines), "}"]


def rename_something(lines: Lines, chance: Chance) -> Lines:
    words = re.findall(r"\b[a-z_]{4,}\b", "\n".join(lines))
    if not words:
        return lines
    word = chance.choice(words)
    return [re.sub(rf"\b{word}\b", word + "2", line) for line in lines]


BODY: tuple[Callable[[Lines, Chance], Lines], ...] = (
    drop_lines, drop_one_line, drop_the_end, drop_the_start, say_that_some_is_left_out, indent,
    unindent, tabs, spaces, strip_ends, add_trailing_spaces, add_fences, add_one_fence, lose_fences,
    gut_a_paragraph, summarise, lose_headings, empty_a_string, swap_quotes, repeat_lines,
    swap_lines, add_headers, add_blank_lines, lose_blank_lines, comment_out, wrap_in_class,
    rename_something,
)  # fmt: skip
"""What can become of the code in a reply."""


def plain(code: str, chance: Chance) -> str:
    return f"```\n{code}\n```\n"


def long_fence(code: str, chance: Chance) -> str:
    return f"`````markdown\n{code}\n`````\n"


def never_closed(code: str, chance: Chance) -> str:
    return f"```python\n{code}\n"


def with_chatter(code: str, chance: Chance) -> str:
    return f"Sure! Here it is:\n\n```\n{code}\n```\n\nI made it simpler:\n\n```\nf(1)\n```\n"


def in_two_blocks(code: str, chance: Chance) -> str:
    lines = code.split("\n")
    at = chance.randrange(len(lines) + 1)
    first, second = "\n".join(lines[:at]), "\n".join(lines[at:])
    return f"```\n{first}\n```\nand\n```\n{second}\n```\n"


def without_a_fence(code: str, chance: Chance) -> str:
    return code


def with_returns(code: str, chance: Chance) -> str:
    return f"```\n{code}\n```\n".replace("\n", "\r\n")


def with_a_mark(code: str, chance: Chance) -> str:
    return f"```\n\ufeff{code}\n```\n"


def opened_twice(code: str, chance: Chance) -> str:
    return f"```\n```python\n{code}\n```\n"


WRAPPERS: tuple[Callable[[str, Chance], str], ...] = (
    plain, long_fence, never_closed, with_chatter, in_two_blocks, without_a_fence, with_returns,
    with_a_mark, opened_twice,
)  # fmt: skip
"""What can stand around the code in a reply."""


def mutated(
    code: str, chance: Chance, half: Callable[[int], bool] = lambda _: True
) -> tuple[str, bool, str]:
    """A damaged reply, whether the model is taken to have ended it, and what was done to it."""
    bodies = [one for at, one in enumerate(BODY) if half(at)]
    wrappers = [one for at, one in enumerate(WRAPPERS) if half(at)]
    lines, done = code.split("\n"), list[str]()
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(bodies)
        lines, done = change(lines, chance) or [""], [*done, change.__name__]
    around = chance.choice(wrappers)
    said = " ".join((*done, around.__name__))
    return around("\n".join(lines), chance), chance.random() < 0.9, said


_HEADING = re.compile(r"#{1,6} +(.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def outline_of_markdown(text: str) -> tuple[Counter[str], Counter[str]]:
    """The headings, and the lines inside fences, of a Markdown text."""
    headings: Counter[str] = Counter()
    code: Counter[str] = Counter()
    mark = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if mark:
            if found and found[1].startswith(mark) and not line.strip(" `~"):
                mark = ""
            elif line.strip():
                code[line.strip()] += 1
        elif found:
            mark = found[1]
        elif head := _HEADING.match(line):
            headings[head[1].strip(" #")] += 1
    return headings, code


def lost_line_ends(old: str, new: str) -> list[str]:
    """Lines that both texts have once, but with another end."""

    def ends(text: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line, end in re.findall(r"([^\r\n]*)(\r\n|\n|\r)", text):
            found.setdefault(line, []).append(end)
        return found

    before, after = ends(old), ends(new)
    return [
        line
        for line, end in before.items()
        if line.strip() and len(end) == 1 and len(after.get(line, ())) == 1 and after[line] != end
    ]
