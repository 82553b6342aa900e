"""What the commands print: no escapes but ours, whatever others put into it."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.live import Live
from rich.markdown import Markdown
from rich.progress import Progress, TextColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

import herdmate.cli
from herdmate.cli import action_context, terminal
from herdmate.cli.console import Console
from herdmate.cli.main import main as run
from herdmate.cli.parser import Parser
from herdmate.cli.terminal import LogFormatter
from herdmate.engine.start import FakeStart
from herdmate.prompting.families import QWEN_PIECES
from tests.cli.fake_command import use_fake_engine
from tests.models.gguf_file import string

HOSTILE = [
    "\x1b]0;owned\x07", "\x1b[2J\x1b[31m", "\x9b2J", "\x1b]8;;https://evil\x1b\\here\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07", "a\rb", "\x08\x08", "\u202egnp", "[bold]x[/bold]",
    "[link=https://evil]here[/link]", ":bug:", "\x1bP1$r\x1b\\", "\ud800",
]  # fmt: skip
OURS = re.compile(r"\x1b\[[0-9;]*[mABKGHJ]|\x1b\[\?25[lh]")
"""Colours, and the cursor of a line that is drawn again."""


def _left(shown: str) -> str:
    """What is on a terminal but our own escapes and line ends."""
    return OURS.sub("", shown).replace("\n", "").replace("\r", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_console_draws_acts(text: str) -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=60, _environ={})
    table = Table(text, title=text)
    table.add_row(text)
    console.print(text, Text(text), table, Syntax(text, "diff"), Markdown(text, hyperlinks=False))
    console.print(Markdown(f"[words](https://evil.example/{text})"), style="bold")
    console.rule(Text(text))
    with console.status(Text(text)) as status:
        status.update(Text(text))
    column = TextColumn("{task.description}", markup=False)
    with Progress(column, console=console) as progress:
        progress.add_task(text, total=1)
    with Live(console=console) as live:
        live.update(Markdown(text, hyperlinks=False))
    left = _left(shown.getvalue())
    assert left.isprintable(), ascii(left)
    assert "\x1b]8" not in shown.getvalue()
    if text.startswith(("[", ":")):
        assert text in shown.getvalue()  # no markup, no emoji


_PARTS = {"Group", "RenderableType"}
"""Of ``rich.console``; they write nothing themselves."""


def test_every_print_goes_through_one_module() -> None:
    """Nothing else of the command line writes to the terminal."""
    for path in Path(herdmate.cli.__path__[0]).glob("*.py"):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "rich.console" or {a.name for a in node.names} <= _PARTS
                assert node.module != "rich" or "print" not in {a.name for a in node.names}
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in ("print", "argparse.ArgumentParser", "from_markup"), path
                assert not re.match(r"sys\.(stdout|stderr)\.", called), path
                assert called != "TextColumn" or not re.search(
                    r"\{(?!.*markup=False)", ast.unparse(node)
                ), path


class _Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("text", HOSTILE)
def test_code_is_harmless_on_a_terminal_and_itself_in_a_pipe(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = _Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    for piece in (text, *text):  # also cut anywhere
        terminal.write(piece)
    terminal.tell(text)
    assert screen.getvalue().replace("\n", "").isprintable()
    pipe = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    monkeypatch.setattr(sys, "stdout", pipe)
    terminal.write(text)
    raw = pipe.buffer.getvalue()
    assert raw.decode() == (text if text != "\ud800" else "\\ud800")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_record_of_the_log_looks_like_another(text: str) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LogFormatter("%(levelname)s %(message)s"))
    log = logging.Logger("a")
    log.addHandler(handler)
    log.warning("said: %s\r\nERROR %s", text, text)
    try:
        raise ValueError(f"{text}\nERROR forged")
    except ValueError:
        log.exception("failed")
    lines = stream.getvalue().split("\n")
    assert all(line.isprintable() for line in lines)
    assert sum(line.startswith("ERROR") for line in lines) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_arguments_in_errors(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser()
    parser.add_subparsers().add_parser("x")
    for arguments in (["x", text], [text]):
        with pytest.raises(SystemExit):
            parser.parse_args(arguments)
        assert capsys.readouterr().err.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE[:-1])
def test_models_and_files_with_hostile_names(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    name = text.replace("/", "_")
    keys = [string(f"general.{key}") + struct.pack("<I", 8) + string(text)
            for key in ("name", "architecture", "license")]  # fmt: skip
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, len(keys)) + b"".join(keys)
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / f"{name}.gguf"
    path.write_bytes(data)
    (tmp_path / name).write_bytes(b"\xff")
    for arguments in (
        ["models", "inspect", str(path)], ["models", "list"], ["models", "list", "--json"],
        ["models", "inspect", str(tmp_path / name)], ["models", "path", str(path) + name],
        ["complete", f"{tmp_path / name}:1:1"], ["explain", f"{tmp_path / name}{name}:1-2"],
        ["setup", name], ["models", "pull", f"https://{name}"],
    ):  # fmt: skip
        run(arguments)
        said = capsys.readouterr()
        assert (said.out + said.err).replace("\n", "").isprintable(), arguments


def test_a_model_that_writes_escapes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = {"fim_middle": "'\x1b[2J'", "": "It \x1b]0;owned\x07 adds.\u202e"}
    message: Any = FakeStart(replies, QWEN_PIECES)
    monkeypatch.setattr(action_context, "first_message", lambda *_: (message, SimpleNamespace()))
    (tmp_path / "a.py").write_text("def total():\n    return \n")
    for arguments in (["complete", f"{tmp_path}/a.py:2:11"], ["explain", f"{tmp_path}/a.py:1-2"]):
        assert run(arguments) == 0
        raw = capsys.readouterr().out
        assert "\x1b" in raw  # what goes into a pipe is what the model wrote
        with monkeypatch.context() as patch:
            patch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
            assert run(arguments) == 0
        shown = capsys.readouterr().out
        assert _left(shown).isprintable()
        assert "\\x1b" in shown


@pytest.mark.parametrize("coding", ["latin-1", "ascii", "cp1252", "utf-8", "utf-16"])
def test_json_is_valid_in_every_encoding(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, value = io.BytesIO(), {"text": "→ 😀 é 中 \\ \x9b"}
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=coding))
    terminal.prepare_streams()
    terminal.write_json(value)
    assert json.loads(raw.getvalue().decode(coding)) == value


def test_no_line_of_the_log_tears_an_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both streams are one terminal: what is logged meanwhile comes after the answer."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("x = 1\n")
    use_fake_engine(monkeypatch, {"": "It adds."})
    both = io.StringIO()
    logger = logging.getLogger()
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logger.level)
    monkeypatch.setattr(sys, "stdout", both)
    monkeypatch.setattr(sys, "stderr", both)
    assert run(["-v", "explain", "app.py"]) == 0
    lines = both.getvalue().splitlines()
    at = lines.index("It adds.")
    assert any("token" in line for line in lines[at + 1 :])
    assert all(line.startswith("20") for line in [*lines[:at], *lines[at + 1 :]])


def test_a_log_that_is_held_is_written_also_after_an_error() -> None:
    out = io.StringIO()
    handler = terminal.LogHandler(out)
    logging.getLogger().addHandler(handler)
    try:
        with suppress(ValueError), terminal.log_held():
            logging.getLogger("a").warning("one")
            assert out.getvalue() == ""
            raise ValueError
        assert out.getvalue() == "one\n"
        logging.getLogger("a").warning("two")
        assert out.getvalue() == "one\ntwo\n"
    finally:
        logging.getLogger().removeHandler(handler)
