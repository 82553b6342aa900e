"""What users see in a real Neovim that has nothing but the printed configuration.

The engine is the fake, so that it is known what it says; keys go into a terminal of 100 columns and
30 rows, and all is read off its screen. Neovim never waits for "Press ENTER".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.installed import configuration, required, scripted_configuration, surroundings
from tests.e2e.sample import CODE, engines, paused_model, paused_server
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.neovim]

NVIM = "usr/bin/nvim"
SHORTER = "    return [item for item in items if item.price <= limit]"
EXPLAINED = "It **sums** all prices, whatever their currency, and returns the total of them. " * 3
REPLIES = {
    "return <|fim_suffix|>": "sum(prices) + len(prices)",
    'all prices."""\n    <|fim_suffix|>': "if prices:\n        return sum(prices)\n    return 0",
    "Whose?<|im_end|>": "The shop's.",
    "in three to six sentences": EXPLAINED,
    "range(len(items))": f"```python\ndef cheap(items, limit):\n{SHORTER}\n```",
}
GREY = "\x1b[38;5;244m"

OLD, NEW = "neovim-0.11", "neovim"  # folders of the tools
with_each_version = pytest.mark.parametrize(
    "neovim", [pytest.param(NEW, id="0.12"), pytest.param(OLD, id="0.11")], indirect=True
)
with_each_start = pytest.mark.parametrize(
    "start", [pytest.param(NEW, id="0.12"), pytest.param(OLD, id="0.11")], indirect=True
)


class Neovim:
    """A Neovim in a terminal, with a file of code open in which Herdmate is ready.

    ``settings`` are Herdmate's; without ``replies`` the engine is the real one, without a model.
    """

    def __init__(
        self, program: Path, home: Path, closing: ExitStack,
        replies: Mapping[str, str] | None = REPLIES, settings: Mapping[str, Any] | None = None,
        says: str = "Fake is ready", **script: float,
    ) -> None:  # fmt: skip
        self._home, self._environment = home, (environment := surroundings(home))
        plugin = home / "config" / "nvim" / "plugin" / "herdmate.lua"
        plugin.parent.mkdir(parents=True)
        text = configuration("neovim", environment)
        if replies is not None:
            text = scripted_configuration("neovim", environment, replies, **script)
        options = json.dumps(settings or {})
        text += f"vim.lsp.config('herdmate', {{ init_options = vim.json.decode('{options}') }})\n"
        plugin.write_text(text, encoding="utf-8")
        self.file = home / "shop.py"
        self.file.write_text(CODE, encoding="utf-8")
        self._program, self._closing = program, closing
        self.open()
        self.until(lambda: says in self.screen)

    def open(self) -> None:
        """Start Neovim with the file, after an earlier one has ended."""
        program = [str(self._program), str(self.file)]
        self.terminal = Terminal(program, self._home, self._environment)
        self._closing.callback(self.terminal.close)
        self.type, self.keys = self.terminal.type, self.terminal.keys

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self.terminal.screen

    def until(self, there: Callable[[], Any]) -> Any:
        """Wait until ``there`` returns something true; Neovim must not wait for Enter meanwhile."""

        def looked() -> Any:
            found = there()
            assert "Press ENTER" not in (screen := self.screen), screen
            return found

        return self.terminal.until(looked, seconds=40.0)

    @property
    def last_line(self) -> str:
        """The line of messages."""
        return self.screen.rstrip("\n").splitlines()[-1]

    def until_line(self, text: str) -> None:
        """Wait until a line on the screen is this one."""
        self.until(lambda: text in self.screen.splitlines())

    def until_rows(self, first: int, expected: list[str]) -> None:
        """Wait until the screen's rows from one, counted from 0, are these."""
        rows = slice(first, first + len(expected))
        self.until(lambda: self.screen.splitlines()[rows] == expected)

    def until_grey(self, text: str) -> None:
        """Wait until exactly this is drawn in the colour of ghost text, the spaces left out."""
        self.until(lambda: self.grey == text.split())

    @property
    def grey(self) -> list[str]:
        """The words that are drawn as ghost text."""
        parts = re.findall(re.escape(GREY) + r"([^\x1b]*)", self.terminal.coloured_screen)
        return " ".join(parts).split()

    def command(self, text: str) -> None:
        """Type a command line."""
        self.type(f":{text}")
        self.keys("Enter")

    def choose(self, title: str) -> None:
        """Press gra, and choose from the list what begins with a title."""
        self.type("gra")
        number = self.until(lambda: re.search(rf"^(\d+): {title}", self.screen, re.MULTILINE))[1]
        self.type(number)
        self.keys("Enter")


