"""A real Neovim, with key presses and a drawn screen, against the server with the starter.

Neovim 0.12, unless a test says that it also holds for 0.11. What else users see is in
``test_neovim_screen``.
"""

from __future__ import annotations

import ast
import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pynvim
import pytest

from herdmate.models import catalogue
from tests.e2e.installed import Environment, configuration, required, surroundings
from tests.e2e.sample import (
    CHEAP,
    CODE,
    LINES,
    STALE,
    TYPED,
    assert_only_cheap_changed,
    engines,
    paused_model,
)
from tests.e2e.terminal import Terminal
from tests.models.file_server import path_at_the_hub, serving
from tests.processes import command_of

pytestmark = [pytest.mark.e2e, pytest.mark.neovim, pytest.mark.model]

NVIM = "usr/bin/nvim"
SETUP = Path(__file__).with_name("neovim") / "setup.lua"

GHOST = """
local id = vim.api.nvim_get_namespaces()['herdmate']
local marks = id and vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true }) or {}
return marks[1] and { marks[1][2], marks[1][3], marks[1][4] } or nil
"""

Requests = dict[int, dict[str, float]]


class Neovim:
    """A Neovim with one Python file open and Herdmate attached to it."""

    def __init__(self, program: Path, folder: Path, options: dict[str, Any]) -> None:
        self.file = folder / "shop.py"
        self.file.write_text(CODE, encoding="utf-8")
        self.nvim = pynvim.attach("child", argv=[str(program), "--clean", "--embed", "--headless"])
        self.nvim.ui_attach(100, 40, rgb=True)  # a screen, so that ghost text is really drawn
        self.lua(configuration("neovim"))
        self.lua(SETUP.read_text(encoding="utf-8"), str(folder), options)
        self.nvim.command(f"edit {self.file}")
        self.nvim.command("set filetype=python")
        self.until(lambda: self.lua("local c = vim.lsp.get_clients()[1]; return c and true"))
        self.until(lambda: self.status()["state"] == "ready")

    def until(self, there: Callable[[], Any], seconds: float = 200.0) -> Any:
        """Wait until ``there`` returns something true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            mode = self.nvim.api.get_mode()  # answers even while Neovim waits for a key
            assert not mode["blocking"], "Neovim asks to press ENTER"
            if found := there():
                return found
            time.sleep(0.02)
        seen = self.lua("return _G.seen")
        raise AssertionError(f"timed out; Neovim saw {seen | {'requests': seen['requests'][-9:]}}")

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua inside."""
        return self.nvim.exec_lua(code, *arguments)

    def seen(self, what: str) -> list[Any]:
        """What the server sent of one kind; ``setup.lua`` has the names."""
        return list(self.lua("return _G.seen[...]", what))

    def inline_requests(self) -> Requests:
        """The requests for ghost text."""
        return self.requests("textDocument/inlineCompletion")

    def requests(self, method: str) -> Requests:
        """When each request of a method was sent, cancelled and answered, by its id."""
        requests: Requests = {}
        for event in self.seen("requests"):
            if event["method"] == method:
                requests.setdefault(event["id"], {})[event["type"]] = event["at"]
        return requests

    def until_sent(self, count: int) -> None:
        """Wait until Neovim has sent so many requests for ghost text."""
        self.until(lambda: len(self.inline_requests()) == count)

    def status(self) -> dict[str, Any]:
        """What the server answers to ``herdmate.status``."""
        answer = self.lua(
            "local r = vim.lsp.get_clients()[1]:request_sync('workspace/executeCommand',"
            "{ command = 'herdmate.status' }, 5000); return r and r.result or { state = '' }"
        )
        return dict(answer)

    def send_changes(self) -> None:
        """Make the server learn what has been typed, which Neovim sends with the next request."""
        self.lua(
            "vim.lsp.get_clients()[1]:request_sync('codeAction/resolve', { title = '' }, 5000)"
        )

    def keys(self, keys: str) -> None:
        """Press keys."""
        self.nvim.input(keys)

    def select_cheap(self) -> None:
        """Select the lines of cheap()."""
        self.keys(f"{CHEAP.start + 1}GV{CHEAP.stop}G")
        self.until(lambda: self.nvim.api.get_mode()["mode"] == "V")

    def action(self, name: str) -> None:
        """Run the code action of a prompt file on what is selected or around the cursor."""
        self.lua(
            "local name = ...; vim.lsp.buf.code_action({ apply = true,"
            " filter = function(a) return a.data and a.data.action == name end })",
            name,
        )

    def ghost(self) -> tuple[int, int, list[str]] | None:
        """Row, column (from 0) and the lines of the ghost text, or ``None`` where there is none."""
        if (mark := self.lua(GHOST)) is None:
            return None
        row, column, details = mark
        chunks = [details["virt_text"], *details.get("virt_lines", [])]
        return row, column, ["".join(text for text, *_ in line) for line in chunks]

    @property
    def lines(self) -> list[str]:
        """The buffer."""
        return list(self.nvim.current.buffer[:])

    @property
    def screen(self) -> list[str]:
        """The upper lines of the screen, as drawn."""
        rows = self.lua(
            "vim.cmd.redraw(); local rows = {}; for row = 1, 30 do local cells = {};"
            " for column = 1, 100 do cells[column] = vim.fn.screenstring(row, column) end;"
            " rows[row] = table.concat(cells) end; return rows"
        )
        return [str(row).rstrip() for row in rows]

    def quit(self) -> None:
        """Leave it, whether it still runs or not."""
        with contextlib.suppress(OSError, EOFError):  # the pipe closes before the answer comes
            self.nvim.command("qa!")
        self.nvim.close()


