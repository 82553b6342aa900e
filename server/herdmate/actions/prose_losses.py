"""Has a model left out parts of a text for people, such as a README?

What definitions are to code, headings, code blocks, links, list items and paragraphs are to prose:
whoever asked for better wording does not expect any of them to disappear.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from herdmate.actions.omissions import announces_gap
from herdmate.text import LINE_BREAK

PROSE_WITH_FENCES = frozenset(
    ["markdown", "mdx", "rmd", "quarto", "plaintext", "restructuredtext", "asciidoc", "git-commit"]
)
"""Languages whose text is for people and may hold fenced blocks of code."""

_HEADING = re.compile(r" {0,3}(?:#{1,6}|={1,6})[ \t]+(?P<words>.*)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|([-~^\"'`#*+.:_])\1+)[ \t]*\Z")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]+(?P<words>.*)\Z")
_FENCE = re.compile(r"[ \t]{0,11}(?P<marks>`{3,}(?![^`\n]*`)|~{3,})")
_FENCES = {
    "asciidoc": re.compile(r"[ \t]{0,11}(?P<marks>`{3,}|-{4,}(?=[ \t]*\Z))"),
    "restructuredtext": re.compile(r"(?P<marks>(?!))"),  # all of these underline headings
}
_ROW = re.compile(r"[ \t]*(?P<words>\|.*)\Z")
_URL = re.compile(
    r"\b(?:https?|ftp|mailto):[^\s<>()\[\]\"'`]{1,500}|\]\((?P<target>[^\s()]{1,500})"
)
_WORD = re.compile(r"\w{3,}")
_SCHEME = re.compile(r"https?:(?=//)")
_ALIKE = 0.4
"""The share of its words that a passage keeps when it is reworded."""

_FEWEST_LINES = 3
_LINES_KEPT = 0.5
"""The share of its lines that a block of code keeps when it is edited."""

_FEWEST_WORDS = 15
"""Different words of a passage that is too long to be replaced by a remark."""

_MOST_PAIRS = 250_000
"""The most pairs of passages that are compared; in longer text, words may turn up anywhere."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a text consists of: headings, code in fences, addresses, and passages."""

    headings: Counter[str]
    code: Counter[str]
    links: frozenset[str]
    passages: tuple[str, ...]