Start = Callable[..., Neovim]


@pytest.fixture
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Start]:
    """Starts a Neovim with a home of its own, and with what ``Neovim`` takes."""
    program = required(getattr(request, "param", NEW), NVIM) / NVIM
    with ExitStack() as closing:
        yield partial(Neovim, program, tmp_path, closing)


@pytest.fixture
def neovim(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Neovim]:
    """A Neovim with a home of its own."""
    program = required(getattr(request, "param", NEW), NVIM) / NVIM
    with ExitStack() as closing:
        yield Neovim(program, tmp_path, closing)


@with_each_version
def test_ghost_text_follows_each_key_and_is_accepted_in_parts(neovim: Neovim) -> None:
    neovim.type("2Go")
    neovim.type("return ")
    neovim.until_grey("sum(prices) + len(prices)")
    with paused_model(neovim.terminal.pid):  # so this is not what the model says to each key
        for typed in ("s", "u", "m"):
            neovim.type(typed)
            neovim.until_line("    return sum(prices) + len(prices)")
        neovim.until_grey("(prices) + len(prices)")
        neovim.type("x")
        neovim.until_grey("")
        neovim.until_line("    return sumx")
        neovim.keys("BSpace")
        neovim.until_line("    return sum(prices) + len(prices)")

    neovim.keys("C-]")
    neovim.until_grey("")
    neovim.until_line("    return sum")
    neovim.keys("M-\\")
    neovim.until_grey("(prices) + len(prices)")
    neovim.keys("M-Right")
    neovim.until_grey("prices) + len(prices)")
    neovim.keys("M-Right")
    neovim.until_grey(") + len(prices)")
    neovim.keys("Tab")
    neovim.until_grey("")
    neovim.until_line("    return sum(prices) + len(prices)")
    neovim.type(" + 1")
    neovim.keys("Escape")
    for left in ("sum(prices) + len(prices)", "sum(prices", "sum(", "sum"):
        neovim.type("u")  # what was typed, then each part that was accepted
        neovim.until_line(f"    return {left}")


@with_each_version
def test_others_are_asked_for_and_gone_through(neovim: Neovim) -> None:
    neovim.type("2Go")
    neovim.type("return ")
    first = "sum(prices) + len(prices)"
    neovim.until_grey(first)
    seen = [first.split()]
    for _ in range(2):
        neovim.keys("M-]")
        neovim.until(lambda: neovim.grey and neovim.grey not in seen)
        seen.append(neovim.grey)
    neovim.keys("M-[")
    neovim.until_grey(" ".join(seen[1]))
    neovim.keys("M-[")
    neovim.until_grey(first)
    neovim.keys("Tab")
    neovim.until_line(f"    return {first}")


@with_each_start
def test_without_a_model_a_line_says_what_to_do_and_no_menu_takes_the_keys(start: Start) -> None:
    neovim = start(replies=None, says="There is no model on this machine yet; fetch a small one.")
    neovim.until(lambda: ":Herdmate answer" in neovim.screen)
    neovim.type("2Gofound = 1")
    neovim.until_line("    found = 1")
    neovim.keys("Escape")
    neovim.command("Herdmate answer")
    neovim.until(lambda: re.search(r"^1: Fetch Qwen", neovim.screen, re.MULTILINE))
    neovim.type("2")
    neovim.keys("Enter")
    neovim.until(lambda: "1: Recommended for this machine: " in neovim.screen)
    neovim.keys("Enter")
    neovim.command("Herdmate answer")
    neovim.until(lambda: "Herdmate has not asked anything." in neovim.screen)


def test_a_wrong_path_of_the_model_is_told_when_a_file_is_opened(start: Start) -> None:
    start(replies=None, settings={"model": "/nowhere/small.gguf"}, says="/nowhere/small.gguf")


def test_ghost_text_appears_where_one_typed_before_the_model_was_ready(start: Start) -> None:
    neovim = start(says="def total", load_seconds=2.0)
    neovim.type("2Goreturn ")  # the server itself is not there yet
    neovim.until_grey("sum(prices) + len(prices)")


def test_what_was_asked_for_by_a_key_comes_once_the_model_is_ready(start: Start) -> None:
    neovim = start(says="def total", load_seconds=4.0, settings={"completion": {"enabled": False}})
    neovim.type("2Goreturn ")

    def asked() -> bool:
        neovim.keys("M-\\")  # again, until the server is there
        return "Looking for a suggestion…" in neovim.screen

    neovim.until(asked)
    neovim.until_grey("sum(prices) + len(prices)")


