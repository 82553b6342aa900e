"""What users see in a real Helix that has nothing but the printed configuration.

The engine is the fake, so that it is known what it says; all is read off the terminal's screen.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.installed import required, scripted_configuration, surroundings
from tests.e2e.sample import CODE, engines
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.helix]

EXPLAINED = "It **sums** all prices, whatever their currency, and returns the total of them. " * 3
REPLIES = {
    "return <|fim_suffix|>": "sum(prices) + len(prices)",
    "in three to six sentences": EXPLAINED,
}


@pytest.fixture
def helix(tmp_path: Path) -> Iterator[Terminal]:
    """A Helix with a home of its own and a Python file open."""
    program = required("helix", "usr/bin/hx") / "usr/bin/hx"
    environment = surroundings(tmp_path)
    folder = tmp_path / "config" / "helix"
    folder.mkdir(parents=True)
    text = scripted_configuration("helix", environment, REPLIES)
    (folder / "languages.toml").write_text(text, encoding="utf-8")
    file = tmp_path / "shop" / "shop.py"
    file.parent.mkdir()
    file.write_text(CODE, encoding="utf-8")
    terminal = Terminal([str(program), str(file)], tmp_path, environment)
    with closing(terminal):
        terminal.until(lambda: "def cheap" in terminal.screen and engines(terminal.pid))
        yield terminal


def test_explain_is_the_first_action_its_text_fits_and_the_menu_has_the_suggestion(
    helix: Terminal,
) -> None:
    helix.type("2gg a")
    helix.until(lambda: "Simplify" in helix.screen)
    rows = [row.split() for row in helix.screen.splitlines()]
    assert ["3", "Herdmate:", "Explain"] in rows  # right below the cursor
    helix.keys("Enter")
    helix.until(lambda: "It **sums** all prices" in helix.screen)
    rows = [row.split()[1:] for row in helix.screen.splitlines()]
    first = next(at for at, row in enumerate(rows) if row[:2] == ["It", "**sums**"])
    assert [word for row in rows[first : first + 4] for word in row] == EXPLAINED.split()
    _command(helix, "buffer-close")
    helix.until(lambda: "def cheap" in helix.screen)
    helix.type("2ggo")
    helix.type("return ")
    helix.keys("C-x")
    helix.until(lambda: "sum(prices) + len(prices) text" in helix.screen)
    helix.keys("C-n", "Enter")
    helix.until(lambda: "    return sum(prices) + len(prices)" in helix.screen)


def test_what_a_command_answers_is_seen(helix: Terminal) -> None:
    for name, said in (
        ("status", "Fake is ready"),
        ("pause", "Ghost text: it is paused until"),
        ("resume", "Suggestions appear as you type."),
        ("why", "No ghost text has been requested yet."),
    ):
        assert helix.until(partial(_answers, helix, name, said))


def _answers(helix: Terminal, name: str, said: str) -> bool:
    """Run a command of Herdmate's, and look if the last line says something soon."""
    _command(helix, f"lsp-workspace-command herdmate.{name}")
    for _ in range(20):
        if said in helix.screen.splitlines()[-1]:
            return True
        time.sleep(0.1)
    return False


def _command(helix: Terminal, line: str) -> None:
    """Run a command of Helix's."""
    helix.type(f":{line}")
    helix.keys("Enter")
