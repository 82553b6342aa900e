"""The summaries of a run as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from herdmate.eval.run import Summary


def table(summaries: Sequence[Summary]) -> Table:
    """A row for each language and each who was asked."""
    found = Table()
    for title in ("language", "asked", "holes", "shown", "exact match", "similarity",
                  "valid syntax", "tests passed", "seconds (median)"):  # fmt: skip
        found.add_column(title, justify="left" if title in ("language", "asked") else "right")
    for item in summaries:
        found.add_row(
            item.language, item.asked, str(item.holes), str(item.shown),
            f"{item.exact} ({item.exact / item.holes:.1%})", f"{item.similarity:.3f}",
            _of(item.valid, item.judged), _of(item.passed, item.tested),
            f"{item.median_seconds:.2f}",
        )  # fmt: skip
    return found


def _of(count: int, whole: int) -> str:
    return f"{count} of {whole} ({count / whole:.1%})" if whole else "-"
