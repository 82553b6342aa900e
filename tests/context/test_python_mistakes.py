"""What certainly fails is found, and its nearest neighbour that works is not."""

from __future__ import annotations

import sys
import sysconfig
import time
from pathlib import Path

import pytest

from herdmate.context.python_mistakes import mistakes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parents[1] / "golden"
ALL = range(1_000_000)

CASES = tomllib.loads((GOLDEN / "python_mistakes.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=[case["wrong"] for case in CASES])
def test_what_certainly_fails(case: dict[str, str]) -> None:
    assert any(case["said"] in found for found in mistakes(case["wrong"], ALL))
    assert not mistakes(case["right"], ALL)


_GENERATED = {"turtle.py"}  # by ``exec``


def test_the_standard_library_has_no_mistakes() -> None:
    folder = Path(sysconfig.get_paths()["stdlib"])
    paths = [path for path in sorted(folder.glob("*.py"))[::2] if path.name not in _GENERATED]
    assert len(paths) > 60
    found = {path.name: mistakes(path.read_text("utf-8"), ALL) for path in paths}
    assert not {name: said for name, said in found.items() if said}


def test_only_what_overlaps_the_rows_counts() -> None:
    code = "def f(a): ...\n\n\nf()\nf(1)\n"
    assert mistakes(code, range(3, 4)) == {"f() needs a"}
    assert not mistakes(code, range(4, 5))


def test_code_that_cannot_be_parsed_has_no_mistakes() -> None:
    assert not mistakes("def f(:\n    return a", ALL)


def test_deeply_nested_loops_take_no_longer() -> None:
    heads = "".join(f"{'    ' * at}for a{at} in x:\n" for at in range(1, 18))
    code = f"def f(x):\n{heads}{'    ' * 18}g(b)\n{'    ' * 18}b = 1\n"
    started = time.process_time()
    mistakes(code, ALL)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("depth", [1, 4])
def test_variables_that_loops_give_to_each_other_take_no_longer(depth: int) -> None:
    margin = "    " * (depth + 1)
    heads = "".join(f"{'    ' * at}for a{at} in x:\n" for at in range(1, depth + 1))
    steps = (
        f"{margin}if c[{at}]:\n{margin}    g(v{at - 1}); v{at} = 1; continue\n"
        for at in range(300, 0, -1)
    )
    code = f"def f(c, x):\n{heads}{''.join(steps)}{margin}v0 = 1\n"
    started = time.process_time()
    mistakes(code, ALL)
    assert time.process_time() - started < 5


def test_many_variables_take_no_longer() -> None:
    code = "def f():\n" + "".join(f"    v{at} = {at}\n" for at in range(10_000))
    started = time.process_time()
    mistakes(code, ALL)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    return 1\n    x" + ".a" * 900 + "()\n",
        "def f(x):\n    if x:\n        pass\n" + "    elif x:\n        pass\n" * 900,
    ],
)
def test_what_nests_too_deeply_has_no_mistakes(code: str) -> None:
    assert not mistakes(code, ALL)
