"""How well a hole was filled: is the text right, or nearly, and is the file still well-formed?"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from difflib import SequenceMatcher

from herdmate.context.syntax import error_count, parse
from herdmate.context.syntax_queries import enclosing_definition
from herdmate.eval.holes import Hole
from herdmate.text import Span, line_start


@dataclass(frozen=True, slots=True)
class Answer:
    """What was shown in a hole, ``None`` for nothing, and how long that took.

    The text also replaces ``reach`` characters after the cursor.
    """

    text: str | None
    seconds: float
    reach: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """How good an answer is.

    ``similarity`` is between 0 and 1. ``valid`` says whether the file with the answer has no syntax
    error; ``None`` if nothing was shown or the file had one before. ``passed`` says whether its
    tests pass; ``None`` if they were not run. ``whole`` says whether it is the whole rest of a
    definition; ``None`` if the hole is not one.
    """

    exact: bool
    similarity: float
    valid: bool | None
    passed: bool | None = None
    whole: bool | None = None


def score(
    hole: Hole, answer: Answer, passed: bool | None = None, whole: bool | None = None
) -> Score:
    """Compare as many lines as were removed; anything after them only affects ``valid``."""
    wanted = _lines(hole.middle)
    given = _lines(answer.text or "")[: len(wanted)]
    similarity = SequenceMatcher(None, "\n".join(wanted), "\n".join(given), False).ratio()
    return Score(wanted == given, similarity, _valid(hole, answer), passed, whole)


def is_well_formed(text: str, language: str) -> bool | None:
    """Is the code free of syntax errors? ``ast`` judges Python; ``None`` without a grammar."""
    if language == "python":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ast.parse(text)
            except (SyntaxError, ValueError):
                return False
            return True
    tree = parse(text, language)
    return None if tree is None else not error_count(tree)


async def is_whole(
    hole: Hole, answer: Answer, next_line: Callable[[Hole], Awaitable[Answer]]
) -> bool:
    """Is an answer the whole rest of a definition, and nothing else?

    The file has no syntax error, and the definition ends where the answer ends, so all brackets are
    closed. Where the indentation closes a body, ``next_line`` tells whether more of it would come.
    """
    text = (answer.text or "").rstrip()
    filled = hole.filled(text, answer.reach)
    if not text or not is_well_formed(filled, hole.language):
        return False
    tree = parse(filled, hole.language)
    at = len(hole.before.rstrip())
    found = enclosing_definition(tree, filled, Span(at - 1, at)) if tree is not None else None
    junction = len(hole.before) + len(text)
    if found is None or "\n" not in text:
        return False
    if filled[min(found.end, junction) : max(found.end, junction)].strip(" \t\r\n;,"):
        return False
    if filled[:junction].endswith(("}", "end")):
        return True
    more = await next_line(Hole(hole.name, hole.language, hole.before + text, "", hole.after))
    lines = [line for line in (more.text or "").split("\n")[1:] if line.strip()]
    return not lines or _indent(lines[0]) <= _indent(filled[line_start(filled, found.start) :])


def _valid(hole: Hole, answer: Answer) -> bool | None:
    if not answer.text or not is_well_formed(hole.filled(hole.middle), hole.language):
        return None
    return is_well_formed(hole.filled(answer.text, answer.reach), hole.language)


def _lines(text: str) -> list[str]:
    """The lines without trailing whitespace; blank ones are dropped."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return [line for line in lines if line]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
