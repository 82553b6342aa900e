"""How sure the model is of a suggestion, and how much of it is therefore shown.

A line is measured by the probability that the model writes exactly it: the product of the
probabilities of its tokens, at most the first dozen. Also tried, on holes in installed packages:
the mean over the tokens, their minimum, the first two or four; none of these separates right
lines from wrong ones as well. Whoever types reads the next word first, and if that is wrong, so is
the rest. So it is measured too, and held to a higher level.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, takewhile

from herdmate.completion.postprocess import Shown
from herdmate.context.lexical import PROSE, unclosed
from herdmate.generation import Piece

_MOST_TOKENS = 12
"""How many tokens of a line count; more change nothing in code, and make long prose improbable."""

_WORD_ROOT = 5
"""The next word is held to this root of a line's level: at 0.03 that is 0.5."""

_WORD_TOKENS = 4
"""How many tokens of a word count: a whole clause of Chinese is one word."""

_WORD = re.compile(r"\s*(?:[^\w\n]*\w+|[^\n]*)")
"""A word with what precedes it; or, where the next line that is not blank has no more words, its
rest."""


def marked(shown: Shown, pieces: Sequence[Piece]) -> Shown:
    """A suggestion made from an answer's pieces, with their log-probabilities.

    Unchanged if they are not known, or if the suggestion has little in common with the answer. The
    two are compared without whitespace, which is the file's.
    """
    if not shown.text or not pieces or any(piece.logprob is None for piece in pieces):
        return shown
    said = [_solid(piece.text) for piece in pieces]
    begin, size = _place("".join(said), _solid(shown.text))
    ends = [at + 1 for at, char in enumerate(shown.text) if not char.isspace()][:size]
    found = []
    for piece, text, done in zip(pieces, said, accumulate(map(len, said)), strict=True):
        last = min(done - begin, len(ends))
        if last > max(done - len(text) - begin, 0):
            found.append((ends[last - 1], piece.logprob or 0.0))
    return replace(shown, logprobs=tuple(found))


def confidence(shown: Shown) -> float | None:
    """The probability of a suggestion's first line that is not blank; ``None`` if it is unknown."""
    if not shown.logprobs:
        return None
    known = zip(shown.text.split("\n"), _probabilities(shown), strict=True)
    return next((likely for line, likely in known if line.strip()), 1.0)


def confident(shown: Shown, level: float, language: str, is_seen: bool = False) -> Shown | None:
    """The lines before the first one whose probability is below ``level``; ``None`` if that is the
    first one, or if the next word is doubtful.

    ``is_seen``: the user sees the first of them already and types along, so that one stays.

    Lines are cut only where no bracket is left open, and never if they replace brackets after the
    cursor: the last of those may be in any line. Prose is shown whatever its probability: no
    sentence is written twice in the same words.
    """
    line = confidence(shown)
    if level <= 0 or line is None or language in PROSE:
        return shown
    if not is_seen and (line < level or _next_word(shown) < level ** (1 / _WORD_ROOT)):
        return None
    if shown.reach:
        return shown
    lines, likely = shown.text.split("\n"), _probabilities(shown)
    first = next((at for at, text in enumerate(lines) if text.strip()), 0)
    doubtful = next((at for at in range(first + 1, len(lines)) if likely[at] < level), len(lines))
    for count in range(doubtful, 0, -1) if doubtful < len(lines) else ():
        text = "\n".join(lines[:count]).rstrip()
        if text and not unclosed(text, language):
            return replace(shown, text=text)
    return shown


def _next_word(shown: Shown) -> float:
    """The probability of the next word, or of what is left of it."""
    found = _WORD.match(shown.text)
    begins = [0, *(end for end, _logprob in shown.logprobs)]
    count = bisect_left(begins, found.end() if found else 0)
    return math.exp(sum(logprob for _end, logprob in shown.logprobs[:count][:_WORD_TOKENS]))


def _probabilities(shown: Shown) -> list[float]:
    """The probability of each line, given those before it."""
    ends = list(accumulate(len(line) + 1 for line in shown.text.split("\n")))
    lines: list[list[float]] = [[] for _ in ends]
    for at, logprob in shown.logprobs:
        if (line := bisect_right(ends, at)) < len(ends):
            lines[line].append(logprob)
    return [math.exp(sum(line[:_MOST_TOKENS])) for line in lines]


def _solid(text: str) -> str:
    return "".join(text.split())


def _place(said: str, shown: str) -> tuple[int, int]:
    """Where the shown text begins in what the model wrote, and how much of it is there.

    Closing brackets and quotes may have been added at its end.
    """
    if (begin := said.find(shown)) >= 0:
        return begin, len(shown)
    size = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(said, shown, strict=False))
    )
    return 0, size if 2 * size > len(shown) else 0
