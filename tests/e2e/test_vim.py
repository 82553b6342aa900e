"""A real Vim with ALE in a terminal, with key presses, against the server with the starter.

ALE answers no request of a server, says that it applies no edits, and applies them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.installed import Environment, configuration, required, surroundings
from tests.e2e.sample import CHEAP, CODE, assert_only_cheap_changed, engines
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.vim, pytest.mark.model]

SETTINGS = """
filetype plugin on
set nomore shortmess+=I noswapfile hidden
set completeopt=menuone,noinsert
autocmd FileType python setlocal omnifunc=ale#completion#OmniFunc
"""  # as most users have
SHOWN = """
autocmd CompleteChanged * call writefile([json_encode(complete_info(['pum_visible', 'items']))],
  \\ expand('~/menu.new')) | call rename(expand('~/menu.new'), expand('~/menu.json'))
"""  # what Vim has in its menu


class Vim:
    """A Vim with one Python file open and Herdmate attached to it."""

    def __init__(
        self, root: Path, folder: Path, environment: Environment, closing: ExitStack
    ) -> None:
        self.file = folder / "shop" / "shop.py"
        self.file.parent.mkdir()
        self.file.write_text(CODE, encoding="utf-8")
        (folder / ".vimrc").write_text(SETTINGS + SHOWN, encoding="utf-8")
        plugin = folder / ".vim" / "plugin" / "herdmate.vim"
        plugin.parent.mkdir(parents=True)
        plugin.write_text(configuration("vim", environment), encoding="utf-8")
        packages = folder / ".vim" / "pack" / "ale" / "start"
        packages.mkdir(parents=True)
        (packages / "ale").symlink_to(root / "usr/share/vim-ale")
        self.terminal = Terminal([str(root / "vim"), str(self.file)], folder, environment)
        closing.callback(self.terminal.close)  # also where what follows fails
        self.until, self.keys = self.terminal.until, self.terminal.keys
        self.until(lambda: "def cheap" in self.terminal.screen and engines(self.terminal.pid))

    def saved(self) -> str:
        """The buffer, by way of the disk."""
        copy = self.file.with_name("copy")
        copy.unlink(missing_ok=True)
        self.terminal.type(f":silent keepalt write {copy}")
        self.keys("Enter")
        self.until(lambda: copy.exists() and copy.read_text(encoding="utf-8").endswith("\n"))
        return copy.read_text(encoding="utf-8")

    def choose(self, title: str) -> None:
        """Select the lines of cheap() and choose the code action."""
        self.terminal.type(f"{CHEAP.start + 1}GV{CHEAP.stop}G:ALECodeAction")
        self.keys("Enter")
        listed = rf"(\d+)\) Herdmate: {title}"
        number = self.until(lambda: re.search(listed, self.terminal.screen))[1]
        self.terminal.type(number)
        self.keys("Enter")


@pytest.fixture
def vim(tmp_path: Path, starter_model: Path) -> Iterator[Vim]:
    """A Vim with a home of its own."""
    root = required("vim", "vim")
    environment = surroundings(tmp_path, starter_model)
    with ExitStack() as closing:
        yield Vim(root, tmp_path, environment, closing)


def test_a_refactoring_is_applied_and_one_undo_brings_the_code_back(vim: Vim) -> None:
    vim.choose("Simplify")
    vim.until(lambda: "range(len(items))" not in vim.terminal.screen)
    assert_only_cheap_changed(vim.saved().splitlines())
    vim.terminal.type("u")
    assert vim.saved() == CODE


@pytest.mark.parametrize("way", ["code action", "command on a selection", "command"])
def test_an_explanation_is_shown_below_the_code(vim: Vim, way: str) -> None:
    before = vim.saved()
    if way == "code action":
        vim.choose("Explain")
    else:
        selected = f"{CHEAP.start + 1}GV{CHEAP.stop}G" if "selection" in way else f"{CHEAP.stop}G"
        vim.terminal.type(f"{selected}:HerdmateExplain")
        vim.keys("Enter")
    vim.until(lambda: re.search(r"^Herdmate +1,1", vim.terminal.screen, re.M))
    shown = vim.terminal.screen.partition("shop.py")[2]
    assert len(shown.split()) > 20
    assert "items[i].price" in vim.terminal.screen  # the code is still in sight
    vim.terminal.type(":echo bufname() line('$')")
    vim.keys("Enter")
    vim.until(lambda: "shop.py" in vim.terminal.screen.splitlines()[-1])  # and has the focus
    assert vim.saved() == before


def test_an_explanation_that_cannot_be_given_is_refused_in_a_sentence(vim: Vim) -> None:
    vim.terminal.type(":%delete")
    vim.keys("Enter")
    vim.terminal.type(":1HerdmateExplain")
    vim.keys("Enter")
    vim.until(lambda: "Select the code first" in vim.terminal.screen)


def test_the_completion_menu_has_the_suggestion(vim: Vim, tmp_path: Path) -> None:
    menu = tmp_path / "menu.json"

    def is_there() -> bool:
        """Ask again and again: the menu never waits for the model."""
        vim.keys("Escape")
        vim.until(lambda: "-- INSERT --" not in vim.terminal.screen)
        vim.terminal.type("A")
        vim.keys("C-x", "C-o")
        vim.until(lambda: menu.exists() or "Pattern not found" in vim.terminal.screen)
        return menu.exists()

    vim.terminal.type("2Go    return ")
    vim.until(is_there)
    shown = json.loads(menu.read_text(encoding="utf-8"))
    (entry,) = shown["items"]
    assert (shown["pum_visible"], entry["menu"]) == (True, "Herdmate")
    assert entry["word"].strip()
    vim.until(lambda: f"{entry['word']} v Herdmate" in vim.terminal.screen)
    vim.keys("C-y", "Escape")
    assert f'"""\n    return {entry["word"]}\n' in vim.saved()
