"""What may be shown in code that is broken already, or that the grammar cannot read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from herdmate.completion.syntax_judge import Judge, SyntaxCheck, errors_in
from herdmate.context.lexical import brackets, is_quote_open
from herdmate.context.python_code import row_of_error
from herdmate.text import line_end, line_start

_NEAR = 3
"""Lines below the cursor in which an error counts as left over from code at the cursor."""


def harmless(parts: Sequence[str], judge: Judge, was_sound: bool) -> str:
    """The first part of a completion that makes broken code no worse; ``""`` if none does.

    Of what the user asked for, also the first that leaves no more brackets and quotes unmatched,
    where the grammar has errors elsewhere: in macros, extensions and syntax that is newer than it.
    In Python, the first with which the item around it is sound.
    """
    check = judge.check
    if not was_sound and (found := _no_worse(parts, judge)):
        return found
    if not check.is_asked:
        return ""
    if check.language == "python":
        return next((part for part in parts if _is_sound_alone(part, check, judge.reach)), "")
    if not (check.is_misread or (not was_sound and _is_broken_elsewhere(check))):
        return ""
    behind = check.after[: line_end(check.after, 0)].strip()
    ways = (way for part in parts for way in (_without(behind, part), part) if way)
    return next((way for way in ways if _is_matched(way, check, judge.reach)), "")


def _without(behind: str, text: str) -> str:
    """A text without the rest of the cursor's line, if it ends with that; else ``""``."""
    return text.removesuffix(behind) if len(behind) > 1 and text.endswith(behind) else ""


_ITEM = re.compile(r"^(?:@.*\n)*[^\s)\]}].*", re.MULTILINE)
_NEXT_ITEM = re.compile(r"^[^\s)\]}]", re.MULTILINE)


def _is_sound_alone(text: str, check: SyntaxCheck, reach: int) -> bool:
    """Is the Python item around a text, from one unindented line to the next, sound with it?"""
    before, after = check.before, check.after[reach:]
    starts = [found.start() for found in _ITEM.finditer(before)]
    end = _NEXT_ITEM.search(after, line_end(after, 0))
    item = before[starts[-1] if starts else 0 :] + text + after[: end.start() if end else None]
    return row_of_error(item) is None


def _is_matched(text: str, check: SyntaxCheck, reach: int) -> bool:
    """Does a text leave no more brackets and quotes unmatched than there are without it?"""
    before, after = check.whole or (check.before, check.after)
    now, then = before + after, before + text + after[reach:]
    if _unmatched(then, check.language) > _unmatched(now, check.language):
        return False
    line, end = before[line_start(before, len(before)) :], after[: line_end(after, 0)]
    last = (line + text).rpartition("\n")[2] + end[reach:]
    return not is_quote_open(last) or is_quote_open(line + end)


def _unmatched(code: str, language: str) -> int:
    """How many brackets have no counterpart."""
    count, waiting = 0, list[str]()
    for _, char in brackets(code, language):
        if char in "([{":
            waiting.append(char)
        elif waiting and waiting[-1] + char in ("()", "[]", "{}"):
            waiting.pop()
        else:
            count += 1
    return count + len(waiting)


def _no_worse(parts: Sequence[str], judge: Judge) -> str:
    """The first of the parts that adds no error to code that is broken elsewhere."""
    check, is_elsewhere = judge.check, _is_broken_elsewhere(judge.check)
    if not (is_elsewhere or check.is_asked):
        return ""
    now, judge = check.errors_with(""), Judge(check, judge.reach)
    for part in parts:
        is_no_worse = judge.errors(part) <= now
        if is_no_worse and (is_elsewhere or not _breaks_here(part, check, judge.reach)):
            return part
    return ""


def _breaks_here(text: str, check: SyntaxCheck, reach: int) -> bool:
    """Is the first error that Python reports in the text itself, or before it?"""
    if check.language != "python":
        return False
    row = row_of_error(check.before + text + check.after[reach:])
    return row is not None and row <= (check.before + text).count("\n")


def _is_broken_elsewhere(check: SyntaxCheck) -> bool:
    """Are there errors that the cursor's line does not seem to cause?"""
    start = line_start(check.before, len(check.before))
    end = line_end(check.after, 0)
    line = check.before[start:] + check.after[:end]
    above, below = check.before[:start], check.after[end:]
    if not errors_in(above + below, check.language):
        return False
    if check.language != "python":
        return True
    indent = line[: len(line) - len(line.lstrip())]
    stand_ins = [indent + "pass", ""]
    if closing := _CLOSING_FIRST.match(line):  # closes what was opened above
        stand_ins += [closing[0], closing[0] + ": pass"]
    rows = [row_of_error(above + stand_in + below) for stand_in in stand_ins]
    here = above.count("\n")
    return all(row is not None and not _is_left_over(below, row - here) for row in rows)


_CLOSING_FIRST = re.compile(r"\s*[)\]}]+")


def _is_left_over(below: str, row: int) -> bool:
    """Is a row below the cursor's a leftover of code that was at the cursor?"""
    lines = below.split("\n")[1 : row + 1]
    return 0 <= row <= _NEAR and all(line[:1].strip() == "" or line[0] in ")]}" for line in lines)
