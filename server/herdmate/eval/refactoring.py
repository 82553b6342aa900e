"""Refactors functions of real code as an editor would, and records the outcomes."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from herdmate import child_process
from herdmate.actions.documentation_alone import with_documentation
from herdmate.context.file_header import header_of
from herdmate.context.grammars import language_of
from herdmate.context.signatures import signatures
from herdmate.context.syntax_queries import (
    enclosing_definition,
)
from herdmate.errors import HerdmateError
from herdmate.eval.scores import is_well_formed
from herdmate.eval.sources import sound_code
from herdmate.lsp.client import Client, connect
from herdmate.text import Document, Edit, Selection, Span, narrowed

FEWEST_LINES, MOST_LINES = 5, 30
"""Only functions between these lengths, in lines, are refactored."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function at ``span`` of a file, without its final line ending."""

    path: Path
    language: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one function: its new text, or the reason nothing changed.

    ``is_sound``: the file has no syntax error. ``is_inside``: nothing changed but the function and
    the file's imports. ``passed``: the check succeeds now; ``None`` if it was not run.
    """

    path: str
    language: str
    action: str
    before: str
    after: str | None
    reason: str
    seconds: float
    is_sound: bool
    is_inside: bool
    passed: bool | None


@dataclass(frozen=True, slots=True)
class RefactorSummary:
    """Counts over all functions of one language given to one action."""

    language: str
    action: str
    functions: int
    applied: int
    broken_syntax: int
    outside: int
    checked: int
    passed: int
    reasons: Mapping[str, int]
    median_seconds: float


@dataclass(frozen=True, slots=True)
class Check:
    """A shell command that succeeds in a copy of ``folder`` if the code in it is right."""

    folder: Path
    command: str
    seconds: float = 300.0

    async def passes(self, path: Path, text: str) -> bool:
        """Does it succeed with ``text`` in the file ``path`` of the folder?"""
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / self.folder.name
            shutil.copytree(self.folder, copy)
            (copy / path.relative_to(self.folder)).write_bytes(text.encode())
            nothing = asyncio.subprocess.DEVNULL
            process = await child_process.start(
                *child_process.shell_command(self.command), cwd=copy, stdin=nothing,
                stdout=nothing, stderr=nothing, start_new_session=True,
                extra={"PYTHONSAFEPATH": ""},  # tests may import from their own folder
            )  # fmt: skip
            try:
                return await asyncio.wait_for(process.wait(), self.seconds) == 0
            except asyncio.TimeoutError:
                return False
            finally:
                await child_process.end(process)


def functions(paths: Iterable[Path], count: int, chance: random.Random) -> list[Function]:
    """Up to ``count`` functions, at most one per file, from files without syntax errors."""
    return list(islice(_found(paths, chance), count))


async def run_refactorings(
    given: Sequence[Function], actions: Sequence[str], settings: Mapping[str, Any],
    serve: tuple[str, ...], check: Check | None, on_outcome: Callable[[Outcome], None],
) -> list[Outcome]:  # fmt: skip
    """Give every function to every action through a real server. Raises ``HerdmateError``.

    Edits are never written to the files themselves, only to the copy in which the check runs.
    """
    outcomes = []
    async with connect(dict(settings), "--log-level", "error", serve=serve) as client:
        await client.ready(lambda _message, _fraction: None)
        for function in given:
            for action in actions:
                outcomes.append(await _outcome(client, function, action, check))
                on_outcome(outcomes[-1])
    return outcomes


def refactor_summaries(outcomes: Sequence[Outcome]) -> list[RefactorSummary]:
    """One summary for each language and action."""
    found = []
    for language, action in dict.fromkeys((item.language, item.action) for item in outcomes):
        mine = [item for item in outcomes if (item.language, item.action) == (language, action)]
        applied = [item for item in mine if item.after is not None]
        found.append(
            RefactorSummary(
                language,
                action,
                len(mine),
                len(applied),
                sum(not item.is_sound for item in applied),
                sum(not item.is_inside for item in applied),
                sum(item.passed is not None for item in applied),
                sum(item.passed is True for item in applied),
                dict(Counter(item.reason for item in mine if item.reason)),
                median(item.seconds for item in mine),
            )
        )
    return found


def _found(paths: Iterable[Path], chance: random.Random) -> Iterator[Function]:
    for path in paths:
        if (found := sound_code(path)) is None:
            continue
        text, tree = found
        ends = (line.start() for line in re.finditer("\n", text))
        spans = dict.fromkeys(enclosing_definition(tree, text, Span(at, at)) for at in ends)
        fitting = [
            span
            for span in spans
            if span is not None
            and FEWEST_LINES <= text[span.start : span.end].strip().count("\n") + 1 <= MOST_LINES
            and len(signatures(tree, span)) == 1
        ]
        if fitting:
            yield Function(path, language_of(path), text, chance.choice(fitting))


def _imports_above(head: str, new: str, language: str) -> int | None:
    """How many characters of imports a new file has more than ``head``, its start before.

    ``None`` if anything else changed there.
    """
    same = narrowed(head, Edit(Span(0, len(head)), new[: len(head)])).span.start
    at = new.find(head[same:], same)
    statements = header_of(new[: max(at, 0) + len(head) - same], language).statements
    is_in_header = bool(statements) and len(new[: max(at, 0)].rstrip()) <= statements[-1].span.end
    return at - same if at == same or (at > same and is_in_header) else None


def _may_change(document: Document, span: Span, action: str) -> Span:
    """A function, for *Document* with the comment above it."""
    return with_documentation(Selection(document, span)).span if action == "document" else span


async def _outcome(client: Client, given: Function, action: str, check: Check | None) -> Outcome:
    document = Document(given.path.absolute().as_uri(), given.language, given.text)
    span, text, reason = _may_change(document, given.span, action), None, ""
    started = time.perf_counter()
    client.open(document)
    try:
        text = await client.rewrite(document, given.span, action)
    except HerdmateError as error:
        reason = str(error)
    finally:
        client.close(document)
    seconds = time.perf_counter() - started
    passed = None
    if text is not None and check is not None and given.path.is_relative_to(check.folder):
        passed = await check.passes(given.path, text)
    new = given.text if text is None else text
    head, tail = given.text[: span.start], given.text[span.end :]
    added = _imports_above(head, new, given.language)
    start = len(head) + (added or 0)
    is_inside = added is not None and new[start:].endswith(tail)
    after = None if text is None else new[start : len(new) - len(tail)]
    before = given.text[span.start : span.end]
    is_sound = is_well_formed(new, given.language) is not False
    return Outcome(
        str(given.path), given.language, action, before, after, reason, seconds, is_sound,
        is_inside, passed,
    )  # fmt: skip
