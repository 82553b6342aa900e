"""What the measuring commands share: progress, a record of every result, and figures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from rich.console import RenderableType
from rich.progress import Progress

from herdmate.atomic_write import open_named
from herdmate.cli.console import Console
from herdmate.cli.settings_options import settings_of
from herdmate.cli.terminal import tell as note
from herdmate.cli.terminal import write
from herdmate.ended_by_signal import run

_T = TypeVar("_T")


def add_options(parser: argparse.ArgumentParser, results: str) -> None:
    """The options of every measuring command; ``results`` is what ``--records`` writes."""
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    parser.add_argument("--records", type=Path, metavar="FILE", help=f"every {results}, as .jsonl")
    parser.add_argument("--fake-engine", type=Path, metavar="SCRIPT", help=argparse.SUPPRESS)


def model_of(arguments: argparse.Namespace) -> str:
    """The model that the options or the user's settings name."""
    return settings_of(arguments).model


def measured(
    work: Callable[[Callable[[_T], None]], Coroutine[Any, Any, list[_T]]],
    title: str, total: int, records: Path | None, to_row: Callable[[_T], Mapping[str, Any]],
) -> list[_T]:  # fmt: skip
    """Run ``work`` and return its results, showing progress as it reports each one.

    Each result is also written to ``records`` at once, if given, so an aborted run loses nothing.
    Ctrl-C ends the run; the results so far are returned if there are any. Other signals raise
    ``SystemExit``.
    """
    found: list[_T] = []
    with ExitStack() as stack:
        file = stack.enter_context(open_named(records)) if records else None
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = progress.add_task(title, total=total)

        def on_found(item: _T) -> None:
            found.append(item)
            progress.advance(task)
            if file is not None:
                file.write(json.dumps(to_row(item)) + "\n")
                file.flush()

        try:
            return run(work(on_found))
        except KeyboardInterrupt:
            if not found:
                raise
    note(f"herdmate: Stopped after {len(found)} of {total}.")
    return found


def tell(
    as_json: bool, about: Mapping[str, Any], summaries: Sequence[Any],
    report: Callable[[Sequence[Any]], RenderableType],
) -> None:  # fmt: skip
    """Write dataclass summaries to standard output, or JSON that includes ``about``."""
    if as_json:
        rows = [asdict(item) for item in summaries]
        found = {"conditions": about, "summaries": rows}
        write(json.dumps(found, indent=1) + "\n")
    else:
        Console(highlight=False).print(report(summaries))
