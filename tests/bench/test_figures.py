from __future__ import annotations

import pytest

from herdmate.bench.figures import Spread, between, median, share, spread


def test_spread_is_of_ranks() -> None:
    assert spread([float(value) for value in range(100, 0, -1)]) == Spread(
        count=100, median=50.5, p95=95.0, p99=99.0, most=100.0
    )
    assert spread([3.0]) == Spread(1, 3.0, 3.0, 3.0, 3.0)
    assert spread([]) is None


def test_median_of_odd_and_even() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5


def test_share_of_nothing() -> None:
    assert share(1, 4) == 0.25
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("at", "value"), [(0, 10.0), (1, 10.0), (2, 20.0), (3, 25.0), (4, 30.0), (6, 40.0)]
)
def test_between_goes_on_in_lines(at: int, value: float) -> None:
    assert between({1: 10.0, 2: 20.0, 4: 30.0}, at) == value


def test_between_of_one_place() -> None:
    assert between({1: 10.0}, 5) == 10.0
