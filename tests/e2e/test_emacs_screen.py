"""What users see in a real Emacs that has nothing but the printed configuration.

The engine is the fake, so that it is known what it says; all is read off the terminal's screen.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.installed import configuration, required, scripted_configuration, surroundings
from tests.e2e.sample import CODE, paused_model
from tests.e2e.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.emacs]

SHORTER = "    return [item for item in items if item.price <= limit]"
EXPLAINED = "It **sums** all prices, whatever their currency, and returns the total of them. " * 3
REPLIES = {
    "return <|fim_suffix|>": "sum(prices) + len(prices)",
    "Whose?<|im_end|>": "Those of the shop.",
    "in three to six sentences": f"{EXPLAINED[:-50]}<slowly>{EXPLAINED[-50:]}",
    "use a comprehension": f"```python\ndef cheap(items, limit):\n{SHORTER}\n```",
}
OTHER_SERVER = Path(__file__).with_name("emacs") / "other_server.py"
EGLOT_STATUS = (
    "(jsonrpc-request (eglot-current-server) :workspace/executeCommand"
    ' \'(:command "herdmate.status"))'
)

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts an Emacs with a configuration and, after it, more Lisp; it opens a Python file."""
    root = required("emacs", "emacs")
    environment = surroundings(tmp_path)
    file = tmp_path / "shop" / "shop.py"  # a project of its own, not the user's home
    file.parent.mkdir()
    file.write_text(CODE, encoding="utf-8")
    with ExitStack() as closing:

        def started(
            editor: str, more: str = "", packages: bool = False, has_model: bool = True
        ) -> Terminal:
            init = tmp_path / "init.el"
            text = configuration(editor, environment)
            if has_model:
                text = scripted_configuration(editor, environment, REPLIES)
            init.write_text(f"{text}\n{more}\n", encoding="utf-8")
            found = root.glob("lsp-mode/usr/share/emacs/site-lisp/elpa-src/*") if packages else ()
            paths = [word for package in found for word in ("-L", str(package))]
            paths += ["-l", "lsp-mode-autoloads"] if packages else []
            program = [str(root / "emacs"), "-nw", "-Q", *paths, "-l", str(init), str(file)]
            terminal = Terminal(program, tmp_path, environment)
            closing.callback(terminal.close)
            return terminal

        yield started


def test_one_press_of_the_completion_key_completes_in_eglot(start: Start, tmp_path: Path) -> None:
    terminal = start("emacs")
    terminal.until(lambda: "Connected! Server" in terminal.screen)
    _until_ready(
        terminal,
        EGLOT_STATUS,
        tmp_path / "ready",
    )
    _type_return(terminal)
    terminal.keys("M-C-i")
    terminal.until(lambda: "    return sum(prices) + len(prices)" in terminal.screen)
    _explain(terminal, "eglot-code-actions", "Pick an action", "Explain")
    _ask_and_change(terminal, "eglot-code-actions", "Pick an action", "Change")


def test_what_is_accepted_in_lsp_mode_is_told_to_no_other_server(
    start: Start, tmp_path: Path
) -> None:
    told = tmp_path / "told.txt"
    told.touch()
    command = " ".join(json.dumps(str(word)) for word in (sys.executable, OTHER_SERVER, told))
    other = (
        f"(lsp-register-client (make-lsp-client :new-connection (lsp-stdio-connection '({command}))"
        ' :activation-fn (lsp-activate-on "python") :server-id \'other))'
    )
    terminal = start("emacs-lsp-mode", other, packages=True)
    terminal.until(lambda: "Select action:" in terminal.screen)
    terminal.keys("i")  # the folder that it proposes
    terminal.until(lambda: re.search(r"LSP.*\[herdmate:\d+\]", terminal.screen))
    _until_ready(
        terminal,
        "(with-lsp-workspace (lsp-find-workspace 'herdmate (buffer-file-name))"
        ' (lsp-request "workspace/executeCommand" \'(:command "herdmate.status")))',
        tmp_path / "ready",
    )
    _type_return(terminal)
    terminal.until(lambda: "    return sum(prices) + len(prices)" in terminal.screen)
    terminal.keys("Tab")
    terminal.keys("M-:")
    terminal.type('(lsp-send-execute-command "other.command")')
    terminal.keys("Enter")
    terminal.until(lambda: told.read_text(encoding="utf-8"))
    assert told.read_text(encoding="utf-8") == "other.command\n"
    _explain(terminal, "lsp-execute-code-action", "Select code action", "Herdmate: Explain")
    _ask_and_change(terminal, "lsp-execute-code-action", "Select code action", "Herdmate: Change")
    terminal.keys("M-:")
    terminal.type("(lsp-workspace-shutdown (lsp-find-workspace 'herdmate (buffer-file-name)))")
    terminal.keys("Enter")
    terminal.until(lambda: re.search(r"herdmate:\d+ shutdown", terminal.screen))  # a late message
    terminal.keys("C-c", "h", "c")
    terminal.until(lambda: "Change:" in terminal.screen)
    terminal.type("use a comprehension")
    terminal.keys("Enter")
    terminal.until(lambda: "Herdmate is not running for this file" in terminal.screen)
    assert told.read_text(encoding="utf-8") == "other.command\n"


