"""A real Neovim 0.12, with key presses and a drawn screen, against the server with the starter."""

from __future__ import annotations

import ast
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pynvim
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.neovim, pytest.mark.model]

TOOLS = Path(os.environ.get("HERDMATE_E2E_TOOLS") or Path.home() / ".cache" / "herdmate-e2e")
NVIM = TOOLS / "neovim" / "usr" / "bin" / "nvim"
INSTALL = "tests/e2e/neovim/install.sh"

CODE = '''def total(prices):
    """Return the sum of all prices."""


def cheap(items, limit):
    result = []
    for i in range(len(items)):
        if items[i].price <= limit:
            result.append(items[i])
    return result
'''

SETUP = """
local command, root, options = ...
_G.seen = { progress = {}, messages = {}, shown = {} }
vim.api.nvim_create_autocmd('LspProgress', { callback = function(event)
  table.insert(_G.seen.progress, event.data.params.value.kind)
end })
local show_message = vim.lsp.handlers['window/showMessage']
vim.lsp.handlers['window/showMessage'] = function(err, result, ...)
  table.insert(_G.seen.messages, result.message)
  return show_message(err, result, ...)
end
vim.o.cmdheight = 8  -- no hit-enter prompt: it would block every request
vim.lsp.config('herdmate', {
  cmd = command, filetypes = { 'python' }, root_dir = root, init_options = options,
})
vim.lsp.enable('herdmate')
vim.lsp.inline_completion.enable(true)
vim.keymap.set('i', '<Tab>', function()
  if not vim.lsp.inline_completion.get() then return '<Tab>' end
end, { expr = true })
"""

GHOST = """
local id = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
local marks = id and vim.api.nvim_buf_get_extmarks(0, id, 0, -1, { details = true }) or {}
return #marks > 0 and marks[1][4] or nil
"""


class Neovim:
    """A Neovim with one Python file open and Herdmate attached to it."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.file = folder / "shop.py"
        self.file.write_text(CODE, encoding="utf-8")
        self.nvim = pynvim.attach("child", argv=[str(NVIM), "--clean", "--embed", "--headless"])
        self.nvim.ui_attach(100, 30, rgb=True)  # a screen, so that ghost text is really drawn
        command = [sys.executable, "-m", "herdmate", "serve"]
        self.nvim.exec_lua(SETUP, command, str(folder), {"model": str(model)})
        self.nvim.command(f"edit {self.file}")
        self.nvim.command("set filetype=python")
        self.until(lambda: self.lua("local c = vim.lsp.get_clients()[1]; return c and true"))
        self.until(lambda: self.status()["state"] == "ready")

    def until(self, there: Callable[[], Any], seconds: float = 120.0) -> Any:
        """Wait until ``there`` answers something true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.nvim.api.get_mode()["blocking"]:  # answers even while Neovim waits for a key
                self.nvim.input("<CR>")
            elif found := there():
                return found
            time.sleep(0.02)
        raise AssertionError(f"timed out; messages: {self.lua('return _G.seen.messages')}")

    def lua(self, code: str, *arguments: Any) -> Any:
        """Run Lua inside."""
        return self.nvim.exec_lua(code, *arguments)

    def status(self) -> dict[str, Any]:
        """What the server answers to ``herdmate.status``."""
        answer = self.lua(
            "local r = vim.lsp.get_clients()[1]:request_sync('workspace/executeCommand',"
            "{ command = 'herdmate.status' }, 5000); return r and r.result or { state = '' }"
        )
        return dict(answer)

    def keys(self, keys: str) -> None:
        """Press keys."""
        self.nvim.input(keys)

    def action(self, name: str) -> None:
        """Run the code action of a prompt file on what is selected or around the cursor."""
        self.lua(
            "local name = ...; vim.lsp.buf.code_action({ apply = true,"
            " filter = function(a) return a.data and a.data.action == name end })",
            name,
        )

    @property
    def lines(self) -> list[str]:
        """The buffer."""
        return list(self.nvim.current.buffer[:])


@pytest.fixture
def neovim(
    tmp_path: Path, starter_model: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Neovim]:
    """A fresh Neovim with a home of its own."""
    if not NVIM.exists():
        reason = f"Neovim 0.12 is not there; {INSTALL} installs it"
        if os.environ.get("HERDMATE_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    editor = Neovim(tmp_path, starter_model)
    yield editor
    with contextlib.suppress(OSError, EOFError):  # the pipe closes before the answer comes
        editor.nvim.command("qa!")


def test_ghost_text_is_drawn_and_accepted_with_tab(neovim: Neovim) -> None:
    neovim.keys("jo")  # a new line below the docstring, which Neovim indents
    neovim.keys("return ")
    mark = neovim.until(lambda: neovim.lua(GHOST))
    ghost = "".join(chunk[0] for chunk in mark["virt_text"])
    assert ghost.strip()
    row = neovim.nvim.current.window.cursor[0]
    screen = "".join(neovim.nvim.funcs.screenstring(row, column) for column in range(1, 80))
    assert ghost.strip() in screen
    before = neovim.lines
    neovim.keys("<Tab>")
    neovim.until(lambda: neovim.lines != before)
    after = neovim.lines
    assert after[row - 1] == before[row - 1] + ghost
    assert after[: row - 1] == before[: row - 1]
    assert after[-6:] == before[-6:]


def test_typing_on_supersedes_and_every_request_is_answered(neovim: Neovim) -> None:
    neovim.keys("jo")
    for key in "return sum":
        neovim.keys(key)
    neovim.until(lambda: neovim.lua(GHOST))
    neovim.keys("<Esc>")
    pending = "return vim.tbl_count(vim.lsp.get_clients()[1].requests)"
    neovim.until(lambda: neovim.lua(pending) == 0)
    assert neovim.lua("return _G.seen.messages") == []


def test_a_refactoring_changes_the_function_and_one_undo_brings_it_back(neovim: Neovim) -> None:
    neovim.keys("6G")  # inside of cheap()
    neovim.action("simplify")
    neovim.until(lambda: neovim.lines != CODE.splitlines())
    after = neovim.lines
    assert after[:4] == CODE.splitlines()[:4]
    ast.parse("\n".join(after))
    assert "def cheap(items, limit):" in after
    neovim.until(lambda: "end" in neovim.lua("return _G.seen.progress"))
    neovim.keys("u")
    neovim.until(lambda: neovim.lines == CODE.splitlines())


def test_an_explanation_opens_as_markdown(neovim: Neovim) -> None:
    neovim.keys("6G")
    neovim.action("explain")
    name = neovim.until(lambda: str(neovim.nvim.current.buffer.name).endswith(".md")
                        and neovim.nvim.current.buffer.name)  # fmt: skip
    text = Path(str(name)).read_text(encoding="utf-8")
    assert text.startswith("# shop.py, line")
    assert len(text) > 80
    assert neovim.file.read_text(encoding="utf-8") == CODE
