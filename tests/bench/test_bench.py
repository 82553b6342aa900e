"""``herdmate bench`` from the command line: what it counts, not how long that took."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

KEYS = 6


def _bench(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "herdmate", "bench", "--json", "--keystrokes", str(KEYS),
         "--cancels", "2", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def fake(tmp_path: Path) -> tuple[str, ...]:
    """An engine that says the same thing to everybody, slowly enough to be cancelled."""
    script = tmp_path / "script.json"
    replies = {"": "this_is_no_code_that_stands_in_the_file " * 4}
    script.write_text(json.dumps({"replies": replies, "seconds": 0.002}))
    return "--fake-engine", str(script), "--prefix-tokens", "400"


def test_replays_count_every_key(fake: tuple[str, ...], tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("30\n400\n")
    found = _bench(*fake, "--only", "first,typing,token,rhythm", "--trace", str(trace))
    assert found["conditions"]["keystrokes"] == KEYS
    assert found["first"]["seconds"]["count"] == 3
    strokes = found["typing"]["strokes"]
    assert len(strokes) == KEYS
    asked = [stroke for stroke in strokes if stroke["requests"]]
    assert asked
    assert all(0 < stroke["reused_tokens"] < stroke["prompt_tokens"] for stroke in asked)
    assert found["typing"]["evaluated_prompt"]["most"] < asked[0]["prompt_tokens"] / 2
    assert found["typing"]["from_cache"] + found["typing"]["silent"] == pytest.approx(
        1 - len(asked) / KEYS
    )
    assert all(stroke["generated_tokens"] <= 2 for stroke in found["token"]["strokes"])
    assert [beat["gap"] for beat in found["rhythm"]["beats"]] == [0.03, 0.4] * (KEYS // 2)


def test_cancels_and_ghost_text_beside(fake: tuple[str, ...]) -> None:
    found = _bench(*fake, "--only", "cancel,beside")
    assert found["cancel"]["decode"]["count"] == 2
    assert found["cancel"]["poll_seconds"] > 0
    assert found["beside"]["same_text"]
    assert found["beside"]["characters"] > 0


@pytest.mark.parametrize(
    ("status", "arguments", "words"),
    [
        (2, ("--only", "speeed"), "There is no measurement 'speeed'"),
        (1, ("/no/such/file.py",), "cannot be read"),
        (1, ("--trace", "/no/such/trace"), "one number of milliseconds per line"),
        (1, ("--keystrokes", "0"), "fewer --keystrokes"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(
    status: int, arguments: tuple[str, ...], words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "herdmate", "bench", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == status
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.model
@pytest.mark.timeout(1200)  # one minute alone, but threads that wait for each other share badly
def test_the_starter_against_llama_cpp_python(starter_model: Path) -> None:
    """The rival sees the very prompts that Herdmate's model saw."""
    found = _bench(
        "--model", str(starter_model), "--only", "typing,speed,memory,floor",
        "--against", "llama-cpp-python", "--prefix-tokens", "64", "--max-tokens", "8",
    )  # fmt: skip
    strokes = found["typing"]["strokes"]
    rival = found["rivals"]["llama-cpp-python"]
    spoken = [stroke for stroke in strokes if stroke["shown"] or stroke["requests"]]
    assert rival["compared"]["keystrokes"] == len(rival["figures"]["replies"]) == len(spoken)
    for stroke, reply in zip(spoken, rival["figures"]["replies"], strict=True):
        if stroke["requests"] == 1:
            assert stroke["prompt_tokens"] == reply["prompt_tokens"]
    assert found["conditions"]["one_line"]
    assert len(found["speed"]["runs"]) == 3
    assert found["memory"]["resident"] > found["memory"]["kv"] > 0
    assert set(found["floor"]["step_seconds"]) >= {"1", "2", "4"}
