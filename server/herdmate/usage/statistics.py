"""What became of ghost text, in numbers: how they are stored, summed up and shown.

**Invariant:** a count has a day, a language id and a name from this module, and nothing else: no
code, no paths, no file names.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import NamedTuple

from herdmate.completion.silence_reasons import SilenceReason
from herdmate.context.languages import language_name
from herdmate.context.withheld import WithheldReason

ASKED = "asked"
"""Requests from the editor, which asks on nearly every keystroke."""
ANSWERED = "answered"
"""Requests that were answered with text."""
CACHED = "cached"
"""Of these, the ones served from an earlier answer."""
SHOWN = "shown"
"""Suggestions; one that the user types along with, and that is served again, counts once."""
ACCEPTED = "accepted"
"""Suggestions whose remaining text was accepted in one go."""
CHARACTERS = "acceptedCharacters"
KEPT = "kept"
"""Accepted suggestions still there after half a minute, or when the file was closed."""
PROMPT_TOKENS, REUSED_TOKENS = "promptTokens", "reusedTokens"
MILLISECONDS = "milliseconds"
"""The total time that answers with text took."""

_NEW, _TYPED_THROUGH = "new within ", "cached within "
"""Until version 0.1 both were counted together, as ``within``."""
_BOUNDS = (10, 25, 50, 100, 250, 500, 1000, 2500, 5000)
_BEYOND = "more"

_SILENT = "silent: "
_SHOWN_AS = {"code behind the cursor": "code after the cursor"}  # files keep the former
_ERROR = "error"
_OTHER = "other"

_VERSION = 1
_DAYS_KEPT = 400
_LANGUAGE = re.compile(r"[\w.+#-]{1,40}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NAME = re.compile(r"[\w :]{1,60}", re.ASCII)


class Key(NamedTuple):
    """What a number counts; ``day`` as in ``2026-01-31``."""

    day: str
    language: str
    name: str


Counts = Counter[Key]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def language_of(given: str) -> str:
    """A client's language id; ``other`` if it does not look like one: it could be anything."""
    return given if _LANGUAGE.fullmatch(given) else _OTHER


def silent(reason: SilenceReason | WithheldReason | None) -> str:
    """The name under which an answer without text is counted; ``None``: because of an error."""
    return _SILENT + (reason.code if reason else _ERROR)


def within(seconds: float, is_cached: bool) -> str:
    """The name under which a time is counted, that of new text apart from what was foreseen."""
    place, kind = bisect_left(_BOUNDS, seconds * 1000), _TYPED_THROUGH if is_cached else _NEW
    return f"{kind}{_BOUNDS[place] if place < len(_BOUNDS) else _BEYOND}"


def recent(counts: Counts, today: date) -> Counts:
    """The counts of the last 400 days."""
    first = (today - timedelta(days=_DAYS_KEPT)).isoformat()
    return Counter({key: number for key, number in counts.items() if key.day >= first})


def to_json(counts: Counts) -> str:
    """``{"version": 1, "days": {day: {language: {name: number}}}}``."""
    days: dict[str, dict[str, dict[str, int]]] = {}
    for key in sorted(counts):
        days.setdefault(key.day, {}).setdefault(key.language, {})[key.name] = counts[key]
    return json.dumps({"version": _VERSION, "days": days}, indent=1) + "\n"


def from_json(text: str) -> Counts:
    """The counts in the output of ``to_json``; raises ``ValueError`` for anything else."""
    try:
        whole = json.loads(text)
        if whole["version"] != _VERSION:
            raise ValueError("an unknown version")
        return Counter(
            {
                _key(day, language, name): _number(number)
                for day, languages in whole["days"].items()
                for language, names in languages.items()
                for name, number in names.items()
            }
        )
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("not Herdmate's statistics") from error


def figures(counts: Counts) -> Table:
    """A row for each language, most used first, and one for all."""
    by_language: dict[str, Counter[str]] = {}
    for key, number in counts.items():
        by_language.setdefault(_shown_name(key.language), Counter())[key.name] += number
    order = sorted(by_language, key=lambda language: (-by_language[language][ASKED], language))
    every = sum((by_language[language] for language in order), Counter[str]())
    rows = [_row(language, by_language[language]) for language in order]
    return Table(_HEAD, (*rows, _row("All", every)))


def silences(counts: Counts) -> Table:
    """Why nothing was shown, the most frequent reason first."""
    sums: Counter[str] = Counter()
    for key, number in counts.items():
        if key.name.startswith(_SILENT):
            sums[key.name.removeprefix(_SILENT)] += number
    rows = ((_SHOWN_AS.get(name, name), f"{number:,}") for name, number in _ranked(sums))
    return Table(("nothing shown", "times"), tuple(rows))


def since(counts: Counts) -> str:
    """The period covered by the counts, as a sentence."""
    days = sorted({key.day for key in counts})
    return f"Counted from {days[0]} to {days[-1]}." if days else "Nothing has been counted yet."


def page(counts: Counts, note: str) -> str:
    """All statistics as Markdown, followed by a note."""
    parts = ["# Ghost Text Statistics", since(counts)]
    if counts:
        parts += [_markdown(table) for table in (figures(counts), silences(counts)) if table.rows]
    return "\n\n".join((*parts, note)) + "\n"


_HEAD = (
    "language", "asked", "shown", "accepted", "kept", "characters", "typed through",
    "wait, typed through", "wait, new text", "prompt reused",
)  # fmt: skip


def _shown_name(language: str) -> str:
    """What people call a language, as the first word of a row."""
    name = language_name(language)
    return name.capitalize() if name.islower() else name


def _row(language: str, sums: Counter[str]) -> tuple[str, ...]:
    return (
        language,
        f"{sums[ASKED]:,}",
        f"{sums[SHOWN]:,}",
        _share(sums[ACCEPTED], sums[SHOWN]),
        _share(sums[KEPT], sums[ACCEPTED]),
        f"{sums[CHARACTERS]:,}",
        _share(sums[CACHED], sums[ANSWERED]),
        _median(sums, _TYPED_THROUGH),
        _median(sums, _NEW),
        _share(sums[REUSED_TOKENS], sums[PROMPT_TOKENS]),
    )


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.0%})" if whole else f"{part:,}"


def _median(sums: Counter[str], kind: str) -> str:
    """The smallest bound that at least half of the times of a kind are within."""
    times = [sums[f"{kind}{bound}"] for bound in _BOUNDS]
    whole = sum(times) + sums[f"{kind}{_BEYOND}"]
    for bound, so_far in zip(_BOUNDS, accumulate(times), strict=True):
        if whole and so_far * 2 >= whole:
            return f"≤ {bound:,} ms"
    return f"> {_BOUNDS[-1]:,} ms" if whole else ""


def _ranked(sums: Counter[str]) -> list[tuple[str, int]]:
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


def _markdown(table: Table) -> str:
    lines = (table.head, ("---", *["---:"] * (len(table.head) - 1)), *table.rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _key(day: str, language: str, name: str) -> Key:
    if _DAY.fullmatch(day) and _LANGUAGE.fullmatch(language) and _NAME.fullmatch(name):
        return Key(day, language, name)
    raise ValueError("not one of Herdmate's counts")


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("not a valid count")
    return value
