"""What tools print: whether it reports a failure, and which part of it goes to the model."""

from __future__ import annotations

import logging
import re
import time

import pytest

from herdmate.actions.action_input import LONGEST_OUTPUT
from herdmate.cli.tool_output import Code, code_of, failing_part, reports_no_failure, told_by_tool
from herdmate.context import syntax
from herdmate.errors import RefusedError
from herdmate.text import Document, Selection, Span

_TEXT = "def total(items):\n    return items[0]\n\n\ndef discount(price, rate):\n    return price\n"


def _selection(text: str, end: int | None = None) -> Selection:
    document = Document("file:///work/app.py", "python", text, None, syntax.parse(text, "python"))
    return Selection(document, Span(0, len(text) if end is None else end))


TOTAL = code_of(_selection(_TEXT, _TEXT.index("\n\n")))
_WARNED = """\
=========================== test session starts ============================
collected 2 items

test_app.py ..                                                       [100%]

============================= warnings summary =============================
../lib/site-packages/old/thing.py:12
  /lib/site-packages/old/thing.py:12: DeprecationWarning: thing is deprecated
    warnings.warn("thing is deprecated")

-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html
======================= 2 passed, 1 warning in 0.02s =======================
"""
_WELL = {
    "empty": " \n\n",
    "pytest": _WARNED,
    "pytest -q": ".....                              [100%]\n5 passed, 1 skipped in 0.12s\n",
    "pytest -qq": "..                                                             [100%]\n",
    "pytest -v": "test_app.py::test_3_errors PASSED [ 50%]\ntest_app.py::test[ValueError: x] PASSED"
    " [100%]\n===== 2 passed in 0.01s =====\n",
    "pytest without tests": "no tests ran in 0.00s\n",
    "unittest": "test_error (t.T.test_error) ... ok\n\n------\nRan 1 test in 0.000s\n\nOK\n",
    "unittest, skipped": "s\n----\nRan 1 test in 0.000s\n\nOK (skipped=1)\n",
    "go test": "ok  \texample.com/shop\t0.003s\n?   \texample.com/shop/cmd\t[no test files]\n",
    "go test -v": "=== RUN   TestError\n--- PASS: TestError (0.00s)\nPASS\nok  \tshop\t(cached)\n",
    "cargo test": "    Finished `test` profile [unoptimized] target(s) in 0.03s\n\nrunning 1 test\n"
    "test tests::error ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n",
    "cargo build": "   Compiling shop v0.1.0\n    Finished `dev` profile target(s) in 1.02s\n",
    "jest": "PASS  ./app.test.js\n  ✓ rejects 3 errors (2 ms)\n\nTest Suites: 1 passed, 1 total\n"
    "Tests:       1 passed, 1 total\nSnapshots:   0 total\nTime:        0.5 s\n",
    "vitest": " ✓ app.test.ts (3 tests)\n\n Test Files  1 passed (1)\n      Tests  3 passed (3)\n",
    "mocha": "  cart\n    ✔ has no error: none\n\n  1 passing (3ms)\n",
    "node": "ok 1 - adds\n1..1\n# tests 1\n# pass 1\n# fail 0\n",
    "ruff": "All checks passed!\n",
    "ruff format": "3 files left unchanged\n",
    "mypy": "Success: no issues found in 3 source files\n",
    "pyright": "0 errors, 0 warnings, 0 informations \n",
    "pylint": "\n-----\nYour code has been rated at 10.00/10 (previous run: 9.50/10, +0.50)\n",
    "tsc --watch": "[10:00:00 AM] Found 0 errors. Watching for file changes.\n",
    "rspec": "..\n\nFinished in 0.002 seconds\n2 examples, 0 failures\n",
    "rubocop": "1 file inspected, no offenses detected\n",
    "phpunit": "OK (3 tests, 3 assertions)\n",
    "maven": "[INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 0\n[INFO] BUILD SUCCESS\n",
    "ctest": "100% tests passed, 0 tests failed out of 3\n",
    "dotnet": "Passed!  - Failed:     0, Passed:     3, Skipped:     0, Total:     3\n",
}
_BAD = {
    "pytest": "=== 1 failed, 2 passed in 0.02s ===\n",
    "pytest, error": "=== 2 passed, 1 error in 0.02s ===\n",
    "its own warning": _WARNED.replace("/lib/site-packages/old/thing", "/work/app"),
    "unittest": "F.\nFAIL: test_a (t.T.test_a)\n\nRan 2 tests in 0.0s\n\nFAILED (failures=1)\n",
    "go test": "--- FAIL: TestTotal (0.00s)\n    app_test.go:8: got 1\nFAIL\nFAIL\tshop\t0.002s\n"
    "ok  \tshop/cmd\t0.001s\n",
    "go build": "./app.go:3:5: undefined: x\n",
    "cargo": "test result: ok. 1 passed; 0 failed\ntest result: FAILED. 0 passed; 1 failed\n",
    "cargo, warning": "warning: unused variable: `x`\n --> src/lib.rs:1:5\n\n    Finished `dev` "
    "profile target(s) in 1.02s\n",
    "jest": "Tests:       1 failed, 2 passed, 3 total\n",
    "vitest": " Test Files  1 failed (1)\n      Tests  1 failed | 2 passed (3)\n",
    "mocha": "  2 passing (3ms)\n  1 failing\n",
    "node": "not ok 1 - adds\n# pass 1\n# fail 1\n",
    "ruff": "app.py:1:8: F401 `os` imported but unused\nFound 1 error.\n",
    "two tools": "All checks passed!\napp.py:3: error: Incompatible types\n",
    "tsc": "app.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.\n",
    "eslint": "/work/app.js\n  1:5  error  'x' is not defined  no-undef\n\n✖ 1 problem (1 error)\n",
    "maven": "[ERROR] Tests run: 3, Failures: 1\n[INFO] BUILD FAILURE\n[INFO] BUILD SUCCESS\n",
    "cargo run": "    Finished `dev` profile target(s) in 0.03s\n     Running `target/shop`\n4\n",
    "cargo run, panic": "thread 'main' panicked at src/main.rs:2:5:\nno\ntest result: ok. 1\n",
    "make": "5 passed in 0.12s\nmake[1]: *** [Makefile:3: test] Error 1\n",
    "a crash": "test result: ok. 3 passed; 0 failed\nSegmentation fault (core dumped)\n",
    "an end": "5 passed in 0.12s\nAborted\n",
    "an exception without words": "Success: no issues found in 3 source files\napp.OddError\n",
    "an exception in Node": "  2 passing (3ms)\nUncaught ReferenceError\n",
    "coverage": "1 passed in 0.01s\nCoverage failure: total of 71 is less than fail-under=80\n",
    "a program": "OK\nPASS\nthe sum is 4\n",
    "words": "it says that 3 passed, but it should not\n",
    "unknown": "something else\n",
}


