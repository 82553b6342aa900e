"""How well a hole was filled: is the text right, or nearly, and is the file still well-formed?"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from difflib import SequenceMatcher

from herdmate.context.syntax import error_count, parse
from herdmate.eval.holes import Hole


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
    tests pass; ``None`` if they were not run.
    """

    exact: bool
    similarity: float
    valid: bool | None
    passed: bool | None = None


def score(hole: Hole, answer: Answer, passed: bool | None = None) -> Score:
    """Compare as many lines as were removed; anything after them only affects ``valid``."""
    wanted = _lines(hole.middle)
    given = _lines(answer.text or "")[: len(wanted)]
    similarity = SequenceMatcher(None, "\n".join(wanted), "\n".join(given), False).ratio()
    return Score(wanted == given, similarity, _valid(hole, answer), passed)


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


def _valid(hole: Hole, answer: Answer) -> bool | None:
    if not answer.text or not is_well_formed(hole.filled(hole.middle), hole.language):
        return None
    return is_well_formed(hole.filled(answer.text, answer.reach), hole.language)


def _lines(text: str) -> list[str]:
    """The lines without trailing whitespace; blank ones are dropped."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return [line for line in lines if line]