def ranges_of(edit: dict[str, Any]) -> list[Any]:
    """The ranges of a workspace edit, whose changes come in one of two shapes."""
    changes = [change["edits"] for change in edit.get("documentChanges", [])]
    changes += edit.get("changes", {}).values()
    return [text_edit["range"] for edits in changes for text_edit in edits]


StartNeovim = Callable[..., Neovim]


OLD, NEW = "neovim-0.11", "neovim"  # folders of the tools
with_each_version = pytest.mark.parametrize(
    "version", [pytest.param(NEW, id="0.12"), pytest.param(OLD, id="0.11")], indirect=True
)


@pytest.fixture
def version(request: pytest.FixtureRequest) -> str:
    """The Neovim that the test is about."""
    return str(getattr(request, "param", NEW))


@pytest.fixture
def start_neovim(
    tmp_path: Path, starter_model: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> Iterator[StartNeovim]:
    """Starts a fresh Neovim with a home of its own; its arguments are settings of Herdmate."""
    program = required(version, NVIM) / NVIM
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in ("cache", "config", "data", "state"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(tmp_path / kind))
    with contextlib.ExitStack() as started:

        def start(**settings: Any) -> Neovim:
            completion = {"confidence": 0, **settings.pop("completion", {})}
            model = {"model": str(starter_model), "completion": completion}
            editor = Neovim(program, tmp_path, {**model, **settings})
            started.callback(editor.quit)
            return editor

        yield start


@pytest.fixture
def neovim(start_neovim: StartNeovim) -> Neovim:
    """A Neovim whose Herdmate has the default settings."""
    return start_neovim()


@pytest.mark.parametrize(
    ("place", "typed", "line"),
    [
        pytest.param("jo", "return ", "    return ", id="rest of a line"),
        pytest.param("Go", "<CR>def cheapest(items):<CR>", "    ", id="block"),
    ],
)
def test_ghost_text_is_drawn_and_accepted_with_tab(
    start_neovim: StartNeovim, place: str, typed: str, line: str
) -> None:
    neovim = start_neovim(completion={"timeBox": 0})
    neovim.keys(place + typed)
    neovim.until(lambda: neovim.nvim.current.line == line)
    row, column, ghost = neovim.until(neovim.ghost)
    before = neovim.lines
    assert "".join(ghost).strip()
    assert (before[row], column) == (line, len(line))  # so nothing of it is in the buffer
    drawn = [line + ghost[0], *ghost[1:]]
    expected = [text.rstrip() for text in drawn]
    neovim.until(lambda: neovim.screen[row : row + len(drawn)] == expected, seconds=10.0)
    neovim.keys("<Tab>")
    neovim.until(lambda: neovim.lines != before)
    assert neovim.lines == [*before[:row], *drawn, *before[row + 1 :]]
    ast.parse("\n".join(neovim.lines))


def test_a_body_grows_without_a_key(start_neovim: StartNeovim) -> None:
    neovim = start_neovim(completion={"prefill": False})
    neovim.keys("Go<CR>class Shop:<CR>def __init__(self, name, city, items):<CR>")
    neovim.until(neovim.ghost)
    seen = [_ghost_text(neovim)]

    def is_grown() -> bool:
        if (text := _ghost_text(neovim)) != seen[-1]:
            seen.append(text)
        return neovim.status()["state"] == "ready" and len(neovim.seen("growth")) > 0

    neovim.until(is_grown)
    neovim.until(lambda: is_grown() and "\n" in seen[-1])
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(seen)), seen
    assert all(seen)
    before = "\n".join(neovim.lines)
    text = _ghost_text(neovim)
    neovim.keys("<Tab>")
    neovim.until(lambda: "\n".join(neovim.lines) == before + text)
    ast.parse(before + text)


