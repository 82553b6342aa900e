"""Functions of real code given to refactorings, with the fake engine."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.eval.refactoring import Check, functions, refactor_summaries, run_refactorings

FIRST = "def first(items):\n    found = []\n    for item in items:\n        found.append(item)\n"
FIRST += "    return found"
SHORT = "def first(items):\n    return list(items)"
CODE = f"import os\n\n\n{FIRST}\n\n\ndef tiny():\n    return os.name\n"
RIGHT = f"{sys.executable} -c 'import code_of_it; assert code_of_it.first((1, 2)) == [1, 2]'"


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "code_of_it.py").write_text(CODE)
    (folder / "broken.py").write_text("def f(:\n")
    return folder


def _script(tmp_path: Path, reply: str) -> tuple[str, str]:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"replies": {"": f"{reply}\n```\n"}, "context": 8192}))
    return ("--fake-engine", str(path))


def test_functions_of_some_length_in_sound_files(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (found,) = functions(sorted(folder.iterdir()), 20, random.Random(0))
    assert found.text[found.span.start : found.span.end].strip() == FIRST


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("reply", "passes"), [(SHORT, True), (SHORT.replace("list", "set"), False)]
)
async def test_through_a_real_server(tmp_path: Path, reply: str, passes: bool) -> None:
    folder = _folder(tmp_path)
    given = functions([folder / "code_of_it.py"], 1, random.Random(0))
    outcomes = await run_refactorings(
        given, ["simplify"], {}, _script(tmp_path, reply), Check(folder, RIGHT), lambda _: None
    )
    (outcome,) = outcomes
    assert (outcome.after or "").strip() == reply
    assert (outcome.is_sound, outcome.is_inside, outcome.passed) == (True, True, passes)
    (summary,) = refactor_summaries(outcomes)
    assert (summary.applied, summary.checked, summary.passed) == (1, 1, int(passes))
    assert (folder / "code_of_it.py").read_text() == CODE  # only the copy was changed


@pytest.mark.e2e
async def test_what_is_said_of_new_tests_is_no_outcome_of_the_next_action(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    tests = (
        "from code_of_it import first\n\n\ndef test_first():\n    assert first([1]) == [1]\n\n\n"
    )
    endless = f"{tests}def test_nothing():\n    assert first([]) == [] # {'and so on ' * 900}"
    path = tmp_path / "script.json"
    replies = {"Write tests": endless, "": f"{SHORT}\n```\n"}
    path.write_text(json.dumps({"replies": replies, "context": 8192}))
    given = functions([folder / "code_of_it.py"], 1, random.Random(0))
    written, simplified = await run_refactorings(
        given, ["write_tests", "simplify"], {}, ("--fake-engine", str(path)), None, lambda _: None
    )
    assert (written.reason, written.is_inside) == ("", True)
    assert (written.after or "").strip() == FIRST  # the tests are in another file
    assert (simplified.reason, (simplified.after or "").strip()) == ("", SHORT)


@pytest.mark.e2e
async def test_imports_at_the_top_of_the_file_are_not_outside(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    path = folder / "code_of_it.py"
    path.write_text(f"LIMIT = 3\n\n\n{CODE}")
    given = functions([path], 1, random.Random(0))
    reply = f"from itertools import chain\n\n{SHORT.replace('list(', 'list(chain(').rstrip()})"
    (outcome,) = await run_refactorings(
        given, ["simplify"], {}, _script(tmp_path, reply), None, lambda _: None
    )
    assert (outcome.is_sound, outcome.is_inside) == (True, True)
    assert "chain(" in (outcome.after or "")
    assert "import" not in (outcome.after or "")


@pytest.mark.e2e
@pytest.mark.parametrize(("action", "is_inside"), [("document", True), ("simplify", False)])
async def test_the_comment_above_belongs_to_what_is_documented(
    tmp_path: Path, action: str, is_inside: bool
) -> None:
    go = "func first(items []int) int {\n\tfor _, item := range items {\n\t\treturn item\n\t}\n"
    go += "\treturn 0\n}\n"
    path = tmp_path / "code.go"
    path.write_text(f"package a\n\n// first is first.\n{go}")
    given = functions([path], 1, random.Random(0))
    reply = f"// first returns the first item, or 0 if there is none.\n{go}"
    (outcome,) = await run_refactorings(
        given, [action], {}, _script(tmp_path, reply), None, lambda _: None
    )
    assert (outcome.after is not None) == is_inside  # nothing is simplified
    assert outcome.is_inside
    assert ("if there is none" in (outcome.after or "")) == is_inside


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
async def test_a_check_that_takes_too_long_ends_with_all_it_started(tmp_path: Path) -> None:
    folder, pipe = _folder(tmp_path), tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    check = Check(folder, f"(echo begun; sleep 1000) > {pipe}; true", seconds=1.0)
    assert not await check.passes(folder / "code_of_it.py", CODE)
    os.set_blocking(held, True)
    assert os.read(held, 100) == b"begun\n"
    assert select.select([held], [], [], 30)[0]
    assert os.read(held, 100) == b""  # which is said when nobody holds the pipe any more
    os.close(held)


@pytest.mark.e2e
def test_the_command_and_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, script = _folder(tmp_path), _script(tmp_path, "def second(items):\n    return items")
    assert main(["eval", "refactor", str(folder), *script, "--json"]) == 0
    (summary,) = json.loads(capsys.readouterr().out)["summaries"]
    assert (summary["functions"], summary["applied"], summary["broken_syntax"]) == (1, 0, 0)
    ((reason, count),) = summary["reasons"].items()
    assert "remove first" in reason
    assert count == 1
    assert main(["eval", "refactor", str(folder), *script]) == 0
    told = capsys.readouterr().out
    assert f"1 × {reason[:40]}" in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.e2e
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_ends_the_command_with_all_it_started(tmp_path: Path, number: str) -> None:
    folder, pipe = _folder(tmp_path), tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    words = ["eval", "refactor", str(folder), "--count", "1", *_script(tmp_path, SHORT)]
    words += ["--check", f"(echo begun; sleep 1000) > {pipe}; true"]
    command = [sys.executable, "-m", "herdmate", *words]
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        os.set_blocking(held, True)
        while not os.read(held, 100):  # nobody has opened it yet
            assert process.poll() is None, said.read_text()
            time.sleep(0.1)
        process.send_signal(getattr(signal, number))
        assert process.wait(60) == 128 + getattr(signal, number)
    finally:
        process.kill()
        process.wait()
    assert select.select([held], [], [], 30)[0], "something still holds the pipe"
    assert os.read(held, 100) == b""
    os.close(held)
