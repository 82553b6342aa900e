"""A real Helix in a terminal, with key presses, against the server with the starter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.installed import Environment, configuration, required, surroundings
from tests.e2e.sample import (
    CHEAP,
    CODE,
    STALE,
    TYPED,
    assert_only_cheap_changed,
    engines,
    paused_model,
)
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.helix, pytest.mark.model]

HELIX = "usr/bin/hx"


class Helix:
    """A Helix with one Python file open and Herdmate attached to it."""

    def __init__(
        self, program: Path, folder: Path, environment: Environment, closing: ExitStack
    ) -> None:
        self.file = folder / "shop" / "shop.py"
        self.file.parent.mkdir()
        self.file.write_text(CODE, encoding="utf-8")
        helix = folder / "config" / "helix"
        helix.mkdir(parents=True)
        languages = configuration("helix", environment)
        (helix / "languages.toml").write_text(languages, encoding="utf-8")
        self.terminal = Terminal([str(program), str(self.file)], folder, environment)
        closing.callback(self.terminal.close)  # also where what follows fails
        self.until, self.keys = self.terminal.until, self.terminal.keys
        self.until(lambda: "def cheap" in self.terminal.screen and engines(self.terminal.pid))

    @property
    def is_changed(self) -> bool:
        """Whether the buffer is not what is on the disk, which the status line tells."""
        return "[+]" in self.terminal.screen

    def saved(self) -> str:
        """Wait for a change of the buffer, save it, and answer the text."""
        self.until(lambda: self.is_changed)
        before = self._on_disk()
        self.terminal.type(":write")
        self.keys("Enter")
        self.until(lambda: self._on_disk() not in ("", before))
        return self._on_disk()

    def _on_disk(self) -> str:
        """While Helix writes it, there is no file for a moment."""
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def simplify_cheap(self) -> None:
        """Select the lines of cheap() and choose the code action."""
        self.terminal.type(f"{CHEAP.start + 1}ggx")
        self.terminal.type(f"{CHEAP.stop - CHEAP.start - 1}x")
        self.terminal.type(" a")
        self.until(lambda: "Simplify" in self.terminal.screen)
        rows = self.terminal.screen.splitlines()
        (first,) = (row for row, text in enumerate(rows) if "Explain" in text)
        (wanted,) = (row for row, text in enumerate(rows) if "Simplify" in text)
        self.keys(*["C-n"] * (wanted - first), "Enter")


@pytest.fixture
def helix(tmp_path: Path, starter_model: Path) -> Iterator[Helix]:
    """A Helix with a home of its own."""
    program = required("helix", HELIX) / HELIX
    environment = surroundings(tmp_path, starter_model)
    with ExitStack() as closing:
        yield Helix(program, tmp_path, environment, closing)


def test_a_refactoring_is_applied_and_one_undo_brings_the_code_back(helix: Helix) -> None:
    helix.simplify_cheap()
    assert_only_cheap_changed(helix.saved().splitlines())
    helix.keys("u")
    assert helix.saved() == CODE


@pytest.mark.parametrize(
    "again", [pytest.param(False, id="not now"), pytest.param(True, id="run again")]
)
def test_what_was_typed_meanwhile_stays_and_the_refactoring_runs_again_if_wanted(
    helix: Helix, again: bool
) -> None:
    typed = f"{CODE}    {TYPED}\n"  # indented by Helix
    with paused_model(helix.terminal.pid):
        helix.simplify_cheap()
        helix.terminal.type(f"geo{TYPED}")
        helix.keys("Escape")
        assert helix.saved() == typed
    helix.until(lambda: "Not now" in helix.terminal.screen)
    assert STALE in _words(helix.terminal.screen)
    assert not helix.is_changed
    helix.keys("Enter" if again else "Escape")
    if again:
        assert_only_cheap_changed(helix.saved().splitlines(), typed.splitlines())
    helix.keys("u")  # what was typed, where nothing came after it
    assert helix.saved() == (typed if again else CODE)


def _words(screen: str) -> str:
    """A screen's text, without the frames and numbers around it."""
    lines = (line.partition("│")[2].rpartition("│")[0].strip() for line in screen.splitlines())
    return " ".join(filter(None, lines))
