"""Files, functions and the session stay small enough to be read at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pygls.lsp.server import LanguageServer

from herdmate.engine.start import FakeStart
from herdmate.lsp.session import Session
from herdmate.models.role_choices import EngineChoice

PACKAGE = Path(__file__).parents[1] / "server" / "herdmate"

MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_FUNCTION = 40
MOST_ATTRIBUTES_OF_A_SESSION = 10

Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_no_file_is_long() -> None:
    files = {path: len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert len(files) > 200
    long = {path.name for path, lines in files.items() if lines > MOST_LINES_OF_A_FILE}
    assert not long


def test_no_function_is_long() -> None:
    """The functions that a table of handlers registers count by themselves, not as its lines."""
    long = [
        f"{path.name}: {function.name}"
        for path, tree in _trees().items()
        for function in _functions(tree)
        if _own_lines(function) > MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


def test_the_state_of_a_session_has_few_owners() -> None:
    session = Session(lambda *_: EngineChoice(FakeStart()))
    inherited = vars(LanguageServer("any", "1")).keys()
    own = vars(session).keys() - inherited
    assert "documents" in own
    assert len(own) <= MOST_ATTRIBUTES_OF_A_SESSION
    assigned = {
        node.attr
        for node in ast.walk(_trees()[PACKAGE / "lsp" / "session.py"])
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name) and node.value.id == "self"
    }  # fmt: skip
    assert assigned <= own


def test_state_is_kept_by_a_session_and_not_by_a_module() -> None:
    """What a module sets with ``global`` belongs to the whole process."""
    found = {
        (path.name, name)
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Global)
        for name in node.names
    }
    assert found == {("api_key.py", "_held"), ("child_process.py", "_started_in")}


@cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _own_lines(function: Function) -> int:
    """Lines without those of inner functions that a decorator registers."""
    inner = [node for node in function.body if isinstance(node, Function) and node.decorator_list]
    return _lines(function) - sum(map(_lines, inner))


def _lines(function: Function) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1