@pytest.mark.parametrize("name", _WELL)
def test_what_reports_no_failure(name: str) -> None:
    assert reports_no_failure(_WELL[name], TOTAL)


@pytest.mark.parametrize("name", _BAD)
def test_what_reports_one_or_is_not_known(name: str) -> None:
    assert not reports_no_failure(_BAD[name], TOTAL)


_PYTEST = """\
=========================== test session starts ============================
platform linux -- Python 3.12.1, pytest-8.4.1, pluggy-1.6.0
collected 43 items

test_app.py .F.F.......................................              [100%]

================================= FAILURES =================================
______________________________ test_discount _______________________________

    def test_discount():
>       assert discount(10, 0.1) == 9
E       assert 1.0 == 9

test_app.py:8: AssertionError
________________________________ test_cart _________________________________

    def test_cart():
        cart = Cart()

>       assert cart.sum() == 3

test_app.py:14:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

    def total(items):
>       return items[0]["price"]
E       KeyError: 'price'

app.py:7: KeyError
========================= short test summary info ==========================
FAILED test_app.py::test_discount - assert 1.0 == 9
FAILED test_app.py::test_cart - KeyError: 'price'
======================= 2 failed, 41 passed in 0.04s =======================
"""


def test_only_the_block_of_the_failing_test_is_kept() -> None:
    part = failing_part(_PYTEST, TOTAL)
    assert part.startswith("________________________________ test_cart")
    assert part.endswith("E       KeyError: 'price'\n\napp.py:7: KeyError")


def test_without_a_word_about_the_code_all_failures_are_kept() -> None:
    part = failing_part(_PYTEST, Code(re.compile("elsewhere")))
    assert "assert 1.0 == 9" in part
    assert "KeyError: 'price'" in part
    assert "session starts" not in part


