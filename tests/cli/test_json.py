"""The shapes of what commands give to programs. Keys may be added; none changes or goes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from herdmate.actions.conversation import Conversation, Exchange
from herdmate.cli.chat_files import keep
from herdmate.cli.main import _COMMANDS, _EVAL, _parser, main
from herdmate.cli.parser import Parser
from herdmate.settings import keys
from tests.cli.fake_command import use_fake_engine
from tests.models.gguf_file import gguf

TEXT, NUMBER, FLAG, NONE = str, int, bool, type(None)

EXPLANATION = {
    "file": TEXT, "start": (NUMBER, NONE), "end": (NUMBER, NONE), "language": TEXT, "action": TEXT,
    "model": TEXT, "text": TEXT, "cut_off": FLAG,
}  # fmt: skip
CHANGE = {
    "file": TEXT, "new": FLAG, "action": TEXT, "patch": TEXT, "text": TEXT, "note": (TEXT, NONE),
    "written": FLAG,
}  # fmt: skip
MODEL = {
    "name": TEXT, "title": TEXT, "family": TEXT, "size": NUMBER, "needs": NUMBER, "quant": TEXT,
    "context": NUMBER, "infill": FLAG, "instruct": FLAG, "licence": TEXT, "path": (TEXT, NONE),
    "place": TEXT, "fits": FLAG, "active": float, "short_name": TEXT,
    "in_use": [TEXT],
}  # fmt: skip
RECOMMENDED = {
    "name": TEXT, "title": TEXT, "size": NUMBER, "needs": NUMBER, "place": TEXT,
    "perplexity": (float, NONE), "tokens_per_second": (float, NONE), "infill": FLAG,
    "instruct": FLAG,
}  # fmt: skip
WRITER = {
    "name": TEXT, "tokens_per_second": (float, NONE), "measured": FLAG, "here": FLAG,
}  # fmt: skip
REPORT = {
    "path": TEXT, "name": TEXT, "architecture": TEXT, "quant": TEXT, "size": NUMBER,
    "context": NUMBER, "vocabulary": NUMBER, "memory": NUMBER, "licence": TEXT, "abilities": [TEXT],
    "writes": FLAG, "loads": FLAG, "fits": FLAG, "faults": [TEXT],
    "family": TEXT, "limits": TEXT, "base": TEXT, "listed": TEXT,
}  # fmt: skip
ACTION = {
    "name": TEXT, "title": TEXT, "kind": TEXT, "languages": [TEXT], "needs": [TEXT],
    "changes": [TEXT],
}  # fmt: skip

SHAPES: dict[str, Any] = {
    "explain app.py:1-2 latin.py": {"explanations": [EXPLANATION], "failures": [TEXT]},
    "complete app.py:2:12": {
        "file": TEXT, "line": (NUMBER, NONE), "column": (NUMBER, NONE), "language": TEXT,
        "model": TEXT, "suggestions": [TEXT], "reason": (TEXT, NONE),
    },
    "refactor simplify app.py:1-2": {"changes": [CHANGE], "failures": [TEXT]},
    "chat app.py what?": {"question": TEXT, "model": TEXT, "text": TEXT, "cut_off": FLAG},
    "chat --list": [
        {"name": TEXT, "time": TEXT, "questions": (NUMBER, NONE), "first": (TEXT, NONE)}
    ],
    "actions": [ACTION],
    "models list": [MODEL],
    "models list starter --all": [MODEL],
    "models path my.gguf": {"model": TEXT, "path": TEXT, "fits": FLAG, "note": (TEXT, NONE)},
    "models inspect my.gguf": REPORT,
    "models recommend": {
        "machine": {"memory": NUMBER, "free_memory": NUMBER, "free_disk": NUMBER,
                    "gpus": [{"name": TEXT, "free": NUMBER, "total": NUMBER}], "measured": FLAG},
        "models": [RECOMMENDED], "recommended": (TEXT, NONE), "further": TEXT,
        "pair": {"answers": TEXT, "ghost_text": TEXT}, "reasons": [TEXT],
        "now": (WRITER, NONE), "faster": (WRITER, NONE),
        "in_use": {"answers": (TEXT, NONE), "ghost_text": (TEXT, NONE)},
    },
    "config show": {
        "file": TEXT,
        "settings": {key: {"value": (TEXT, NUMBER, float, FLAG, list), "from": TEXT}
                     for key in keys()},
    },
    "config get model": {"key": TEXT, "value": TEXT, "from": TEXT},
    "setup": [{"name": TEXT, "title": TEXT, "program": (TEXT, NONE), "set_up": FLAG}],
    "doctor": [
        {"topic": TEXT, "state": TEXT, "text": TEXT, "mend": TEXT, "is_slow": FLAG}
    ],
}  # fmt: skip
"""A list stands for any number of the same; several types for one of them."""

FAILURE = {"error": TEXT}
"""What comes instead where there is no result; the exit code says that, too."""

FAILURES = {
    "explain none.py": (1, "none.py cannot be read: No such file or directory."),
    "explain app.py:9": (1, "app.py has 2 lines; there is no line 9."),
    "explain app.py --max-tokens 0": (2, "argument --max-tokens: must be a whole number from 1"),
    "explain app.py --set x=1": (2, "There is no setting x"),
    "complete app.py": (2, "'app.py' is not one place"),
    "refactor nothing app.py": (2, "There is no action 'nothing'"),
    "refactor simplify none.py": (1, "none.py cannot be read"),
    "chat none.py:3 why": (1, "none.py cannot be read"),
    "chat": (2, "there is no question"),
    "actions goo": (2, "did you mean go?"),
    "models list x y": (2, "unexpected argument 'y'"),
    "models list nosuch": (1, "No model has 'nosuch' in its name"),
    "models path startr": (1, "did you mean starter"),
    "models pull": (2, "the following arguments are required: MODEL"),
    "models pull codellama-7b": (1, "Add --yes to agree to this licence."),
    "models inspect none.gguf": (1, "none.gguf"),
    "models recommend x": (2, "unexpected argument 'x'"),
    "models tune xyzzy": (1, "There is no model 'xyzzy'"),
    "models perplexity xyzzy": (1, "There is no model 'xyzzy'"),
    "config show nothing": (2, "There is no setting 'nothing'"),
    "config get modle": (2, "did you mean model?"),
    "setup helx": (2, "did you mean helix?"),
    "doctor x": (2, "unexpected argument 'x'"),
    "stats --erase": (2, "not allowed with argument"),
    "bench --only nothing": (2, "There is no measurement 'nothing'"),
    "eval none": (1, "none does not exist"),
    "eval fix none": (1, "No such file"),
    "eval refactor none": (1, "none"),
    "eval typing none": (1, "none"),
}  # fmt: skip


def _mismatch(value: Any, shape: Any, at: str = "") -> list[str]:
    """Where a value is not of a shape."""
    if isinstance(shape, tuple) and isinstance(value, dict):
        shape = next((kind for kind in shape if isinstance(kind, Mapping)), shape)
    if isinstance(shape, Mapping):
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        wrong = [f"{at}.{key} is missing" for key in shape.keys() - value.keys()]
        wrong += [f"{at}.{key} is not described" for key in value.keys() - shape.keys()]
        common = shape.keys() & value.keys()
        return wrong + [part for key in common for part in _mismatch(value[key], shape[key],
                                                                    f"{at}.{key}")]  # fmt: skip
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [part for item in value for part in _mismatch(item, shape[0], f"{at}[]")]
    kinds = shape if isinstance(shape, tuple) else (shape,)
    is_right = type(value) in kinds or (float in kinds and type(value) is int)
    return [] if is_right else [f"{at} is {type(value).__name__}"]


@pytest.mark.parametrize("words", SHAPES)
def test_shapes(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (tmp_path / "own" / "models").mkdir(parents=True)
    (tmp_path / "own" / "models" / "my.gguf").write_bytes(gguf())
    keep(Conversation((Exchange("Why?", "Why?", "Because."),)), "mine")
    (tmp_path / "app.py").write_text("def total(x):\n    return \n")
    (tmp_path / "latin.py").write_bytes("é = 1\n".encode("latin-1"))
    use_fake_engine(monkeypatch, {"fim_middle": "x", "Simplify this": "def total(x):\n    return x",
                                  "": "It adds. →"})  # fmt: skip
    main([*words.split(), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told
    assert _mismatch(told, SHAPES[words]) == []


def test_shapes_can_be_wrong() -> None:
    assert _mismatch({"a": 1}, {"a": TEXT}) == [".a is int"]
    assert _mismatch({"b": 1}, {"a": TEXT}) == [".a is missing", ".b is not described"]
    assert _mismatch([True], [NUMBER]) == ["[] is bool"]
    assert _mismatch({}, [NUMBER]) == [" is no list"]


@pytest.mark.parametrize("words", FAILURES)
def test_a_failure_is_json_too(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (tmp_path / "app.py").write_text("def total(x):\n    return \n")
    use_fake_engine(monkeypatch, {"": "It adds."})
    code, expected = FAILURES[words]
    command, *rest = words.split()
    try:
        assert main([command, *rest, "--json"]) == code
    except SystemExit as end:
        assert end.code == code  # noqa: PT017
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert _mismatch(told, FAILURE) == []
    assert expected in told["error"]
    assert told["error"].rstrip(".") in said.err


@pytest.mark.parametrize("words", ["explain", "refactor simplify"])
def test_a_place_that_fails_leaves_the_others_alone(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "c.py"):
        (tmp_path / name).write_text(f"def {name[0]}(x):\n    y = x + 1\n    return y\n")
    (tmp_path / "b.js").write_text(f"function b(){{{'b();' * 900}}}\n")
    replies = {f"def {name}(": f"```python\ndef {name}(x):\n    return x + 1\n```" for name in "ac"}
    use_fake_engine(monkeypatch, replies | {"": "```js\nfunction b() {}\n```"})
    assert main([*words.split(), "a.py", "b.js:1", "c.py", "--json"]) == 1
    said = capsys.readouterr()
    told = json.loads(said.out)
    done = told["explanations" if words == "explain" else "changes"]
    assert [Path(item["file"]).name for item in done] == ["a.py", "c.py"]
    (failure,) = told["failures"]
    assert failure.startswith("b.js:1: ")
    assert f"herdmate: {failure}" in said.err


def test_who_declines_a_licence_is_told_in_json_that_nothing_was_fetched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("herdmate.cli.models_fetch.agrees", lambda *_: False)
    assert main(["models", "pull", "codellama-7b", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == "Nothing was fetched, because you did not agree to the licence."


def test_an_error_of_our_own_is_json_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("herdmate.cli.config.found_settings", lambda _: 1 // 0)
    assert main(["config", "show", "--json"]) == 70
    assert "(ZeroDivisionError)" in json.loads(capsys.readouterr().out)["error"]


def test_each_command_with_json_has_a_failure() -> None:
    parser = _parser([*_COMMANDS, *_EVAL.values()])
    found = {command.prog.removeprefix("herdmate ") for command in _commands(parser)}
    assert len(found) > 15
    assert not {name for name in found if not any(line.startswith(name) for line in FAILURES)}


def _commands(parser: Parser) -> Iterator[Parser]:
    """The commands that have ``--json``."""
    if "--json" in parser.option_strings():
        yield parser
    for child in parser.subparsers():
        yield from _commands(child)
