"""Looking up while typing: what counts as new, and that ghost text is seen to grow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from herdmate.bench.conditions import Conditions
from herdmate.bench.looking_up import looking_up
from herdmate.bench.scene import scene_of
from herdmate.bench.scripts import LOOK, SCRIPTS, Script
from herdmate.context.grammars import language_of

SAID = "one = 1\n    two = 2\n    three = 3\n    four = 4\n"


def test_the_scripts_are_in_eleven_languages_and_each_looks_up() -> None:
    assert len({script.language for script in SCRIPTS}) == 11
    for script in SCRIPTS:
        assert language_of(Path(f"a.{script.ending}")) == script.language
        assert script.typed.count(LOOK) >= 2


@pytest.mark.e2e
async def test_what_grows_is_seen_and_what_is_typed_through_is_not_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = f"def a():\n    {LOOK}one{LOOK}"
    monkeypatch.setattr("herdmate.bench.looking_up.SCRIPTS", (Script("python", "py", "", typed),))
    fake = tmp_path / "script.json"
    fake.write_text(json.dumps({"replies": {"": SAID}, "seconds": 0.02}))
    serve = ("--fake-engine", str(fake))
    found = await looking_up(Conditions(Path("auto"), scene_of(None, 1), (), 1, serve=serve))
    (look,) = found.looks
    assert look.text.startswith("one = 1\n    two = 2")
    assert look.steps == found.steps > 0
    assert look.seconds is not None
    assert look.whole is not None
    assert look.whole > look.seconds
