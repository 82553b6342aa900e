"""The summaries of a run as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from herdmate.eval.asking import NAMES
from herdmate.eval.run import Summary

_COLUMNS = ("language", "asked", "holes", "shown", "exact", "alike", "valid")


def table(summaries: Sequence[Summary]) -> Table:
    """A row for each language and asker; it fits into 80 columns.

    Only Herdmate's seconds are shown: later askers find the hole's code in the cache already.
    """
    found = Table(box=box.SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    are_definitions = any(item.definitions for item in summaries)
    for title in (*_COLUMNS, "whole" if are_definitions else "passed", "seconds"):
        is_name = title in ("language", "asked")
        found.add_column(title, justify="left" if is_name else "right", no_wrap=True)
    for item in summaries:
        found.add_row(
            item.language, item.asked, str(item.holes), str(item.shown),
            f"{item.exact} {item.exact / item.holes:.1%}", f"{item.similarity:.3f}",
            _share(item.valid, item.judged),
            _share(item.whole + item.passed, item.definitions + item.tested),
            f"{item.median_seconds:.2f}" if item.asked == NAMES[0] else "-",
        )  # fmt: skip
    return found


def _share(count: int, whole: int) -> str:
    return f"{count / whole:.1%}" if whole else "-"
