"""One run: give every hole to every asker in turn, and sum up the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median
from typing import Any

from herdmate.context.project import Project
from herdmate.eval.asking import Conditions, askers
from herdmate.eval.holes import Hole
from herdmate.eval.programs import passes
from herdmate.eval.scores import Answer, Score, is_whole, score
from herdmate.models.role_choices import ChooseEngine


@dataclass(frozen=True, slots=True)
class Result:
    """One hole, the asker it was given to, the answer and its score."""

    hole: Hole
    asked: str
    answer: Answer
    score: Score


@dataclass(frozen=True, slots=True)
class Summary:
    """All holes of one language given to one asker.

    ``shown`` and ``exact`` are counts out of ``holes``. Of ``judged`` files that had no syntax
    error, ``valid`` have none with the answer either. Of ``tested`` programs, ``passed`` pass their
    tests; of ``definitions``, ``whole`` were completed to their end.
    """

    language: str
    asked: str
    holes: int
    shown: int
    exact: int
    similarity: float
    judged: int
    valid: int
    tested: int
    passed: int
    definitions: int
    whole: int
    median_seconds: float


async def run(
    holes: Sequence[Hole], names: Sequence[str], given: Conditions, choose: ChooseEngine,
    runs_tests: bool, among: Project | None, on_result: Callable[[Result], None],
) -> list[Result]:  # fmt: skip
    """Give every hole to every asker; see ``askers`` for ``among``. Raises ``HerdmateError``."""
    results = []
    async with askers((*names, "bare"), given, choose, among) as asked:
        for hole in holes:
            for name in names:
                answer = await asked[name](hole)
                passed = whole = None
                if runs_tests and hole.tests and hole.language == "python":
                    program = hole.filled(answer.text or "", answer.reach) + hole.test_code
                    passed = await passes(program, hole.tests)
                if hole.is_definition:
                    whole = await is_whole(hole, answer, asked["bare"])
                results.append(Result(hole, name, answer, score(hole, answer, passed, whole)))
                on_result(results[-1])
    return results


def summaries(results: Iterable[Result]) -> list[Summary]:
    """By language, then by asker; with several languages, all of them together come last."""
    results = list(results)
    languages = sorted({result.hole.language for result in results})
    groups = [(language, [language]) for language in languages]
    if len(languages) > 1:
        groups.append(("all", languages))
    names = list(dict.fromkeys(result.asked for result in results))
    return [
        _summary(title, name, [
            result for result in results
            if result.asked == name and result.hole.language in members
        ])
        for title, members in groups for name in names
    ]  # fmt: skip


def record(result: Result) -> dict[str, Any]:
    """One result as a row of the records file: enough to see what went wrong."""
    hole = result.hole
    return {
        "name": hole.name, "language": hole.language, "asked": result.asked,
        "before": hole.before[-200:], "after": hole.after[:200], "wanted": hole.middle,
        "shown": result.answer.text, "reach": result.answer.reach,
        "seconds": result.answer.seconds, **asdict(result.score),
    }  # fmt: skip


def _summary(language: str, asked: str, results: Sequence[Result]) -> Summary:
    scores = [result.score for result in results]
    return Summary(
        language=language,
        asked=asked,
        holes=len(results),
        shown=sum(result.answer.text is not None for result in results),
        exact=sum(item.exact for item in scores),
        similarity=mean(item.similarity for item in scores),
        judged=sum(item.valid is not None for item in scores),
        valid=sum(item.valid is True for item in scores),
        tested=sum(item.passed is not None for item in scores),
        passed=sum(item.passed is True for item in scores),
        definitions=sum(item.whole is not None for item in scores),
        whole=sum(item.whole is True for item in scores),
        median_seconds=median(result.answer.seconds for result in results),
    )
