"""``herdmate refactor -i``: each hunk is taken or left, and nothing is written before the end."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from herdmate.cli import refactor
from herdmate.cli.main import main
from tests.cli.fake_command import use_fake_engine
from tests.cli.pressed_keys import Step, run_at_terminal

TOTAL = "def total(values):\n    result = 0\n    for value in values:\n"
CODE = (
    f"{TOTAL}        result = result + value\n    return result\n\n\n"
    "def mean(values):\n    count = len(values)\n    return total(values) / count\n"
)
FIRST = CODE.replace("result = result + value", "result += value")
SECOND = CODE.replace("    count = len(values)\n", "").replace("/ count", "/ len(values)")
BOTH = SECOND.replace("result = result + value", "result += value")
WORDED = CODE[CODE.index("def mean") :]
WORDED = f"def total(values):\n    return sum(values)\n\n\n{WORDED}"
TESTS = "from app import mean\n\n\ndef test_mean():\n    assert mean([1, 3]) == 2\n"
REPLIES = {
    "Change this": f"{WORDED}```\n",
    "Simplify this": f"{BOTH}```\n",
    "": f"{TESTS}```\n",
}
COMMAND = ("refactor", "-i", "simplify")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(CODE)
    return tmp_path


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([("(1/2)", "y\r"), ("(2/2)", "y\r")], BOTH, id="both"),
        pytest.param([("(1/2)", "n\r"), ("(2/2)", "y\r")], SECOND, id="the second"),
        pytest.param([("(1/2)", "y\r"), ("(2/2)", "n\r")], FIRST, id="the first"),
        pytest.param([("(1/2)", "a\r")], BOTH, id="all"),
        pytest.param([("(1/2)", "y\r"), ("(2/2)", "q\r")], FIRST, id="one, then quit"),
        pytest.param([("(1/2)", "d\r")], CODE, id="none of this file"),
        pytest.param([("(1/2)", "q\r")], CODE, id="quit"),
        pytest.param([("(1/2)", "\x04")], CODE, id="end of input"),
        pytest.param([("(1/2)", "\r"), ("a - take it and the rest", "YES\r"), ("(2/2)", "n\r")],
                     FIRST, id="help, then a word"),
        pytest.param([("(1/2)", "w\r"), ("What to change:", "use sum\r"), ("+    return sum", ""),
                      ("(1/1)", "y\r")], WORDED, id="other words"),
        pytest.param([("(1/2)", "w\r"), ("What to change:", "\r"), ("Nothing was said", ""),
                      ("(1/2)", "a\r")], BOTH, id="no words"),
        pytest.param([("(1/2)", "w\r"), ("What to change:", "use sum\r"), ("(1/1)", "w\r"),
                      ("What to change: use sum", "!\r"), ("+    return sum", ""),
                      ("(1/1)", "n\r")], CODE, id="words to correct"),
    ],
)  # fmt: skip
def test_what_is_taken_is_written(
    folder: Path, steps: list[Step], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake_engine(monkeypatch, REPLIES)
    code, shown = run_at_terminal([*COMMAND, "app.py"], steps, monkeypatch)
    assert code == 0, shown
    assert (folder / "app.py").read_text() == expected, shown
    assert ("Nothing was written." in shown) == (expected == CODE)
    assert ("Wrote " in shown) == (expected != CODE)
    some = "app.py: 1 of 2 hunks; the rest is as it was."
    assert (some in " ".join(shown.split())) == (expected in (FIRST, SECOND))


def test_the_model_is_asked_again_for_something_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was shown is not shown again; where nothing else comes, the last change stays."""
    (folder / "half.py").write_text("def half(x):\n    y = x / 2\n    return y\n")
    start = "def half(x):\n    return x / "
    replies = {f"```python\n{start}": "2\n```\n", "": f"{start}3\n```\n"}
    use_fake_engine(monkeypatch, replies, doubtful="3")
    steps = [("(1/1)", "r\r"), ("x / 2", ""), ("(1/1)", "r\r"), ("x / 4", ""), ("(1/1)", "y\r")]
    _, shown = run_at_terminal([*COMMAND, "half.py"], steps, monkeypatch)
    assert (folder / "half.py").read_text() == f"{start}4\n", shown


