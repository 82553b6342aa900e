"""Bugs given to the quick fix, with the fake engine, and their tests run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.errors import RefusedError, SelectionError
from herdmate.eval.fixing import asked_plainly, fix_summaries, run_fixes, sample
from herdmate.eval.flaws import Flaw, failure_of, read_flaws
from tests.fake_model import fake_actions

PROMPT = 'import math\n\n\ndef half(x: int) -> int:\n    """Half of it."""\n'
ROW = {
    "task_id": "Python/1",
    "prompt": PROMPT,
    "buggy_solution": "    return x // 3\n",
    "entry_point": "half",
    "test": "\n\ndef check(half):\n    assert half(4) == 2\n\ncheck(half)",
}
MENDED = "def half(x: int) -> int:\n    return x // 2\n"
FLAW = Flaw("Python/1", PROMPT + "    return x // 3\n", "half", str(ROW["test"]))
SAID = "AssertionError: got 1 instead of 2 in `assert half(4) == 2`"


def _set(tmp_path: Path, count: int = 1) -> Path:
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(ROW) + "\n" for _ in range(count)))
    return path


def test_reading_a_set(tmp_path: Path) -> None:
    (flaw,) = read_flaws(_set(tmp_path))
    assert flaw == FLAW
    assert flaw.code[flaw.head.start : flaw.head.end] == "def half(x: int) -> int:"
    assert flaw.before == "import math\n\n\n"
    bad = tmp_path / "bad.jsonl"
    bad.write_text("{}\n")
    with pytest.raises(SelectionError, match="HumanEvalPack"):
        list(read_flaws(bad))


def test_a_sample_is_fixed() -> None:
    flaws = [Flaw(str(at), "", "f", "") for at in range(20)]
    assert sample(flaws, 5, 0) == sample(flaws, 5, 0) != sample(flaws, 5, 1)
    assert len(sample(flaws, 50, 0)) == 20


async def test_what_a_test_says() -> None:
    assert await failure_of(FLAW.code, FLAW.tests) == SAID
    assert await failure_of(FLAW.code.replace("3", "2"), FLAW.tests) is None
    assert await failure_of("def half(x): return y\n", FLAW.tests) == (
        "NameError: name 'y' is not defined at `def half(x): return y` in `assert half(4) == 2`"
    )
    assert await failure_of("def half(x:\n", "") == (
        "SyntaxError: '(' was never closed at `def half(x:`"
    )


@pytest.mark.e2e
async def test_through_a_real_server(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    replies = {f"{SAID} (tests)": f"{MENDED}```\n"}
    script.write_text(json.dumps({"replies": replies, "context": 8192}))
    (outcome,) = await run_fixes(
        [FLAW], ["herdmate"], {}, ("--fake-engine", str(script)), lambda _: None
    )
    assert outcome.text == "import math\n\n\n" + MENDED
    assert outcome.passed
    assert outcome.is_sound
    (summary,) = fix_summaries([outcome])
    assert (summary.flaws, summary.unchanged, summary.passed, summary.broken_syntax) == (1, 0, 1, 0)


@pytest.mark.e2e
def test_the_command_and_a_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, records = tmp_path / "script.json", tmp_path / "records.jsonl"
    script.write_text(json.dumps({"replies": {"": "def half(x, y):\n    return 1\n```\n"}}))
    command = ["eval", "fix", str(_set(tmp_path)), "--fake-engine", str(script), "--json"]
    assert main([*command, "--records", str(records)]) == 0
    (summary,) = json.loads(capsys.readouterr().out)["summaries"]
    assert (summary["asked"], summary["flaws"], summary["unchanged"]) == ("herdmate", 1, 1)
    assert "signature of half" in json.loads(records.read_text())["reason"]


async def test_the_bare_model_is_asked_plainly() -> None:
    asked = f"A test says of it: {SAID}\n\n```python\nimport math"
    async with fake_actions({asked: f"Sure!\n```python\n{MENDED}```\nDone."}) as model:
        assert await asked_plainly(model.host, FLAW, SAID) == FLAW.before + MENDED
    async with fake_actions({"": "I cannot."}) as model:
        with pytest.raises(RefusedError):
            await asked_plainly(model.host, FLAW, SAID)
