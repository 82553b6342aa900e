"""The command imports only what it needs, and its help is complete all the same."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from herdmate.cli.main import _COMMANDS, _EVAL, main
from herdmate.version import VERSION

_MOST_MODULES = 230
"""Without a command, Python 3.11 imports 173, which takes 0.07 s of a processor."""

_SLOW = {"llama_cpp", "lsprotocol", "pygls", "rich", "tree_sitter", "numpy", "asyncio", "psutil"}
_RUN = """
import sys
from herdmate.cli import main
try:
    code = main()
except SystemExit as end:
    code = end.code
assert not code, code
sys.stdout.flush()
print(*sys.modules, file=sys.stderr)
"""
_PAGES = [[], *([name] for name in _COMMANDS), *(["eval", word] for word in _EVAL)]


def _imported(home: Path, *arguments: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that a fresh interpreter has imported for it."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"HERDMATE_HOME": str(home), "HOME": str(home), "PATH": "", "PYTHONUTF8": "1"},
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_what_needs_no_command_imports_none(tmp_path: Path, argument: str) -> None:
    said, modules = _imported(tmp_path, argument)
    assert VERSION in said or all(does in " ".join(said.split()) for does in _COMMANDS.values())
    assert not modules & _SLOW
    assert len(modules) <= _MOST_MODULES
    ours = {name for name in modules if name.startswith("herdmate.")}
    assert ours == {
        *("herdmate.cli", "herdmate.cli.main", "herdmate.cli.parser", "herdmate.cli.terminal"),
        *("herdmate.errors", "herdmate.printable", "herdmate.version"),
    }


def test_listing_models_imports_neither_the_server_nor_llama_cpp(tmp_path: Path) -> None:
    said, modules = _imported(tmp_path, "--log-level", "error", "models", "list")
    assert "codellama-7b" in said
    assert not modules & {"llama_cpp", "lsprotocol", "pygls", "tree_sitter", "numpy"}
    assert not {name for name in modules if name.startswith("herdmate.lsp")}


@pytest.mark.parametrize("words", _PAGES, ids=" ".join)
def test_each_command_has_its_page(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    page = capsys.readouterr().out
    assert page.startswith(f"usage: {' '.join(['herdmate', *words])} ")
    assert not words or len(page.splitlines()) > 4  # more than usage and --help


@pytest.mark.parametrize("words", [["nothing"], ["--help-me"], ["Models"], ["cli"], ["../x"]])
def test_what_is_no_command_is_an_error_on_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("herdmate: ")
    assert re.search(r"(; s|\? S)ee `herdmate --help`\.\n$", said)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "page"), [([], []), (["help"], []), (["models"], ["models"]),
                        (["help", "models", "list"], ["models", "list"])],
)  # fmt: skip
def test_without_a_command_the_page_is_shown(
    words: list[str], page: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with suppress(SystemExit):
        main(words)
    assert capsys.readouterr().out.startswith(f"usage: {' '.join(['herdmate', *page])} ")