def test_typing_through_keeps_the_rest_without_asking_the_model(
    start_neovim: StartNeovim,
) -> None:
    neovim = start_neovim(completion={"prefill": False, "timeBox": 0})
    neovim.keys("Go<CR>def cheapest(items):<CR>")
    neovim.until(neovim.ghost)
    shown = _ghost_text(neovim)
    generated = neovim.status()["engine"]["generated_tokens"]
    assert shown[:3].isalpha()
    for typed in range(1, 4):
        sent = len(neovim.inline_requests())
        neovim.keys(shown[typed - 1])
        _until_ghost_is(neovim, shown[typed:])
        # What Neovim has shifted itself it would put in the wrong place.
        neovim.until_sent(sent + 1)
        neovim.until(lambda: all("complete" in at for at in neovim.inline_requests().values()))
    assert neovim.status()["engine"]["generated_tokens"] == generated
    before = neovim.lines
    neovim.keys("<Tab>")
    neovim.until(lambda: neovim.lines != before)
    assert "\n".join(neovim.lines).endswith(f"(items):\n    {shown}")


def test_a_bracket_that_is_closed_already_is_not_doubled(neovim: Neovim) -> None:
    neovim.keys("jo" + "return sum()<Left>")  # as plugins that close brackets leave it
    neovim.until(lambda: neovim.nvim.current.line == "    return sum()")
    neovim.until(neovim.ghost)
    neovim.keys("<Tab>")
    neovim.until(lambda: neovim.nvim.current.line != "    return sum()")
    ast.parse("\n".join(neovim.lines))
    line = neovim.nvim.current.line
    assert line.startswith("    return sum(")
    assert line.endswith(")")


def _ghost_text(neovim: Neovim) -> str:
    ghost = neovim.ghost()
    return "\n".join(ghost[2]) if ghost else ""


def _until_ghost_is(neovim: Neovim, text: str) -> None:
    neovim.until(lambda: _ghost_text(neovim) == text)


def test_typing_on_supersedes_and_every_request_is_answered(start_neovim: StartNeovim) -> None:
    """Neovim cancels nothing while the user keeps typing, so the server has to."""
    delay = 3.0  # before the model is asked: what is not superseded is answered later than this
    neovim = start_neovim(completion={"delay": int(delay * 1000)})
    for count, keys in enumerate(("jo", "r", "e", "t"), start=1):
        neovim.keys(keys)
        neovim.until_sent(count)
    neovim.until(neovim.ghost)
    *older, newest = neovim.inline_requests().values()
    assert all("cancel" not in request for request in (*older, newest))
    assert all(request["complete"] < request["pending"] + delay for request in older)
    assert newest["complete"] > newest["pending"] + delay

    neovim.keys("x")  # what is under way when one leaves insert mode, Neovim does cancel
    neovim.until_sent(len(older) + 2)
    neovim.keys("<Esc>")
    neovim.until(lambda: all("complete" in at for at in neovim.inline_requests().values()))
    cancelled = list(neovim.inline_requests().values())[-1]
    assert cancelled["cancel"] <= cancelled["complete"] < cancelled["pending"] + delay
    assert neovim.ghost() is None
    assert neovim.seen("messages") == []


@with_each_version
def test_a_refactoring_changes_the_selection_and_one_undo_brings_it_back(neovim: Neovim) -> None:
    neovim.select_cheap()
    neovim.action("simplify")
    (edit,) = neovim.until(lambda: neovim.seen("edits"))
    neovim.until(lambda: neovim.lines != LINES)
    places = ranges_of(edit["edit"])
    assert places
    for place in places:
        assert CHEAP.start <= place["start"]["line"] <= place["end"]["line"] < CHEAP.stop
    assert_only_cheap_changed(neovim.lines)
    neovim.until(lambda: neovim.seen("progress")[-1:] == ["end"])
    assert neovim.seen("messages") == []
    neovim.keys("<Esc>u")
    neovim.until(lambda: neovim.lines == LINES)


