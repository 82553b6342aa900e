"""What ``herdmate explain`` shows on a terminal, and what one can do after it."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from herdmate.cli.chat_files import kept, last_name
from herdmate.cli.main import main
from tests.cli.fake_command import use_fake_engine
from tests.cli.pressed_keys import run_at_terminal

DIFF = """\
diff --git a/{0} b/{0}
--- a/{0}
+++ b/{0}
@@ -1 +1 @@
-old
+new {0}
"""
REPLIES = {
    "new a.py": "Apples<slowly>.............................. are counted.",
    "new b.py": "Bees are counted.",
    "": "It **adds**.",
}
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SOURCE = "wrote this; it can be wrong, so check it."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("def total(x):\n    return x\n")
    (tmp_path / "both.diff").write_text(DIFF.format("a.py") + DIFF.format("b.py"))
    use_fake_engine(monkeypatch, REPLIES)
    return tmp_path


def test_nothing_of_one_file_is_ever_seen_below_the_name_of_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, shown = run_at_terminal(["explain", "both.diff"], [], monkeypatch)
    assert code == 0
    first, second = shown.split("b.py", 1)
    assert "Apples" in first
    assert "Apples" not in second
    assert "Bees are counted." in second


@pytest.mark.parametrize("words", [["explain", "app.py"], ["chat", "app.py", "Why?"]])
def test_a_person_is_told_once_who_answered_and_how_to_ask_on(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = run_at_terminal(words, [], monkeypatch)
    assert code == 0
    below = f'{SOURCE}\nTo ask about it: herdmate chat --resume "…"\n'
    plain = _ESCAPE.sub("", shown)
    assert plain.endswith(below)
    assert plain.rindex("It adds.") < plain.index(below)
    assert "\x1b[2m" in shown  # dim
    code, shown = run_at_terminal([*words, "-q"], [], monkeypatch)
    assert SOURCE not in shown
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(words) == 0
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert SOURCE not in said.out + said.err
    assert json.loads(said.out.partition("\n")[2])


def test_it_is_said_once_for_several_places(monkeypatch: pytest.MonkeyPatch) -> None:
    _, shown = run_at_terminal(["explain", "app.py:1", "app.py:2"], [], monkeypatch)
    assert shown.count(SOURCE) == 1


def test_one_can_go_on_with_what_was_explained(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "app.py").write_text('def total(x):\n    api_key = "9sJ2kfLq81"\n    return x\n')
    run_at_terminal(["explain", "app.py:total"], [], monkeypatch)
    (one,) = kept(last_name("question")).exchanges
    assert one.said == "Explain: app.py:1-3"
    assert "def total(x):" in one.sent
    assert "9sJ2kfLq81" not in one.sent
    assert one.answer == "It **adds**."
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["chat", "--resume", "And new b.py?"]) == 0
    said = capsys.readouterr()
    assert said.out == "Bees are counted.\n"
    assert 'Going on after "Explain: app.py:1-3".' in said.err
    assert len(kept(last_name("question")).exchanges) == 2


def test_standard_input_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("herdmate.cli.locations._input", lambda: b"x = 1\n")
    run_at_terminal(["explain", "-"], [], monkeypatch)
    assert kept(last_name("question")).exchanges[0].said == "Explain: standard input"


def test_what_no_person_sees_is_not_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "app.py"]) == 0
    assert not (folder / "own" / "state" / "chats").exists()