@with_each_version
def test_the_words_for_a_change_are_asked_for_at_once(neovim: Neovim) -> None:
    """Neither the server nor Neovim, which waits in Visual mode, keeps the keys from the prompt."""
    neovim.type("5GV10Ggra")
    title = r"^(\d+): Change in my own words"
    number = neovim.until(lambda: re.search(title, neovim.screen, re.MULTILINE))[1]
    with paused_server(neovim.terminal.pid):
        neovim.type(number)
        neovim.keys("Enter")
        neovim.type("use a comprehension")
        neovim.until_line("Change: use a comprehension")
    neovim.keys("Enter")
    neovim.until_line(SHORTER)


@with_each_version
def test_progress_is_seen_after_a_choice_for_selected_lines(neovim: Neovim) -> None:
    neovim.type("5GV10G")
    with paused_model(neovim.terminal.pid):
        neovim.choose("Simplify")
        neovim.until(lambda: neovim.last_line.startswith("Simplify"))
    neovim.until_line(SHORTER)


@with_each_start
def test_each_key_of_ghost_text_says_what_comes_of_it(start: Start) -> None:
    neovim = start(settings={"completion": {"alternatives": 1}})
    neovim.type("2Go")
    neovim.type("return ")
    neovim.until_grey("sum(prices) + len(prices)")
    neovim.keys("M-]")
    neovim.until(lambda: "There is no other suggestion." in neovim.screen)
    neovim.until(lambda: neovim.last_line == "-- INSERT --")  # after some seconds
    with paused_model(neovim.terminal.pid):
        neovim.type("s")
        neovim.keys("C-]", "Enter", "M-\\")
        neovim.until(lambda: "Looking for a suggestion…" in neovim.screen)
    neovim.until(lambda: "Looking for a suggestion…" not in neovim.screen)
    neovim.keys("Escape")
    neovim.command("edit! secrets.py")
    neovim.type("i")

    def asked() -> bool:
        neovim.keys("M-\\")  # again, until the server knows the file
        return "There is no suggestion here; :Herdmate why" in neovim.screen

    neovim.until(asked)


@with_each_version
def test_all_lines_of_ghost_text_are_seen_at_the_windows_end(neovim: Neovim) -> None:
    for command in ("new", "wincmd j", "resize 4"):
        neovim.command(command)
    neovim.type("2Gzb")
    neovim.type("o")
    neovim.until_grey("if prices: return sum(prices) return 0")


def test_menus_mark_what_is_in_use_and_are_cut_only_for_lack_of_room(neovim: Neovim) -> None:
    neovim.command("Herdmate")
    title = r"^(\d+): Choose a Model for Ghost Text"
    number = neovim.until(lambda: re.search(title, neovim.screen, re.MULTILINE))[1]
    neovim.keys(number, "Enter")
    neovim.until(lambda: ": Same as for Answers (in use)" in neovim.screen)
    neovim.keys("Enter")
    neovim.command("Herdmate model")
    longest = (
        "the largest CodeLlama-Instruct here that fits, otherwise another model on this machine"
    )
    neovim.until(lambda: f": Automatic: {longest}" in neovim.screen.replace("\n", ""))


def test_code_is_explained_and_changed_by_commands(neovim: Neovim) -> None:
    neovim.command("1,2Herdmate explain")
    neovim.until(lambda: ":Herdmate ask, :Herdmate close" in neovim.screen)
    assert "# shop.py, lines 1 to 2" in neovim.screen
    neovim.command("Herdmate close")
    neovim.until(lambda: "# shop.py" not in neovim.screen)
    neovim.type("7G")
    neovim.command("Herdmate change")
    neovim.until(lambda: "Change:" in neovim.screen)
    neovim.type("use a comprehension")
    neovim.keys("Enter")
    neovim.until(lambda: SHORTER in neovim.screen)


@with_each_version
def test_a_long_message_is_shown_to_its_last_word(neovim: Neovim) -> None:
    """Words stay whole, so that it needs more lines than its length says."""
    words = " ".join(["extraordinarily long words"] * 14)
    shown = f"nil, {{ message = '{words} to the la' .. 'st one.', type = 3 }}"
    client = "vim.lsp.get_clients({ name = 'herdmate' })[1]"
    neovim.command(f"lua {client}.handlers['window/showMessage']({shown})")
    neovim.until(lambda: "the last one." in neovim.screen)


