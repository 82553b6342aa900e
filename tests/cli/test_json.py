"""The shapes of what commands give to programs. Keys may be added; none changes or goes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from herdmate.cli.main import main
from herdmate.settings import keys
from tests.cli.fake_command import use_fake_engine
from tests.models.gguf_file import gguf

TEXT, NUMBER, FLAG, NONE = str, int, bool, type(None)

EXPLANATION = {
    "file": TEXT, "start": (NUMBER, NONE), "end": (NUMBER, NONE), "language": TEXT, "action": TEXT,
    "model": TEXT, "text": TEXT,
}  # fmt: skip
CHANGE = {
    "file": TEXT, "new": FLAG, "action": TEXT, "patch": TEXT, "text": TEXT, "note": (TEXT, NONE),
    "written": FLAG,
}  # fmt: skip
MODEL = {
    "name": TEXT, "title": TEXT, "family": TEXT, "size": NUMBER, "needs": NUMBER, "quant": TEXT,
    "context": NUMBER, "infill": FLAG, "instruct": FLAG, "licence": TEXT, "path": (TEXT, NONE),
    "place": TEXT, "fits": FLAG, "active": float,
}  # fmt: skip
RECOMMENDED = {
    "name": TEXT, "title": TEXT, "size": NUMBER, "needs": NUMBER, "place": TEXT,
    "perplexity": (float, NONE), "tokens_per_second": (float, NONE), "infill": FLAG,
    "instruct": FLAG,
}  # fmt: skip
REPORT = {
    "path": TEXT, "name": TEXT, "architecture": TEXT, "quant": TEXT, "size": NUMBER,
    "context": NUMBER, "vocabulary": NUMBER, "memory": NUMBER, "licence": TEXT, "abilities": [TEXT],
    "writes": FLAG, "loads": FLAG, "fits": FLAG, "faults": [TEXT],
    "family": TEXT, "limits": TEXT, "base": TEXT,
}  # fmt: skip
ACTION = {
    "name": TEXT, "title": TEXT, "kind": TEXT, "languages": [TEXT], "needs": [TEXT],
    "changes": [TEXT],
}  # fmt: skip

SHAPES: dict[str, Any] = {
    "explain app.py:1-2 latin.py": {"explanations": [EXPLANATION]},
    "complete app.py:2:12": {
        "file": TEXT, "line": (NUMBER, NONE), "column": (NUMBER, NONE), "language": TEXT,
        "model": TEXT, "suggestions": [TEXT], "reason": (TEXT, NONE),
    },
    "refactor simplify app.py:1-2": {"changes": [CHANGE], "failures": [TEXT]},
    "chat app.py what?": {"question": TEXT, "model": TEXT, "text": TEXT},
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
    },
    "config show": {
        "file": TEXT,
        "settings": {key: {"value": (TEXT, NUMBER, float, FLAG, list), "from": TEXT}
                     for key in keys()},
    },
    "config get model": {"key": TEXT, "value": TEXT, "from": TEXT},
    "setup": [{"name": TEXT, "title": TEXT, "program": (TEXT, NONE), "set_up": FLAG}],
    "doctor": [{"topic": TEXT, "state": TEXT, "text": TEXT, "mend": TEXT}],
}  # fmt: skip
"""A list stands for any number of the same; several types for one of them."""


def _mismatch(value: Any, shape: Any, at: str = "") -> list[str]:
    """Where a value is not of a shape."""
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