@pytest.mark.parametrize(
    ("output", "kept"),
    [
        ("test_x ... ok\n=====\nFAIL: test_total (t.T.test_total)\n-----\nTraceback (most recent "
         "call last):\n  File \"t.py\", line 4\n\nAssertionError: 1 != 2\n\n-----\nRan 2 tests\n",
         "FAIL: test_total (t.T.test_total)\n-----\nTraceback (most recent call last):\n  File "
         "\"t.py\", line 4\n\nAssertionError: 1 != 2"),
        ("other.py:1:1: F401 unused\napp.py:3:5: error: bad\n    total(x)\n    ^\nother.py:9: E1\n",
         "app.py:3:5: error: bad\n    total(x)\n    ^"),
        ("=== RUN   TestA\n--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\n    b_test.go:8: "
         "total(1) = 1, want 2\nFAIL\nFAIL\tshop\t0.02s\n",
         "--- FAIL: TestB (0.00s)\n    b_test.go:8: total(1) = 1, want 2\nFAIL\nFAIL\tshop\t0.02s"),
        ("F401 unused\n --> other.py:1:8\n  |\n\nF821 Undefined name `y`\n --> app.py:2:12\n  |\n\n"
         "Found 2 errors.\n",
         "F821 Undefined name `y`\n --> app.py:2:12\n  |"),
        ("/work/other.js\n  1:5  error  no\n\n/work/app.py\n  9:1  error  bad\n\n✖ 2 problems\n",
         "/work/app.py\n  9:1  error  bad"),
        ("app.py:9: error: far away\napp.py:2: error: near\napp.py:12: note: far away\n",
         "app.py:2: error: near"),
        ("error[E0308]: mismatched\n --> src/other.rs:2:5\n\nerror[E0425]: cannot find `total`\n"
         " --> src/lib.rs:4:5\n  |\n\nerror: could not compile `shop`\n",
         "error[E0425]: cannot find `total`\n --> src/lib.rs:4:5\n  |"),
        ("starting\nTraceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 1\n\n"
         "done\n",
         "Traceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 1"),
        ("FAIL  ./a.test.js\n  ● other › works\n\n    boom\n\n  ● cart › adds\n\n    Error: no\n\n"
         "      at total (app.js:3:5)\n\nTests:    2 failed, 2 total\n",
         "  ● cart › adds\n\n    Error: no\n\n      at total (app.js:3:5)\n\nTests:    2 failed, 2 "
         "total"),
    ],
)  # fmt: skip
def test_blocks_of_many_tools(output: str, kept: str) -> None:
    assert failing_part(output, TOTAL) == kept


def test_a_long_block_keeps_its_head_its_cause_and_what_names_the_code() -> None:
    deep = "".join(f"    frame {at}\n        passes on\n" for at in range(400))
    output = (
        "____ test_total ____\n\n    def test_total():\n" + deep + "app.py:7: in total\n" + deep
        + "E   KeyError: 'price'\n---- Captured stdout call ----\n" + "noise: Error\n" * 500
    )  # fmt: skip
    part = failing_part(output, TOTAL)
    assert part.startswith("____ test_total ____\n")
    assert "\napp.py:7: in total\n" in part
    assert "E   KeyError: 'price'" in part
    assert "noise" not in part
    assert part.count("\n") < 40


@pytest.mark.parametrize(
    "output",
    ["app.py:1: error: " + "x" * 100_000, "app.py:1: error: total\n" * 20_000, "_ " * 500_000,
     "____ a ____\n" + "E   total\n" * 9000, "(" * 500_000, " 1" * 300_000, "a:" * 300_000],
)  # fmt: skip
def test_what_goes_to_the_model_is_short_and_soon_found(output: str) -> None:
    begun = time.perf_counter()
    part = failing_part(output, TOTAL)
    reports_no_failure(output, TOTAL)
    assert len(part) <= LONGEST_OUTPUT
    assert part.count("\n") < 40
    assert time.perf_counter() - begun < 5


def test_a_log_of_exceptions_keeps_the_last_ones() -> None:
    one = 'Traceback (most recent call last):\n  File "app.py", line 1\nKeyError: {}\n\n'
    part = failing_part("".join(one.format(at) for at in range(500)), TOTAL)
    assert "KeyError: 499" in part
    assert "KeyError: 1\n" not in part


def test_the_code_is_known_by_its_file_and_its_definitions(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    selection = _selection("def discount(price, rate):\n    return price * rate\n")
    told = told_by_tool(_PYTEST, selection)
    assert told.startswith("______________________________ test_discount")
    assert "test_cart" not in told
    assert re.search(r"of 34 lines that a tool printed, 7 go to the model", caplog.text)
    assert "assert 1.0" not in caplog.text


def test_an_output_without_a_failure_is_refused() -> None:
    with pytest.raises(RefusedError, match="names nothing to fix; pass on what a failing run"):
        told_by_tool(_WARNED, _selection("def total():\n    pass\n"))


@pytest.mark.parametrize("words", ["a\nb", "Error: it is empty\n\nIt should be 0.\n\nSo I think."])
def test_words_stay_as_they_are(words: str) -> None:
    assert told_by_tool(words, _selection("x = 1\n")) == words