def test_ctrl_c_ends_it_and_nothing_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake_engine(monkeypatch, REPLIES)
    steps = [("(1/2)", "y\r"), ("(2/2)", "\x03")]
    code, shown = run_at_terminal([*COMMAND, "app.py"], steps, monkeypatch)
    assert code == 130
    assert (folder / "app.py").read_text() == CODE
    assert "Traceback" not in shown


def test_several_files_are_written_at_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in its own encoding and line ends; what has changed meanwhile is not overwritten."""
    head = "# coding: latin-1\r\n# é\r\n".encode("latin-1")
    (folder / "old.py").write_bytes(head + CODE.replace("\n", "\r\n").encode())
    for name in ("left.py", "last.py"):
        (folder / name).write_text(CODE)
    keys = iter("ynnyyq")

    async def read(prompt: str, _default: str) -> str:
        assert (folder / "app.py").read_text() == CODE
        if (key := next(keys)) == "q":
            (folder / "app.py").write_text("# mine\n")
        return key

    monkeypatch.setattr(refactor, "line_reader", lambda: read)
    use_fake_engine(monkeypatch, REPLIES)
    words = [*COMMAND, "app.py", "old.py:3-", "last.py", "left.py"]
    code, shown = run_at_terminal(words, [], monkeypatch)
    assert code == 1
    said = " ".join(shown.split())
    assert f"herdmate: {folder}/app.py has changed in the meantime" in said
    took = "Nothing was written to this file. This is what you took: diff --git a/app.py b/app.py"
    assert took in said
    assert (folder / "app.py").read_text() == "# mine\n"
    assert (folder / "old.py").read_bytes() == head + SECOND.replace("\n", "\r\n").encode()
    assert (folder / "last.py").read_text() == FIRST
    assert (folder / "left.py").read_text() == CODE
    assert "Left as before: left.py." in " ".join(shown.split())


def test_hunks_that_need_each_other_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def f(x):\n    y = [\n        x,\n        x]\n    return y\n"
    (folder / "pair.py").write_text(code)
    reply = code.replace("[", "(").replace("]", ")")
    use_fake_engine(monkeypatch, {"": f"{reply}```\n"})
    alone = "the hunks taken leave a syntax error"
    for answer, expected in (("n", code), ("y", code.replace("[", "("))):
        steps = [("(1/2)", "y\r"), ("(2/2)", "n\r"), (alone, ""), ("[y,n]?", f"{answer}\r")]
        run_at_terminal([*COMMAND, "pair.py"], steps, monkeypatch)
        assert (folder / "pair.py").read_text() == expected
    (folder / "pair.py").write_text(code)
    _, shown = run_at_terminal([*COMMAND, "pair.py"], [("(1/2)", "a\r")], monkeypatch)
    assert (folder / "pair.py").read_text() == reply
    assert alone not in shown


@pytest.mark.parametrize(("key", "is_written"), [("y", True), ("n", False)])
def test_new_tests_are_taken_or_left(
    key: str, is_written: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_fake_engine(monkeypatch, REPLIES)
    steps = [("Take this file [y,n,q,?]?", f"{key}\r")]
    words = ["refactor", "-i", "write_tests", "app.py:8-10"]
    code, shown = run_at_terminal(words, steps, monkeypatch)
    assert code == 0, shown
    assert [path.read_text() for path in folder.rglob("test*.py")] == [TESTS] * is_written


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["-i", "simplify", "app.py"], 1, "this is none; leave it out for a patch"),
        (["-i", "simplify", "app.py", "--json"], 2, "not allowed with argument -i"),
    ],
)
def test_without_a_terminal_nobody_is_asked(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):
        assert main(["refactor", *words]) == code
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_standard_input_cannot_be_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    code, shown = run_at_terminal([*COMMAND, "-"], [], monkeypatch)
    assert code == 2
    assert "-i needs a file" in " ".join(shown.split())


@pytest.mark.model
def test_with_the_starter(
    folder: Path, starter_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*COMMAND, "app.py:1-5", "-q", "--model", str(starter_model)]
    code, shown = run_at_terminal(words, [("(1/", "r\r"), ("(1/", "a\r")], monkeypatch)
    text = (folder / "app.py").read_text()
    assert code == 0, shown
    assert text != CODE
    assert text.endswith(CODE[CODE.index("def mean") :])