@with_each_version
@pytest.mark.parametrize(
    "again", [pytest.param(False, id="not now"), pytest.param(True, id="run again")]
)
def test_what_was_typed_meanwhile_stays_and_the_refactoring_runs_again_if_wanted(
    neovim: Neovim, again: bool
) -> None:
    typed = [*LINES, TYPED]
    neovim.select_cheap()
    with paused_model(neovim.lua("return vim.fn.getpid()")):
        begun = neovim.seen("progress").count("begin")  # loading the model is progress too
        neovim.action("simplify")
        neovim.until(lambda: neovim.seen("progress").count("begin") > begun)
        neovim.keys(f"<Esc>Go{TYPED}<Esc>")
        neovim.until(lambda: neovim.lines == typed)
        neovim.send_changes()
    (question,) = neovim.until(lambda: neovim.seen("questions"))
    assert question["message"] == STALE
    assert [action["title"] for action in question["actions"]] == ["Run again", "Not now"]
    neovim.keys(":Herdmate answer<CR>")
    neovim.keys("1<CR>" if again else "2<CR>")
    if not again:
        neovim.until(lambda: neovim.nvim.api.get_mode()["mode"] == "n")
        neovim.until(lambda: neovim.status()["state"] == "ready")
        assert neovim.lines == typed
        assert neovim.seen("edits") == []
        return
    neovim.until(lambda: neovim.lines != typed)
    assert_only_cheap_changed(neovim.lines, typed)
    neovim.keys("u")
    neovim.until(lambda: neovim.lines == typed)


def _new_user(home: Path, model: Path) -> Environment:
    """Somebody who let ``herdmate setup`` write, and has a file of code."""
    environment = surroundings(home, model)
    command = [sys.executable, "-m", "herdmate", "setup", "neovim", "--write", "--yes"]
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL)
    (home / "shop.py").write_text(CODE, encoding="utf-8")
    return environment


def test_what_setup_writes_is_all_a_new_user_needs(tmp_path: Path, starter_model: Path) -> None:
    """In a terminal with 256 colours, where Neovim's own have no grey for ghost text."""
    program = required(NEW, NVIM) / NVIM
    environment = _new_user(tmp_path, starter_model)
    file = tmp_path / "shop.py"
    terminal = Terminal([str(program), str(file)], tmp_path, environment)
    with contextlib.closing(terminal):
        terminal.until(lambda: "def cheap(" in terminal.screen and engines(terminal.pid))
        terminal.type("jo")
        terminal.type("return ")
        grey = terminal.until(
            lambda: re.search(r"\x1b\[38;5;244m([^\x1b\n]*\w)", terminal.coloured_screen)
        )
        terminal.keys("Tab")
        accepted = f"return {grey[1].strip()}"
        terminal.until(
            lambda: accepted in terminal.screen and "\x1b[38;5;244m" not in terminal.coloured_screen
        )
        terminal.keys("Escape")
        terminal.type(":wq")
        terminal.keys("Enter")
        terminal.until(lambda: file.read_text(encoding="utf-8") != CODE)
    ast.parse(file.read_text(encoding="utf-8"))
    assert accepted in file.read_text(encoding="utf-8")


@with_each_version
def test_a_fetch_is_seen_as_it_goes(version: str, tmp_path: Path, starter_model: Path) -> None:
    """The web server stops in the middle, until that was seen."""
    program = required(version, NVIM) / NVIM
    environment = _new_user(tmp_path, starter_model)
    fetched = tmp_path / "herdmate" / "models" / starter_model.name
    fetched.unlink()
    with serving({path_at_the_hub(catalogue.starter()): starter_model.read_bytes()}) as hub:
        hub.stalls_after = 200 << 20
        environment["HF_ENDPOINT"] = hub.url
        terminal = Terminal([str(program), "shop.py"], tmp_path, environment)
        with contextlib.closing(terminal):
            terminal.until(lambda: ":Herdmate answer" in terminal.screen)
            terminal.type(":Herdmate answer")
            terminal.keys("Enter")
            offer = terminal.until(lambda: re.search(r"(\d): Fetch Qwen", terminal.screen))
            terminal.keys(offer[1], "Enter")
            seen = r"Fetching Qwen2\.5-Coder 0\.5B Instruct Q4_K_M: 42%"
            terminal.until(lambda: re.search(seen, terminal.screen))
            hub.go_on.set()
            terminal.until(lambda: fetched.exists() and engines(terminal.pid))
            terminal.until(lambda: not re.search(r": \d+%", terminal.screen))


@with_each_version
def test_nothing_goes_on_when_neovim_is_killed(neovim: Neovim) -> None:
    process = psutil.Process(neovim.lua("return vim.fn.getpid()"))
    children = process.children(recursive=True)
    assert any("herdmate.engine.worker" in command_of(child) for child in children)
    process.kill()
    _, alive = psutil.wait_procs(children, timeout=120)
    assert alive == []