def loses_prose(
    new: str, original: str, may_remove: bool = False, language: str = "", above: str = ""
) -> bool:
    """Does ``original`` have more than ``new`` repeats, rewords or replaces?

    ``may_remove``: the user may have asked for that, so only the loss of most of it counts.
    ``above`` is the text before the original, which may leave a block of code open.
    """
    marks = _open_fence(above, language)
    old, now = _parts(original, language, marks), _parts(new, language, marks)
    lost = (
        _lost_headings(old, now)
        + max(_surplus(old.code, now.code), _abridged(old.code, now.code))
        + max(len(old.links - now.links) - len(now.links - old.links), 0)
        + max(_lost_passages(old, now), _gutted_passages(old, now))
    )
    parts = old.headings.total() + old.code.total() + len(old.links) + len(old.passages)
    return lost > (parts // 2 if may_remove else 0)


def _lost_headings(old: _Parts, new: _Parts) -> int:
    """How many headings are gone; what was something else before does not take their place."""
    known = {passage.lower() for passage in old.passages} | {
        line.lower() for block in old.code for line in block.split("\n")
    }
    others = ((new.headings - old.headings)[words] for words in new.headings if words not in known)
    return max((old.headings - new.headings).total() - sum(others), 0)


def _surplus(old: Counter[str], new: Counter[str]) -> int:
    """How many are gone without a new one in their place."""
    return max((old - new).total() - (new - old).total(), 0)


def _abridged(old: Counter[str], new: Counter[str]) -> int:
    """How many of the code blocks announce that part of them was left out, or lost many lines."""
    before, lines = "\n".join(old - new), {line for block in new for line in block.split("\n")}
    announced = sum(announces_gap(block, before) for block in new - old)
    cut = sum(
        sum(line in lines for line in block.split("\n")) < _LINES_KEPT * (block.count("\n") + 1)
        for block in old - new
        if block.count("\n") >= _FEWEST_LINES
    )
    return max(announced, cut)


def _lost_passages(old: _Parts, new: _Parts) -> int:
    """How many passages are gone without their words turning up in the new text."""
    fewer = len(old.passages) - len(new.passages)
    if fewer <= 0:
        return 0
    kept = frozenset(new.passages)
    gone = [passage for passage in old.passages if passage not in kept]
    found = [*kept.difference(old.passages), *(new.headings - old.headings)]
    places = [_words(text) for text in (*found, *(new.code - old.code))]
    if len(gone) * len(places) > _MOST_PAIRS:
        places = [frozenset().union(*places)]
    return min(sum(_is_lost(_words(passage), places) for passage in gone), fewer)


def _gutted_passages(old: _Parts, new: _Parts) -> int:
    """How many long passages are gone but for a few of their words."""
    kept, before = frozenset(new.passages), frozenset(old.passages)
    gone = [passage for passage in old.passages if passage not in kept]
    left = [_words(passage) for passage in kept - before]
    everywhere = frozenset().union(*left)
    count = 0
    for words in map(_words, gone[: _MOST_PAIRS // max(len(left), 1)]):
        if len(words) < _FEWEST_WORDS or len(words & everywhere) >= _ALIKE * len(words):
            continue
        nearest = max(left, key=lambda place: len(words & place), default=frozenset[str]())
        count += len(nearest) < _ALIKE * len(words)
    return count


def _is_lost(words: frozenset[str], places: list[frozenset[str]]) -> bool:
    return bool(words) and all(len(words & place) < _ALIKE * len(words) for place in places)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _open_fence(text: str, language: str) -> str:
    """The marks of the fence that a text leaves open, else ``""``."""
    fences, marks = _FENCES.get(language, _FENCE), ""
    for line in LINE_BREAK.split(text):
        if (fence := fences.match(line)) is None:
            continue
        if not marks:
            marks = fence["marks"]
        elif _closes(line, fence["marks"], marks):
            marks = ""
    return marks


def _closes(line: str, found: str, marks: str) -> bool:
    return found.startswith(marks) and not line.strip().strip(found[0])


def _parts(text: str, language: str, marks: str = "") -> _Parts:
    """The parts of a text that begins within the fence of ``marks``, if there are any."""
    fences = _FENCES.get(language, _FENCE)
    headings: Counter[str] = Counter()
    code: Counter[str] = Counter()
    passages: list[str] = []
    paragraph: list[str] = []
    fenced: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            passages.append(" ".join(paragraph))
            paragraph.clear()

    for line in LINE_BREAK.split(text):
        fence = fences.match(line)
        if marks:
            if fence and _closes(line, fence["marks"], marks):
                code["\n".join(filter(None, map(str.strip, fenced)))] += 1
                fenced, marks = [], ""
            else:
                fenced.append(line)
        elif fence:
            end_paragraph()
            marks = fence["marks"]
        elif heading := _HEADING.match(line):
            end_paragraph()
            headings[_bare(heading["words"])] += 1
        elif _UNDERLINE.match(line) and len(paragraph) == 1:
            headings[paragraph.pop().lower()] += 1
        elif item := _ITEM.match(line) or _ROW.match(line):
            end_paragraph()
            paragraph.append(item["words"])
        elif line.strip():
            paragraph.append(line.strip())
        else:
            end_paragraph()
    end_paragraph()
    passages += [line.strip() for line in fenced if line.strip()]  # of a fence never closed
    return _Parts(headings, code, _links(text), tuple(passages))


def _bare(heading: str) -> str:
    """The words of a heading, without the marks that may end it, in small letters."""
    return heading.rstrip(" \t").rstrip("#").rstrip(" \t").lower()


def _links(text: str) -> frozenset[str]:
    """The addresses in a text; ``http``, ``https`` and a final slash make no difference."""
    found = (match["target"] or match[0] for match in _URL.finditer(text))
    return frozenset(_SCHEME.sub("", address).rstrip("/") for address in found)
