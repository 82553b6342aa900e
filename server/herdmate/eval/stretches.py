"""Stretches of real files to be typed again, and the rhythm of the keys."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from herdmate.context.grammars import language_of
from herdmate.eval.holes import is_telling
from herdmate.eval.sources import sound_code
from herdmate.text import Document, line_end

_FASTEST, _SLOWEST = 0.08, 0.2
"""Seconds between two keys."""

_SPREAD = 0.45  # of the logarithm of a pause
_PAUSES = {"word": (0.2, 0.5), "line": (0.6, 1.5)}
"""How likely a pause is after a word or line, and its median seconds, as in ``herdmate bench``."""

_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True)
class Stretch:
    """``text`` is to be typed at ``offset`` of ``document``, from which it was removed.

    ``gaps`` has the seconds between each of its characters and the next key.
    """

    document: Document
    offset: int
    text: str
    gaps: tuple[float, ...]


def stretches(paths: Iterable[Path], characters: int, pauses: bool, seed: int) -> Iterator[Stretch]:
    """One stretch of whole lines, at a random place, in each file that is long enough.

    It begins after a line's indentation, is ``characters`` long, and extends to the end of a line.
    Files with a syntax error or a secret are skipped. The same file and seed give the same stretch
    whatever the other files are.
    """
    for path in paths:
        if (found := sound_code(path)) is None:
            continue
        text = found[0].replace("\r\n", "\n")
        dice = random.Random(f"{seed} {path.name} {len(text)}")
        lines = [line for line in _LINE.finditer(text) if is_telling(line.group())]
        begins = [line.start() + _indent(line.group()) for line in lines]
        begins = [start for start in begins if start + characters <= len(text)]
        if not begins or "\r" in text:
            continue
        start = dice.choice(begins)
        end = line_end(text, start + characters)
        document = Document(path.absolute().as_uri(), language_of(path), text[:start] + text[end:])
        typed = text[start:end]
        yield Stretch(document, start, typed, tuple(_gaps(typed, pauses, dice)))


def _gaps(text: str, pauses: bool, dice: random.Random) -> Iterator[float]:
    """The seconds after each character: 80 to 200 ms, or longer after some words and lines."""
    is_behind_line = False
    for char in text:
        is_behind_line = char == "\n" or (is_behind_line and char in " \t")
        pause = "line" if is_behind_line else "" if char.isalnum() or char == "_" else "word"
        chance, drawn, usual = (
            dice.random(),
            dice.gauss(0, _SPREAD),
            dice.uniform(_FASTEST, _SLOWEST),
        )
        likely, median = _PAUSES.get(pause, (0.0, 0.0))
        yield median * math.exp(drawn) if pauses and chance < likely else usual


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
