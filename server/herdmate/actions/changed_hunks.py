"""A diff in its hunks: of several in one file, a small model explains little more than one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from herdmate.actions.long_code import MOST_PARTS, Section
from herdmate.actions.target import lines_of
from herdmate.text import Document, Selection, Span

_HUNK = re.compile(r"^@@ -\d{1,9}(?:,\d{1,9})? \+(\d{1,9})(?:,(\d{1,9}))? @@", re.MULTILINE)
_NAMES = re.compile(r"^--- .+\r?\n\+\+\+ .+\r?\n", re.MULTILINE)
_BEFORE = re.compile(r"(?: .*\n|\n)*")
_BEGINS = re.compile(r"^ ([A-Za-z_$].*)", re.MULTILINE)
"""What git takes for the head of a function."""


def by_hunk(files: Sequence[Section], target: Selection) -> tuple[Section, ...]:
    """The sections of a diff (none: it is about one file) with one for each hunk instead.

    A file keeps its one section if there would be too many. What comes before a file's first hunk
    belongs to that. Nothing if one section is left.
    """
    if target.document.language != "diff":
        return ()
    found: list[Section] = []
    sections = files or (Section("", target),)
    left = MOST_PARTS - len(sections)
    for section in sections:
        hunks = _hunks(section)
        if not 1 < len(hunks) <= left + 1:
            hunks = [section]
        left -= len(hunks) - 1
        found += hunks
    return tuple(found) if len(found) > 1 else ()


def _hunks(section: Section) -> list[Section]:
    """A section for each hunk of a file, but hardly more than can be taken."""
    document, span = section.code.document, section.code.span
    found = list(islice(_HUNK.finditer(document.text, span.start, span.end), MOST_PARTS + 1))
    if not found:
        return []
    names = _NAMES.search(document.text, span.start, found[0].start())
    ends = (*(match.start() for match in found[1:]), span.end)
    texts = [_text(document.text, match, end) for match, end in zip(found, ends, strict=True)]
    before = document.text[span.start : found[0].start()]
    rest = names[0] if names else ""
    mark = "####" if section.heading else "###"
    headings = [f"\n\n{mark} {_lines(match)}\n\n" for match in found]
    headings[0] = section.heading + headings[0].lstrip()
    return [
        Section(heading, _code(document, (rest if at else before) + text))
        for at, (heading, text) in enumerate(zip(headings, texts, strict=True))
    ]


def _text(diff: str, hunk: re.Match[str], end: int) -> str:
    """A hunk after the head of the function that it changes.

    git names the last one before the hunk, even if another begins in the lines before the change.
    """
    head, line_break, body = diff[hunk.start() : end].partition("\n")
    before = _BEFORE.match(body)
    heads = _BEGINS.findall(before[0]) if before else []
    return f"{hunk[0]} {heads[-1]}{line_break}{body}" if heads else f"{head}{line_break}{body}"


def _lines(hunk: re.Match[str]) -> str:
    """The lines that a hunk is about, as they are now."""
    first, count = int(hunk[1]), int(hunk[2] or "1")
    return f"Line {first}" if count < 2 else f"Lines {first} to {first + count - 1}"


def _code(document: Document, text: str) -> Selection:
    made = replace(document, text=text, tree=None, supposed=None)
    return lines_of(made, Span(0, len(text)))
