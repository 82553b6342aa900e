from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from herdmate.bench.trace import recorded_gaps, synthetic_gaps
from herdmate.errors import SelectionError


def test_a_recorded_trace_is_in_milliseconds(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text("180\n95.5\n1200\n")
    assert recorded_gaps(path) == [0.18, 0.0955, 1.2]


@pytest.mark.parametrize("text", ["", "soon\n", "12\n-1\n", "nan\n"])
def test_a_wrong_trace_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text(text)
    with pytest.raises(SelectionError, match="trace"):
        recorded_gaps(path)


def test_a_synthetic_trace_pauses_at_ends() -> None:
    keys = ("a",) * 500 + ("\n",) * 500
    gaps = synthetic_gaps(keys, seed=1)
    assert gaps == synthetic_gaps(keys, seed=1)
    assert gaps != synthetic_gaps(keys, seed=2)
    assert statistics.median(gaps[:500]) == pytest.approx(0.18, rel=0.1)
    assert statistics.median(gaps[500:]) > 2 * statistics.median(gaps[:500])