def test_one_undo_removes_the_lines_accepted_and_no_more(neovim: Neovim) -> None:
    neovim.type("2Go")
    lines = ["    if prices:", "        return sum(prices)", "    return 0"]
    neovim.until_grey(" ".join(lines))
    neovim.keys("M-Down")
    neovim.until_grey(" ".join(lines[1:]))
    neovim.keys("Tab")
    neovim.until_grey("")
    assert neovim.screen.splitlines()[2:5] == lines
    neovim.type("  # all")
    neovim.keys("Escape")
    for left in (lines, lines[:1]):
        neovim.type("u")
        neovim.until_rows(2, [*left, "", ""])


@with_each_version
def test_a_refactoring_is_there_at_once_and_waits_for_no_key(neovim: Neovim) -> None:
    neovim.type("5GV10G")
    neovim.choose("Simplify")
    neovim.until_line(SHORTER)
    neovim.keys("Escape")
    neovim.type("u")
    neovim.until_line("    for i in range(len(items)):")
    assert SHORTER not in neovim.screen


def test_a_problem_that_another_tool_found_can_be_fixed(neovim: Neovim) -> None:
    found = {"lnum": 6, "col": 4, "end_col": 10, "message": "too slow", "source": "a linter"}
    neovim.command(
        "lua vim.diagnostic.set(vim.api.nvim_create_namespace('linter'), 0,"
        f" {{ vim.json.decode('{json.dumps(found)}') }})"
    )
    neovim.type("7G")
    neovim.choose("Fix “too slow”")
    neovim.until(lambda: SHORTER in neovim.screen)  # after a column of signs


@with_each_version
def test_an_explanation_stands_beside_the_code_and_can_be_asked_about(neovim: Neovim) -> None:
    neovim.type("2G")
    neovim.choose("Explain")
    neovim.until(lambda: ":Herdmate ask, :Herdmate close" in neovim.screen)
    assert "Enter asks" not in neovim.screen
    rows = neovim.screen.splitlines()
    page = rows.index("# shop.py, line 2")
    assert rows[page + 2].startswith("It **sums** all prices")
    assert " ".join(rows[page + 2 : page + 5]).split() == EXPLAINED.split()  # wrapped at words
    assert "def cheap(items, limit):" in rows[:page]  # the code is where it was
    neovim.command("Herdmate ask")
    neovim.until(lambda: "Question:" in neovim.screen)
    neovim.type("Whose?")
    neovim.keys("Enter")
    neovim.until_line("## Whose?")
    neovim.until_line("The shop's.")
    neovim.type("x")  # which works in the code: the page has not taken the focus
    neovim.until_line('   """Return the sum of all prices."""')
    neovim.keys("C-w", "j")
    neovim.until(lambda: "Enter asks more; q closes" in neovim.screen)
    neovim.type("q")
    neovim.until(lambda: "asks more; q closes" not in neovim.screen)


def test_the_answer_to_a_question_is_seen_below_a_long_explanation(start: Start) -> None:
    long = "\n\n".join(f"Paragraph {number}." for number in range(20))
    neovim = start(replies={"Whose?<|im_end|>": "The shop's.", "three to six sentences": long})
    neovim.command("1,2Herdmate explain")
    neovim.until(lambda: ":Herdmate ask, :Herdmate close" in neovim.screen)
    assert "Paragraph 19." not in neovim.screen
    for times in (1, 2):
        neovim.command("Herdmate ask")
        neovim.until(lambda: "Question:" in neovim.screen)
        neovim.type("Whose?")
        neovim.keys("Enter")
        neovim.until_line("The shop's.")
        neovim.until_line(":Herdmate ask, :Herdmate close")
        assert neovim.screen.splitlines().count("## Whose?") == 1, times


@with_each_version
def test_what_takes_long_can_be_stopped(neovim: Neovim) -> None:
    neovim.type("5GV10G")
    with paused_model(neovim.terminal.pid):
        neovim.choose("Simplify")
        neovim.until(lambda: neovim.last_line.startswith("Simplify"))
        neovim.command("Herdmate stop")
        neovim.until_line("Stopped: Simplify")
        neovim.command("Herdmate explain")
        neovim.until(lambda: "(:Herdmate stop)" in neovim.screen)
        neovim.command("Herdmate stop")
        neovim.until_line(":Herdmate close")
    neovim.command("Herdmate stop")
    neovim.until_line("Herdmate is not working on anything.")
    assert "    for i in range(len(items)):" in neovim.screen.splitlines()


