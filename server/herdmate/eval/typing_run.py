"""One run: every stretch is typed with each writer's suggestions, and the results are summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from herdmate.eval.stretches import Stretch
from herdmate.eval.type_stretch import Typed, type_stretch
from herdmate.eval.writers import NAMES, writers
from herdmate.models.role_choices import ChooseEngine


@dataclass(frozen=True, slots=True)
class TypedStretch:
    """One stretch, the writer whose suggestions were shown in it, and what became of it."""

    stretch: Stretch
    asked: str
    typed: Typed


@dataclass(frozen=True, slots=True)
class TypingSummary:
    """All stretches of one language with one writer's suggestions; see ``Typed`` for the counts.

    ``saved`` is ``taken`` minus ``presses``: what did not have to be typed. Seconds are ``None`` if
    nothing was shown.
    """

    language: str
    asked: str
    stretches: int
    characters: int
    taken: int
    presses: int
    saved: int
    shown: int
    wrong: int
    requests: int
    late: int
    median_seconds: float | None
    p95_seconds: float | None


async def run_typing(
    stretches: Sequence[Stretch], slower: float, settings: dict[str, Any], folder: Path,
    choose: ChooseEngine, on_result: Callable[[TypedStretch], None],
) -> list[TypedStretch]:  # fmt: skip
    """Type every stretch once for each of ``NAMES``, who take turns going first.

    The person is ``slower`` times as slow as usual. Raises ``HerdmateError``.
    What the model has read for the first is in its cache for the second.
    """
    results = []
    async with writers(settings, folder, choose) as (opened, clock):
        for number, stretch in enumerate(stretches):
            for name in NAMES if number % 2 == 0 else NAMES[::-1]:
                writer = opened[name](stretch)
                typed = await type_stretch(stretch.text, stretch.gaps, writer, clock, slower)
                writer.leave()
                results.append(TypedStretch(stretch, name, typed))
                on_result(results[-1])
    return results


def typing_summaries(results: Iterable[TypedStretch]) -> list[TypingSummary]:
    """By language, then by writer; with several languages, all of them together come last.

    A stretch that was not typed with every writer's suggestions does not count if others were.
    """
    results = list(results)
    names = list(dict.fromkeys(result.asked for result in results))
    whole = [
        result for result in results
        if sum(other.stretch is result.stretch for other in results) == len(NAMES)
    ] or results  # fmt: skip
    languages = sorted({result.stretch.document.language for result in whole})
    groups = [(language, [language]) for language in languages]
    if len(languages) > 1:
        groups.append(("all", languages))
    return [
        _summary(title, name, [
            result.typed for result in whole
            if result.asked == name and result.stretch.document.language in members
        ])
        for title, members in groups for name in NAMES if name in names
    ]  # fmt: skip


def typing_record(result: TypedStretch) -> dict[str, Any]:
    """One result as a row of the records file; it holds no code."""
    document = result.stretch.document
    return {
        "uri": document.uri, "language": document.language, "offset": result.stretch.offset,
        "asked": result.asked, **asdict(result.typed),
    }  # fmt: skip


def _summary(language: str, asked: str, typed: Sequence[Typed]) -> TypingSummary:
    seconds = sorted(value for item in typed for value in item.seconds)
    taken, presses = sum(item.taken for item in typed), sum(item.presses for item in typed)
    return TypingSummary(
        language=language,
        asked=asked,
        stretches=len(typed),
        characters=sum(item.characters for item in typed),
        taken=taken,
        presses=presses,
        saved=taken - presses,
        shown=sum(item.shown for item in typed),
        wrong=sum(item.wrong for item in typed),
        requests=sum(item.requests for item in typed),
        late=sum(item.late for item in typed),
        median_seconds=median(seconds) if seconds else None,
        p95_seconds=seconds[-(len(seconds) // 20) - 1] if seconds else None,
    )
