"""The names by which a file's definitions can be meant in ``FILE:NAME``, which shells complete."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from herdmate.bounded_read import read_text
from herdmate.context import syntax, syntax_queries
from herdmate.context.grammars import language_of
from herdmate.text import Span

_SYMBOL = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")

_MOST_BYTES = 512 << 10
"""Of a file that is read while somebody waits at a prompt."""

_MOST_NAMES = 1000


def is_symbol(text: str) -> bool:
    """Can this be the name of a definition, or of one in others?"""
    return _SYMBOL.fullmatch(text) is not None


def spans_of(known: Sequence[tuple[str, Span]], symbol: str) -> list[Span]:
    """The definitions of a name, or of a name in others: ``Class.method``.

    One that is in no other comes before those of its name that are.
    """
    *holders, last = symbol.split(".")
    around = [_covers([span for name, span in known if name == holder]) for holder in holders]
    found = [span for name, span in known if name == last and all(it(span) for it in around)]
    if holders:
        return found
    covered = _covers([span for _, span in known])
    outermost = [
        span for span in found
        if not covered(replace(span, start=span.start - 1))
        and not covered(replace(span, end=span.end + 1))
    ]  # fmt: skip
    return outermost or found


def _covers(spans: Sequence[Span]) -> Callable[[Span], bool]:
    """Tells whether one of some spans holds another, or is the same."""
    ordered = sorted(spans, key=lambda span: span.start)
    starts = [span.start for span in ordered]
    ends = [*accumulate((span.end for span in ordered), max, initial=-1)]
    return lambda span: ends[bisect_right(starts, span.start)] >= span.end


def _holds(outer: Span, inner: Span) -> bool:
    return outer != inner and outer.start <= inner.start and inner.end <= outer.end


def places_in(text: str) -> list[str] | None:
    """The completions of a word that names a file and begins what is after its colon.

    ``None`` if it names no file yet. Reads and parses only files that are short.
    """
    colons = [at for at, sign in enumerate(text) if sign == ":"]
    name = next((text[:at] for at in colons if os.path.isfile(text[:at])), None)
    if name is None:
        return None
    begun = text[len(name) + 1 :]
    return [f"{name}:{symbol}" for symbol in _names(Path(name), "." in begun)]


def _names(path: Path, is_dotted: bool) -> list[str]:
    """What the definitions of a file can be meant by; see ``names_of``."""
    with suppress(OSError, ValueError):  # it is too long, gone or not to be read
        text = read_text(path, _MOST_BYTES)
        if (tree := syntax.parse(text, language_of(path))) is not None:
            return names_of(syntax_queries.named_definitions(tree, Span(0, len(text))), is_dotted)
    return []


def names_of(known: Sequence[tuple[str, Span]], is_dotted: bool) -> list[str]:
    """What definitions can be meant by; those of one name, or all if ``is_dotted``, as ``A.b``."""
    known = known[:_MOST_NAMES]
    count = Counter(name for name, _ in known)
    names = [
        _whole(known, at) if is_dotted or count[name] > 1 else name
        for at, (name, _) in enumerate(known)
    ]
    return [name for name in dict.fromkeys(names) if is_symbol(name)]


def _whole(known: Sequence[tuple[str, Span]], at: int) -> str:
    """``Class.method``: a name after those of the definitions that it is in."""
    name, span = known[at]
    around = (holder for holder, outer in known[:at] if _holds(outer, span))
    return ".".join([*around, name])
