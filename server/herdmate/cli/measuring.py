"""What the commands that measure share: progress, records of all that came, and figures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from rich.progress import Progress
from rich.table import Table

from herdmate.atomic_write import open_named
from herdmate.cli.terminal import Console, write

_T = TypeVar("_T")


def measured(
    work: Callable[[Callable[[_T], None]], Coroutine[Any, Any, list[_T]]],
    title: str, total: int, records: Path | None, to_row: Callable[[_T], Mapping[str, Any]],
) -> list[_T]:  # fmt: skip
    """All that some work found, which tells each finding as it comes.

    Each is at once a line of ``records``, where that is wanted: what was measured before a run was
    given up is not lost.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open_named(records)) if records else None
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = progress.add_task(title, total=total)

        def on_found(item: _T) -> None:
            progress.advance(task)
            if file is not None:
                file.write(json.dumps(to_row(item)) + "\n")
                file.flush()

        return asyncio.run(work(on_found))


def tell(
    as_json: bool, about: Mapping[str, Any], summaries: Sequence[Any],
    table: Callable[[Sequence[Any]], Table],
) -> None:  # fmt: skip
    """Write the summaries, which are dataclasses, to standard output, with what they are of."""
    if as_json:
        rows = [asdict(item) for item in summaries]
        found = {"conditions": about, "summaries": rows}
        write(json.dumps(found, indent=1) + "\n")
    else:
        Console(highlight=False).print(table(summaries))
