"""What ``herdmate models list`` shows, at several widths."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from herdmate.cli import models_recommend
from herdmate.cli.main import main
from herdmate.models.answer_speed import Writer
from herdmate.models.catalogue import elsewhere, models
from herdmate.models.pair import recommend
from herdmate.models.recommend import Machine
from herdmate.settings import Settings
from tests.models.file_server import serving
from tests.models.gguf_file import gguf


@pytest.mark.parametrize("columns", ["60", "80", "120", "200"])
def test_names_are_never_cut(
    columns: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("TERM", "dumb")
    assert main(["models", "list", "--all"]) == 0
    shown = capsys.readouterr().out
    assert [model.name for model in models() if model.name not in shown] == []


def test_a_pipe_gets_whole_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["models", "list"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert any("codellama-7b-instruct-q4_k_m" in row and "Community License" in row for row in rows)


def _rows(shown: str) -> list[str]:
    """The first column, and the names of the groups."""
    return [line.split("  ")[0] for line in shown.splitlines() if line]


def test_the_list_is_short_and_grouped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    memory = psutil.virtual_memory()._replace(total=16 << 30, available=12 << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    path = tmp_path / "models" / "my.gguf"
    path.parent.mkdir()
    path.write_bytes(gguf())
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr()
    assert _rows(shown.out) == [
        "name",
        "On this machine",
        "my.gguf",
        "Recommended for this machine",
        "codellama-7b-instruct-q4_k_m",
        "qwen2.5-coder-0.5b-instruct-q4_k_m",
        "qwen2.5-coder-1.5b-instruct-q4_k_m",
    ]
    hidden = len(models()) - 3 + len(elsewhere())
    assert f"{hidden} more can be fetched" in shown.err


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["codestral"], ["Codestral 22B", "codestral-22b-q4_k_m"]),
        (["star"], ["Known by address only: the hash is pinned at the first download",
                    "starcoder2-3b"]),
        (["GRANITE", "--all"], ["Granite 8B Code Instruct", "granite-8b-code-instruct-q4_k_m",
                                "Granite 4.0 H Tiny", "granite-4.0-h-tiny-q4_k_m"]),
        (["starter"], ["Recommended for this machine", "qwen2.5-coder-0.5b-instruct-q4_k_m"]),
    ],
)  # fmt: skip
def test_a_word_finds_all_models_of_that_name(
    words: list[str],
    rows: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["models", "list", *words]) == 0
    shown = capsys.readouterr()
    assert _rows(shown.out) == ["name", *rows]
    assert "more can be fetched" not in shown.err
    for column in ("short name", "in use", "needs", "fits", "can", "context"):
        assert column in shown.out.splitlines()[0]
        assert f"{column}: " in shown.err


@pytest.fixture
def two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file of the starter's name and another one."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    for name in ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "my.gguf"):
        (tmp_path / "models" / name).write_bytes(gguf())
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("words", "uses", "note"),
    [
        (["--model", "my.gguf"], {"my.gguf": "both"}, ""),
        (["--model", "my.gguf", "--set", "completion.model=starter"],
         {"my.gguf": "answers", "qwen2.5-coder-0.5b-instruct-q4_k_m": "ghost text"}, ""),
        (["--set", "remote.url=http://big:80", "--set", "completion.model=my.gguf"],
         {"my.gguf": "ghost text"}, "In use for answers: big:80"),
        (["--model", "none.gguf"], {}, "There is no model file at"),
        (["--model", "{other}"], {}, "In use for answers: {other}"),
        (["--model", "my.gguf", "my"], {"my.gguf": "both"}, ""),
    ],
)  # fmt: skip
def test_what_is_in_use_is_marked_where_80_columns_are(
    words: list[str], uses: dict[str, str], note: str, two_models: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    other = two_models.parent / "other.gguf"
    other.write_bytes(gguf())
    words = [word.format(other=other) for word in words]
    assert main(["models", "list", "--json", *words]) == 0
    told = {row["name"]: row["in_use"] for row in json.loads(capsys.readouterr().out)}
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert main(["models", "list", *words]) == 0
    shown = capsys.readouterr()
    assert note.format(other=other) in shown.err
    assert ("In use for" in shown.err) == note.startswith("In use")
    head, *rows = shown.out.splitlines()
    assert ("in use" in head) == bool(uses)  # a terminal shows no empty column
    at = head.find("in use")
    for row in (row for row in rows if ".gguf" in row or "q4_k_m" in row):
        name = row.split()[0]
        assert not uses or row[at:].split("  ")[0].strip() == uses.get(name, "")
        use = uses.get(name, "").replace(" ", "_")
        assert told[name] == (["answers", "ghost_text"] if use == "both" else [use] * bool(use))


def test_the_short_name_is_the_last_to_be_left_out(
    two_models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    for columns, head in (("48", "name short name"), ("80", "name short name in use size")):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(["models", "list"]) == 0
        shown = capsys.readouterr().out.splitlines()
        assert " ".join(shown[0].split()).startswith(head)
        assert any(row.split()[1:2] == ["starter"] for row in shown)


def test_a_word_that_nothing_contains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    assert main(["models", "list", "gpt"]) == 1
    assert "No model has 'gpt' in its name; see --all." in capsys.readouterr().err


def test_a_terminal_shows_no_empty_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["models", "list", "codestral"]) == 0
    shown = capsys.readouterr().out
    assert "place" not in shown  # no other program has it
    assert "path" not in shown


def test_rm_asks_and_removes_what_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    path = tmp_path / "models" / "my.gguf"
    path.parent.mkdir()
    path.write_bytes(gguf())
    assert main(["models", "rm", "my.gguf"]) == 1
    assert f"Add --yes to remove {path} (0.01 GB)." in capsys.readouterr().err
    assert path.exists()
    assert main(["models", "rm", "my.gguf", "--yes"]) == 0
    assert capsys.readouterr().err == f"Removed {path}\n"
    assert not path.exists()


def test_where_a_model_comes_from_is_said_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    with serving({"/a/mine.gguf": gguf(1 << 20)}) as files:
        assert main(["models", "pull", f"{files.url}/a/mine.gguf"]) == 0
        said = capsys.readouterr().out
        host = files.url.removeprefix("http://")
        assert f"from {host}.\n" in said
        assert said.index("Fetching mine.gguf (1 MB, ") < said.index(
            f"was fetched from {host}: 1 MB"
        )
        assert main(["models", "pull", f"{files.url}/a/mine.gguf"]) == 0
        assert "etch" not in capsys.readouterr().out  # it is there


@pytest.mark.parametrize(("speed", "is_quick"), [(99.0, True), (float("inf"), True), (0.5, False)])
def test_who_has_a_quick_model_is_not_led_to_a_slower_one(
    speed: float, is_quick: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    advice = recommend(Machine(16 << 30, 0, 1 << 40), 4096)
    now = Writer("hare", 1, speed, is_measured=True, is_here=True)
    used = models_recommend._InUse("hare", "hare", now)
    models_recommend._show(advice, frozenset(), Settings(), used)
    said = " ".join(capsys.readouterr().out.split())
    assert ("hare, which is in use, is the quick choice" in said) == is_quick
    assert ("If that is worth the wait, to use it:" in said) == is_quick
    assert ("To use this:" in said) != is_quick


@pytest.mark.parametrize(("speed", "is_quick"), [(99.0, True), (0.5, False)])
def test_bold_is_what_is_recommended(
    speed: float, is_quick: bool, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    advice = recommend(Machine(16 << 30, 0, 1 << 40), 4096)
    now = Writer("hare", 1, speed, is_measured=True, is_here=True)
    used = models_recommend._InUse("hare", "hare", now)
    models_recommend._show(advice, frozenset(), Settings(), used)
    bold = [line for line in capsys.readouterr().out.splitlines() if "\x1b[1m" in line]
    assert bold
    assert any("config set model" in line for line in bold) != is_quick
    assert all("Recommended for" in line for line in bold) == is_quick


def test_the_short_name_of_a_model_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["models", "list", "starter"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split()[1] for row in rows if row.startswith("qwen2.5-coder-0.5b")] == ["starter"]
    assert main(["models", "list", "starter", "--json"]) == 0
    assert '"short_name": "starter"' in capsys.readouterr().out


@pytest.mark.parametrize("speed", [None, 5e9])
def test_what_is_estimated_is_not_said_to_be_measured(
    speed: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(models_recommend, "bytes_a_second", lambda *_: speed)
    assert main(["models", "recommend"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    source = "another machine" if speed is None else "models measured here"
    assert f"writes: tokens a second, estimated from {source}; " in said
    assert "once it has begun, estimated too" in said


STARTER = "qwen2.5-coder-0.5b-instruct-q4_k_m"
LARGER = "qwen2.5-coder-1.5b-instruct-q4_k_m"
CODELLAMA = "codellama-7b-instruct-q4_k_m"


@pytest.fixture
def three_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of the names of three models; no GPU, 16 GB of memory."""
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("herdmate.engine.devices.devices", list)
    monkeypatch.setattr(models_recommend, "bytes_a_second", lambda *_: None)
    memory = psutil.virtual_memory()._replace(total=16 << 30, available=12 << 30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    (tmp_path / "models").mkdir()
    for name in (STARTER, LARGER, CODELLAMA):
        file = next(model.file for model in models() if model.name == name)
        (tmp_path / "models" / file).write_bytes(gguf())
    return tmp_path


@pytest.mark.parametrize(
    ("model", "ghost", "answers", "writes"),
    [
        ("auto", "", CODELLAMA, LARGER), ("auto", "auto", CODELLAMA, LARGER),
        ("auto", "same", CODELLAMA, CODELLAMA), ("auto", "starter", CODELLAMA, STARTER),
        ("auto", "codellama-7b", CODELLAMA, CODELLAMA), ("starter", "", STARTER, STARTER),
        ("starter", "same", STARTER, STARTER), ("starter", "auto", STARTER, LARGER),
        ("starter", "starter-1.5b", STARTER, LARGER), ("starter-1.5b", "starter", LARGER, STARTER),
        ("starter-1.5b", "auto", LARGER, LARGER), ("codellama-7b", "auto", CODELLAMA, LARGER),
        ("codellama-7b", "starter", CODELLAMA, STARTER), ("other.gguf", "starter", "", STARTER),
    ],
)  # fmt: skip
def test_each_row_says_what_it_is_in_use_for(
    model: str, ghost: str, answers: str, writes: str, three_models: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    words = ["--model", model, "--set", f"completion.model={ghost}"]
    assert main(["models", "recommend", *words]) == 0
    said = capsys.readouterr().out
    head, *rows = said[said.index("\nfor ") :].strip().splitlines()
    at = head.index("in use")
    uses = {name: row[at:].split("  ")[0] for row in rows
            for name in (STARTER, LARGER, CODELLAMA) if f" {name} " in row}  # fmt: skip
    expected = {CODELLAMA: "", LARGER: "", STARTER: ""} | {answers: "answers", writes: "ghost text"}
    expected |= {answers: "both"} if answers == writes else {}
    assert {name: use for name, use in expected.items() if name and use} == {
        name: use for name, use in uses.items() if use
    }
    is_as_advised = (answers, writes) == (CODELLAMA, LARGER)
    assert ("This is what is in use." in said) == is_as_advised
