"""Fragments for the bare model, retrieved as is usual: windows of lines by Jaccard similarity.

The ten lines before the hole are compared with windows of ten lines of all other files of the
workspace in the same language, as in RepoCoder (arXiv 2303.12570) and CrossCodeEval (arXiv
2310.11248).
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from herdmate.context.index import Index, kin_at
from herdmate.eval.holes import Hole
from herdmate.redaction.redact import redacted
from herdmate.text import Excerpt, shown_path, with_line_feeds

_LINES, _STEP = 10, 5
_MOST = 32
_WORD = re.compile(r"\w+")


def fragments(hole: Hole, index: Index, folders: tuple[Path, ...], characters: int) -> tuple[
    Excerpt, ...
]:  # fmt: skip
    """The windows that resemble the code before the hole, as many as fit, the best one last."""
    if hole.path is None:
        return ()
    kin = kin_at(hole.path, hole.language)
    query = {*_WORD.findall("\n".join(hole.before.split("\n")[-_LINES - 1 :]))}
    ranked = (
        (_jaccard(query, words), str(path), text)
        for path in sorted(index.paths())
        if path != hole.path and kin_at(path, "") == kin
        for text, words in _windows(path)
    )
    found: list[Excerpt] = []
    for _, path, text in heapq.nlargest(_MOST, ranked):
        excerpt = Excerpt(shown_path(Path(path), folders), text)
        characters -= len(excerpt.path) + len(text)
        if characters < 0:
            break
        found.append(excerpt)
    return tuple(reversed(found))


def _jaccard(one: set[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / max(len(one) + len(other) - shared, 1)


@lru_cache(5_000)
def _windows(path: Path) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(_cut(path))


def _cut(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    try:
        text = redacted(with_line_feeds(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError):
        return
    lines = text.splitlines(keepends=True)
    for start in range(0, len(lines), _STEP):
        window = "".join(lines[start : start + _LINES])
        yield window, frozenset(_WORD.findall(window))