@with_each_version
def test_all_projects_share_a_server_and_its_model(neovim: Neovim, tmp_path: Path) -> None:
    for name in ("one", "two"):
        file = tmp_path / name / "shop.py"
        (file.parent / ".git").mkdir(parents=True)
        file.write_text(CODE, encoding="utf-8")
        neovim.command(f"edit! {file}")
        neovim.type("2Go")
        neovim.type("return ")
        neovim.until_grey("sum(prices) + len(prices)")
        neovim.keys("Escape")
    assert len(engines(neovim.terminal.pid)) == 1
    neovim.command("lua print(#vim.lsp.get_clients()[1].workspace_folders .. ' folders')")
    neovim.until_line("2 folders")


@with_each_start
def test_what_is_chosen_in_a_menu_holds_at_the_next_start(start: Start) -> None:
    neovim = start()
    neovim.command("Herdmate")
    number = neovim.until(lambda: re.search(r"(\d+): Turn Ghost Text Off", neovim.screen))[1]
    assert "Workspace" not in neovim.screen
    neovim.keys(number, "Enter")
    neovim.until(lambda: "it is switched off" in neovim.screen)
    neovim.command("qa!")
    neovim.terminal.until(lambda: neovim.terminal.ended)
    neovim.terminal.close()
    neovim.open()
    neovim.until(lambda: "Fake is ready" in neovim.screen)
    neovim.command("Herdmate toggle")
    neovim.until_line("Ghost text appears as you type.")


def test_where_no_server_runs_commands_say_so(start: Start) -> None:
    neovim = start(says="def total")
    neovim.command("Herdmate status")
    neovim.until_line("Herdmate is starting.")
    neovim.until(lambda: "Fake is ready" in neovim.screen)
    neovim.command("edit notes.txt")
    for command in ("explain", "change"):
        neovim.command(f"Herdmate {command}")
        neovim.until_line("Herdmate starts when you open a file of code.")
        neovim.command("echo")


def test_an_explanation_grows_as_it_is_written(neovim: Neovim) -> None:
    """The parts of its own messages, each when the one before was seen."""

    def say(text: str, progress: str = "", done: bool = False) -> None:
        part = {"id": "1", "title": "shop.py", "uri": "", "text": text, "done": done, "error": None,
                "stopped": False, "question": "", "next": None, "progress": progress}  # fmt: skip
        neovim.command(
            "lua vim.lsp.config.herdmate.handlers['herdmate/explanation'](nil,"
            f" vim.json.decode([==[{json.dumps(part)}]==]))"
        )

    say("", "Reading 3 lines…")
    neovim.until_line("Reading 3 lines… (:Herdmate stop)")
    say("It su")
    neovim.until_line("It su")
    neovim.until_line(":Herdmate stop")
    say("ms.")
    neovim.until_line("It sums.")
    say("", done=True)
    neovim.until_line(":Herdmate close")


def test_the_commands_answer_where_one_looks(neovim: Neovim) -> None:
    neovim.command("Herdmate status")
    neovim.until(lambda: "Fake is ready" in neovim.screen)
    neovim.type("j")  # which closes a long answer
    neovim.until(lambda: "Fake is ready" not in neovim.screen)
    neovim.command("Herdmate toggle")
    neovim.until(lambda: "Ghost text: it is switched off by herdmate.completion" in neovim.screen)
    neovim.command("Herdmate toggle")
    neovim.until(lambda: "appears as you type" in neovim.screen)
    neovim.command("Herdmate pause")
    neovim.until(lambda: "Ghost text: it is paused until" in neovim.screen)
    neovim.type("2Go")
    neovim.keys("Escape")
    neovim.command("Herdmate resume")
    neovim.until(lambda: "appears as you type" in neovim.screen)
    neovim.command("Herdmate why")
    neovim.until(lambda: "There was no ghost text" in neovim.screen)
    (before,) = engines(neovim.terminal.pid)
    neovim.command("Herdmate restart")
    neovim.until(lambda: [it for it in engines(neovim.terminal.pid) if it.pid != before.pid])
    neovim.command("Herdmate model")
    neovim.until(lambda: "1: Recommended for this machine: " in neovim.screen)
    everything = neovim.until(lambda: re.search(r"(\d+): Show All…", neovim.screen))
    neovim.keys(everything[1], "Enter")
    neovim.until(lambda: "1: Automatic" in neovim.screen)
    neovim.keys("Enter")
    neovim.command("Herdmate")
    neovim.until(lambda: "Why No Suggestion?" in neovim.screen)
    neovim.keys("Enter")
    neovim.command("Herdmate nonsense")
    neovim.until(lambda: ":Herdmate takes answer, ask, change, close" in neovim.screen)