_BESIDE_AN_ANSWER = """
(let* ((server (make-lsp--workspace :client (make-lsp-client :server-id 'herdmate)))
       (filter (lsp--create-filter-function server)) (seen nil))
  (cl-letf (((symbol-function 'lsp--parser-on-message)
             (lambda (message _)
               (push (lsp-get message :id) seen)
               (when (equal (lsp-get message :id) 1) (throw 'lsp-done '_)))))
    (princ (format "%s " (catch 'lsp-done (funcall filter nil "$first") 'no)))
    (princ (format "%s %S" (catch 'lsp-done (funcall filter nil "$rest") 'no) (nreverse seen)))))
"""


@pytest.mark.parametrize("cut", [1, 22, 45, 75, 119])
def test_no_message_behind_an_awaited_answer_is_lost_in_lsp_mode(tmp_path: Path, cut: int) -> None:
    """lsp-mode alone drops them. An answer and what follows arrive as a pipe cuts them."""
    root = required("emacs", "emacs")
    said = "".join(f'Content-Length: 8\r\n\r\n{{"id":{one}}}' for one in (2, 1, 3, 4))
    lisp = _BESIDE_AN_ANSWER
    for name, part in (("$first", said[:cut]), ("$rest", said[cut:])):
        lisp = lisp.replace(f'"{name}"', json.dumps(part))
    script = tmp_path / "said.el"
    printed = configuration("emacs-lsp-mode", surroundings(tmp_path))
    script.write_text(f"{printed}\n{lisp}", encoding="utf-8")
    found = root.glob("lsp-mode/usr/share/emacs/site-lisp/elpa-src/*")
    paths = [word for package in found for word in ("-L", str(package))]
    command = [str(root / "emacs"), "--batch", "-Q", *paths, "-l", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    answered = ["no", "_"] if cut < len(said) // 2 else ["_", "no"]
    assert done.stdout == f"{' '.join(answered)} (2 1 3 4)"


def test_commands_answer_and_stop_what_takes_long_in_eglot(start: Start, tmp_path: Path) -> None:
    terminal = start("emacs", "(setq eglot-connect-timeout 120)")  # a busy machine
    terminal.until(lambda: "Connected! Server" in terminal.screen)
    _until_ready(terminal, EGLOT_STATUS, tmp_path / "ready")
    for name, said in (
        ("status", "Fake is ready"),
        ("pause", "Herdmate: suggestions are paused for an hour."),
        ("why", "it is paused until"),
        ("resume", "Herdmate: suggestions appear again."),
    ):
        _run_by_name(terminal, name)
        terminal.until(partial(_says, terminal, said))
    terminal.keys("M-g", "g")
    terminal.type("8")
    terminal.keys("Enter")
    with paused_model(terminal.pid):
        terminal.keys("C-c", "h", "c")
        terminal.until(lambda: "Change:" in terminal.screen)
        terminal.type("use a comprehension")
        terminal.keys("Enter")
        terminal.until(lambda: re.search(r"\[eglot:shop/\S", terminal.screen))
        _run_by_name(terminal, "stop")
        terminal.until(lambda: "Herdmate: stopped." in terminal.screen)
    terminal.until(lambda: "[eglot:shop]" in terminal.screen)
    assert SHORTER not in terminal.screen
    _run_by_name(terminal, "status")
    terminal.until(lambda: "Fake is ready" in terminal.screen)
    assert SHORTER not in terminal.screen


def _says(terminal: Terminal, text: str) -> bool:
    return text in terminal.screen


def _run_by_name(terminal: Terminal, name: str) -> None:
    """Run one of Herdmate's commands by the key that lists them."""
    terminal.keys("C-c", "h", "h")
    terminal.until(lambda: terminal.screen.rstrip().endswith("Herdmate:"))
    terminal.type(name)
    terminal.keys("Enter")


def test_without_a_model_eglot_says_what_to_run(start: Start) -> None:
    terminal = start("emacs", has_model=False)
    terminal.until(lambda: "run `herdmate models pull starter`" in _in_one_line(terminal))


def test_a_wrong_path_of_the_model_is_told_in_eglot(start: Start) -> None:
    settings = '\'(:herdmate (:model "/nowhere/small.gguf"))'
    terminal = start(
        "emacs", f"(setq-default eglot-workspace-configuration {settings})", False, False
    )
    terminal.until(
        lambda: "There is no model file at /nowhere/small.gguf" in _in_one_line(terminal)
    )


def _in_one_line(terminal: Terminal) -> str:
    """What is on the screen, with the lines joined that Emacs breaks."""
    return " ".join(terminal.screen.replace("\\\n", "").split())


def test_without_its_package_emacs_says_so_and_goes_on(start: Start) -> None:
    terminal = start("emacs-lsp-mode", '(message "the rest of the file")')
    terminal.until(lambda: "lsp-mode is missing: M-x package-install" in terminal.screen)
    terminal.until(lambda: "the rest of the file" in terminal.screen)


def _until_ready(terminal: Terminal, status: str, mark: Path) -> None:
    """Have Emacs ask until the model is loaded, and write a file then."""
    is_ready = f'(string-search "\\"ready\\"" (format "%S" {status}))'
    terminal.keys("M-:")
    terminal.type(f'(progn (while (not {is_ready}) (sit-for 0.05)) (write-region "" nil "{mark}"))')
    terminal.keys("Enter")
    terminal.until(mark.exists)


def _type_return(terminal: Terminal) -> None:
    terminal.keys("M-g", "g")
    terminal.type("2")
    terminal.keys("Enter", "C-e", "Enter")
    terminal.type("return ")


def _explained(terminal: Terminal) -> list[str]:
    """The words of the explanation that are on the screen."""
    rows = [row.strip() for row in terminal.screen.splitlines()]
    first = next((at for at, row in enumerate(rows) if "sums" in row), len(rows))
    return " ".join(rows[first : first + 3]).replace("*", "").split()


def _explain(terminal: Terminal, command: str, question: str, title: str) -> None:
    terminal.keys("M-x")
    terminal.type(command)
    terminal.keys("Enter")
    terminal.until(lambda: question in terminal.screen)
    terminal.type(title)
    terminal.keys("Enter")
    terminal.until(lambda: "all prices, whatever" in terminal.screen)
    whole = EXPLAINED.replace("*", "").split()  # markdown-mode hides them
    assert len(_explained(terminal)) < len(whole)  # it grows as it is written
    terminal.type("  # yes")  # into the code, which is still there and has the focus
    terminal.until(lambda: "sum(prices) + len(prices)  # yes" in terminal.screen)
    terminal.until(lambda: _explained(terminal) == whole)  # so wrapped at words
    for text in (r"(# )?shop\.py", r"(\*\*)?sums"):
        assert re.search(rf"\x1b\[(\d+;)*1(;\d+)*m(\x1b\[[\d;]+m)*{text}", terminal.coloured_screen)


def _ask_and_change(terminal: Terminal, command: str, question: str, title: str) -> None:
    """Ask further, from the code and in the page; change a selection by a key, and by the menu."""
    for way in (("C-c", "h", "a"), ("C-x", "o", "Enter")):
        terminal.until(lambda: "RET asks more" in terminal.screen)
        terminal.keys(*way)
        terminal.until(lambda: "Question:" in terminal.screen)
        terminal.type("Whose?")
        terminal.keys("Enter")
        terminal.until(lambda: "Those of the shop." in terminal.screen)
    terminal.until(lambda: terminal.screen.count("Those of the shop.") == 2)  # in the same page
    terminal.keys("C-x", "o", "M-g", "g")
    terminal.type("8")
    terminal.keys("Enter", "M-C-h", "C-c", "h", "c")  # the function is selected
    _say_what_to_change(terminal)
    terminal.keys("C-_")
    terminal.until(lambda: SHORTER not in terminal.screen)
    terminal.keys("M-g", "g")
    terminal.type("8")
    terminal.keys("Enter", "M-x")
    terminal.type(command)
    terminal.keys("Enter")
    terminal.until(lambda: question in terminal.screen)
    terminal.type(title)
    terminal.keys("Enter")
    _say_what_to_change(terminal)


def _say_what_to_change(terminal: Terminal) -> None:
    terminal.until(lambda: "Change:" in terminal.screen)
    terminal.type("use a comprehension")
    terminal.keys("Enter")
    terminal.until(lambda: SHORTER in terminal.screen)
