"""Holes in code: from published sets, or punched at random.

Formats: SantaCoder's infill set (arXiv 2301.03988; each hole is one line of a HumanEval solution),
SAFIM (arXiv 2403.04814; each hole is an API call or a block of a program, the latter with tests)
and HumanEvalPack's Python part (arXiv 2308.07124; the holes are made here: several lines of a
solution, with tests).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from herdmate.context.grammars import language_of
from herdmate.errors import SelectionError, reason_of
from herdmate.eval.definitions import cut_definition
from herdmate.eval.sources import sound_code

Cut = Literal["line", "word", "block", "definition"]
"""What to remove from the user's code: the end of a line, the same from within a word, lines, or a
function's body with the end of its head."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A program's standard input, and the outputs that count as right."""

    input: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """Code with ``middle`` removed between ``before`` and ``after``.

    ``language`` is an LSP language id; ``tests`` are for the whole program, with ``test_code``
    appended to it. ``is_definition``: the middle is the rest of a function. ``path``: the file,
    where others are seen along with it.
    """

    name: str
    language: str
    before: str
    middle: str
    after: str
    tests: tuple[Trial, ...] = ()
    is_definition: bool = False
    path: Path | None = None
    test_code: str = ""

    @property
    def half(self) -> Literal["first", "second"]:
        """The half of any set that it belongs to, which depends on its code alone."""
        code = f"{self.before[-1000:]}\0{self.middle}".encode("utf-8", "replace")
        return "second" if hashlib.sha256(code).digest()[0] % 2 else "first"

    def filled(self, text: str, reach: int = 0) -> str:
        """The code with ``text`` in the hole, also replacing ``reach`` characters after it."""
        return self.before + text + self.after[reach:]


def read_set(path: Path) -> Iterator[Hole]:
    """The holes in a set of a known format. Raises ``SelectionError`` if it cannot be read."""
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield _from_row(json.loads(line))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SelectionError(
            f"{path} is not a set of holes that Herdmate can read ({reason_of(error)}); "
            "use SantaCoder's infill set, SAFIM's or HumanEvalPack's, as .jsonl or .jsonl.gz."
        ) from error


def punch(paths: Iterable[Path], cut: Cut, chance: random.Random) -> Iterator[Hole]:
    """One hole, at a random place, in each file that is long enough and has no syntax error.

    Files that contain a secret are skipped.
    """
    for path in paths:
        if (found := sound_code(path)) is None:
            continue
        text, tree = found
        is_definition = cut == "definition"
        place = cut_definition(text, tree, chance) if is_definition else _place(text, cut, chance)
        if place is not None:
            parts = text[: place[0]], text[place[0] : place[1]], text[place[1] :]
            yield Hole(str(path), language_of(path), *parts, is_definition=is_definition)


def sample(holes: Iterable[Hole], count: int, chance: random.Random) -> list[Hole]:
    """Up to ``count`` holes, from programs chosen at random.

    A program's holes come together, in order of position, so most of it is evaluated only once.
    """
    by_code: dict[str, list[Hole]] = {}
    for hole in holes:
        by_code.setdefault("".join(hole.filled(hole.middle).split()), []).append(hole)
    codes = list(by_code)
    chance.shuffle(codes)
    chosen = (
        hole for code in codes for hole in sorted(by_code[code], key=lambda hole: len(hole.before))
    )
    return list(islice(chosen, count))


# --- published sets

_LANGUAGES = {"py": "python", "js": "javascript", "ts": "typescript", "cs": "csharp"}
_COMMENT = {"python": "#"}


def _from_row(row: Mapping[str, Any]) -> Hole:
    if "entry_point" in row:
        return _lines_of_solution(row)
    if "canonical_solution" in row:
        language = _LANGUAGES.get(row["language"], row["language"])
        after = "\n" + row["suffix"]
        return Hole(row["name"], language, row["prompt"] + "\n", row["canonical_solution"], after)
    language = _LANGUAGES.get(row["lang"], row["lang"])
    code = row["eval_prompt"]
    before, mark, after = code.partition("{{completion}}")
    if not mark:
        raise ValueError("a row without a hole")
    comment = _description_comment(row["prompt"], _COMMENT.get(language, "//"))
    tests = row.get("unit_tests") or ()
    tests = json.loads(tests) if isinstance(tests, str) else tests
    known = tuple(Trial(test["input"], tuple(test["output"])) for test in tests)
    return Hole(row["task_id"], language, comment + before, row["ground_truth"], after, known)


def _lines_of_solution(row: Mapping[str, Any]) -> Hole:
    """Two or more of a solution's lines, always the same ones; all of it if it has only one."""
    lines = (row["canonical_solution"].strip("\n") + "\n").splitlines(keepends=True)
    told = [at for at, line in enumerate(lines) if line.strip()]
    chance = random.Random(row["task_id"])
    first, last = sorted(chance.sample(told, 2)) if len(told) > 1 else (0, 0)
    before = row["prompt"] + "".join(lines[:first])
    middle = "".join(lines[first : last + 1]).rstrip("\n")
    after = "\n" + "".join(lines[last + 1 :])
    tests, silence = f"\n\n{row['test']}\n", (Trial("", ("",)),)
    return Hole(row["task_id"], "python", before, middle, after, silence, test_code=tests)


def _description_comment(prompt: str, mark: str) -> str:
    """The program's description as a comment; ``""`` if there is none."""
    _, found, description = prompt.partition("Description: ")
    if not found:
        return ""
    description = description.partition("\n\nCode:")[0]
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in description.split("\n")) + "\n"


# --- the user's own code

_WORD = re.compile(r"[^\W\d]\w{3,}")


def _place(text: str, cut: Cut, chance: random.Random) -> tuple[int, int] | None:
    lines = [(found.start(), found.end()) for found in re.finditer(r"[^\n]+", text)]
    lines = [(start, end) for start, end in lines if is_telling(text[start:end])]
    if len(lines) < 20:
        return None
    if cut == "word":
        return _word(text, lines, chance)
    start, end = chance.choice(lines)
    line = text[start:end]
    indent = len(line) - len(line.lstrip())
    if cut == "block":
        last = lines[min(lines.index((start, end)) + chance.randrange(1, 4), len(lines) - 1)]
        return start + indent, last[1]
    return start + chance.randrange(indent, len(line) - 1), end


def _word(text: str, lines: list[tuple[int, int]], chance: random.Random) -> tuple[int, int] | None:
    """From within a word to the end of its line; ``None`` if no line has a word."""
    if not any(_WORD.search(text, start, end) for start, end in lines):
        return None
    words: list[re.Match[str]] = []
    while not words:  # redraw, don't filter: a seed must keep giving the same holes
        start, end = chance.choice(lines)
        words = list(_WORD.finditer(text, start, end))
    word = chance.choice(words)
    return chance.randrange(word.start() + 1, word.end()), end


def is_telling(line: str) -> bool:
    """Is this line code rather than a comment, and more than a bracket or two?"""
    code = line.strip()
    return len(re.findall(r"\w", code)) >= 8 and code[:1] not in "#/*\"'"
