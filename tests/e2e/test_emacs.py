"""A real Emacs 30 in a terminal, with Eglot and with lsp-mode, against the server with the starter.

Keys are pressed in the terminal; emacsclient tells what is in the buffer.
"""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.installed import Environment, configuration, required, surroundings
from tests.e2e.sample import (
    CHEAP,
    CODE,
    STALE,
    TYPED,
    assert_only_cheap_changed,
    paused_model,
)
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.emacs, pytest.mark.model]


@dataclass(frozen=True, slots=True)
class Client:
    """A client in Emacs: the command that users run, and how to see what it has done."""

    code_actions: str
    asks: str
    """How it asks for one of the actions."""
    configured_by: str
    """What ``herdmate setup`` calls it."""
    status: str
    """Answers herdmate.status; an error before the server is there."""
    unsent: str
    """Not nil while the server does not know what was typed."""
    asks_for_project: bool = False
    ours: str = ""
    """How the titles of our actions begin."""


EGLOT = Client(
    code_actions="eglot-code-actions",
    asks="Pick an action",
    configured_by="emacs",
    status="(jsonrpc-request (eglot-current-server) :workspace/executeCommand"
    ' \'(:command "herdmate.status"))',
    unsent="eglot--recent-changes",
)
LSP_MODE = Client(
    code_actions="lsp-execute-code-action",
    asks="Select code action",
    configured_by="emacs-lsp-mode",
    status='(lsp-request "workspace/executeCommand" \'(:command "herdmate.status"))',
    unsent="lsp--delayed-requests",
    asks_for_project=True,
    ours="Herdmate: ",
)

GHOST = """
(let ((shown lsp-inline-completion--overlay))
  (and (overlayp shown) (overlay-buffer shown)
       (substring-no-properties
        (concat (overlay-get shown 'display) (overlay-get shown 'after-string)))))"""


class Emacs:
    """An Emacs with one Python file open and Herdmate attached to it."""

    def __init__(
        self, client: Client, root: Path, folder: Path, environment: Environment, closing: ExitStack
    ) -> None:
        self.client = client
        self.file = folder / "shop" / "shop.py"  # a project of its own, not the user's home
        self.file.parent.mkdir()
        self.file.write_text(CODE, encoding="utf-8")
        setup = folder / "setup.el"
        setup.write_text(configuration(client.configured_by, environment), encoding="utf-8")
        packages = root.glob("lsp-mode/usr/share/emacs/site-lisp/elpa-src/*")
        paths = [word for package in packages for word in ("-L", str(package))]
        paths += ["-l", "lsp-mode-autoloads"]  # as package.el does
        listen = f'(progn (setq server-socket-dir "{folder}") (server-start))'
        self._emacsclient = [str(root / "usr/bin/emacsclient.emacs"), "-s", str(folder / "server")]
        arguments = [*paths, "-l", "server", "--eval", listen, "-l", str(setup), str(self.file)]
        program = [str(root / "emacs"), "-nw", "-Q", *arguments]
        self.terminal = Terminal(program, folder, environment)
        closing.callback(self.terminal.close)  # also where what follows fails
        self.until, self.keys = self.terminal.until, self.terminal.keys
        if client.asks_for_project:
            self.until(lambda: "Select action:" in self.terminal.screen)
            self.keys("i")  # the folder that it proposes
        self.until(lambda: '"ready"' in self.lisp(f'(format "%S" {client.status})'))

    def lisp(self, code: str) -> str:
        """The string that Lisp run in the file's buffer answers; nothing where that fails."""
        code = f'(with-current-buffer "{self.file.name}" {code})'
        command = [*self._emacsclient, "--eval", code]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=5)
        except subprocess.TimeoutExpired:  # what comes while Emacs connects is lost
            return ""
        return str(json.loads(done.stdout)) if done.stdout.startswith('"') else ""

    @property
    def text(self) -> str:
        """The buffer."""
        return self.lisp("(buffer-substring-no-properties (point-min) (point-max))")

    @property
    def messages(self) -> str:
        """All that stood in the echo area."""
        return self.lisp('(with-current-buffer "*Messages*" (buffer-string))')

    def command(self, name: str) -> None:
        """Run a command by its name, as users do."""
        self.keys("M-x")
        self.terminal.type(name)
        self.keys("Enter")

    def go(self, line: int) -> None:
        """Move to the start of a line, from 1."""
        self.keys("M-g", "g")
        self.terminal.type(str(line))
        self.keys("Enter")

    def simplify_cheap(self) -> None:
        """Select the lines of cheap() and choose the code action."""
        self.go(CHEAP.start + 1)
        self.keys("C-Space")
        self.go(CHEAP.stop + 1)
        self.command(self.client.code_actions)
        self.until(lambda: self.client.asks in self.terminal.screen)
        self.terminal.type(f"{self.client.ours}Simplify")
        self.keys("Enter")


@pytest.fixture
def emacs(request: pytest.FixtureRequest, tmp_path: Path, starter_model: Path) -> Iterator[Emacs]:
    """An Emacs with the client that the test names."""
    root = required("emacs", "emacs")
    environment = surroundings(tmp_path, starter_model)
    with ExitStack() as closing:
        yield Emacs(request.param, root, tmp_path, environment, closing)


WITH_LSP_MODE = pytest.param(LSP_MODE, id="lsp-mode")
with_each_client = pytest.mark.parametrize(
    "emacs", [pytest.param(EGLOT, id="eglot"), WITH_LSP_MODE], indirect=True
)


@with_each_client
def test_a_refactoring_is_applied_and_one_undo_brings_the_code_back(emacs: Emacs) -> None:
    emacs.simplify_cheap()
    emacs.until(lambda: emacs.text != CODE)
    assert_only_cheap_changed(emacs.text.splitlines())
    emacs.keys("C-g")  # of a region that is still selected the undo would be the region's alone
    emacs.until(lambda: "Quit" in emacs.messages)  # else it drops the next key too
    emacs.keys("C-/")
    emacs.until(lambda: emacs.text == CODE)


@with_each_client
def test_what_was_typed_meanwhile_stays(emacs: Emacs) -> None:
    with paused_model(emacs.terminal.pid):
        emacs.simplify_cheap()
        emacs.keys("M->")
        emacs.terminal.type(TYPED)
        emacs.until(lambda: emacs.text == CODE + TYPED)
        emacs.until(lambda: emacs.lisp(f'(if {emacs.client.unsent} "" "sent")'))
    emacs.until(lambda: STALE in emacs.messages)
    assert emacs.text == CODE + TYPED


@pytest.mark.parametrize("emacs", [WITH_LSP_MODE], indirect=True)
def test_ghost_text_is_drawn_and_accepted_with_tab(emacs: Emacs) -> None:
    emacs.go(2)
    emacs.keys("C-e", "Enter")
    emacs.terminal.type("return ")
    ghost = emacs.until(lambda: emacs.lisp(GHOST))
    before = CODE.replace('prices."""\n', 'prices."""\n    return \n')
    assert emacs.text == before
    assert ghost.startswith(" ")
    assert ghost.strip()
    drawn = f"    return{ghost}".splitlines()[0]
    emacs.until(lambda: drawn in emacs.terminal.screen)
    emacs.keys("Tab")
    emacs.until(lambda: emacs.text != before)
    assert emacs.text == before.replace("return \n", f"return{ghost}\n", 1)
    ast.parse(emacs.text)
