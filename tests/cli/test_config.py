"""The user's settings: a file, the environment and options, and what the server makes of them."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.cli.user_settings import (
    config_file,
    text_of,
    user_settings,
    value_from_text,
    variable_of,
)
from herdmate.lsp.settings_layers import Layers, merged, with_initial, with_own, with_pulled
from herdmate.settings import default_of, fault_of, keys
from tests.models.gguf_file import gguf

TEXT = """\
# my settings
model = "starter"  # small

[engine]
threads = 2
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings" / "config.toml"
    monkeypatch.setenv("HERDMATE_CONFIG", str(path))
    for key in keys():
        monkeypatch.delenv(variable_of(key), raising=False)
    return path


def _written(file: Path, text: str = TEXT) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text.encode())
    return file


def test_every_setting_can_be_written_and_read_back() -> None:
    assert variable_of("remote.url") == "HERDMATE_REMOTE_URL"
    assert variable_of("engine.contextTokens") == "HERDMATE_ENGINE_CONTEXT_TOKENS"
    assert len({variable_of(key) for key in keys()}) == len(keys())
    assert not {variable_of(key) for key in keys()} & {"HERDMATE_HOME", "HERDMATE_CONFIG",
                                                      "HERDMATE_API_KEY"}  # fmt: skip
    for key in keys():
        default = default_of(key)
        value = value_from_text(key, text_of(default))
        assert value == (list(default) if isinstance(default, tuple) else default)
        assert fault_of(key, value) is None


@pytest.mark.parametrize(
    ("environment", "options", "value", "origin"),
    [
        ({}, [], 2, "config.toml"),
        ({"HERDMATE_ENGINE_THREADS": "3"}, [], 3, "HERDMATE_ENGINE_THREADS"),
        ({"HERDMATE_ENGINE_THREADS": ""}, [], 2, "config.toml"),
        ({"HERDMATE_ENGINE_THREADS": "x"}, [], 2, "config.toml"),
        ({"HERDMATE_ENGINE_THREADS": "3"}, [("engine.threads", "4", "--set")], 4, "--set"),
    ],
)
def test_later_sources_win(
    file: Path, environment: dict[str, str], options: list[tuple[str, str, str]], value: int,
    origin: str,
) -> None:  # fmt: skip
    _written(file)
    found = user_settings(environment, options)
    assert found.entry("engine.threads").value == found.settings.engine.threads == value
    assert found.entry("engine.threads").origin.endswith(origin)
    assert found.entry("model").value == "starter"
    assert found.entry("completion.delay").origin == "default"
    assert bool(found.faults) == ("x" in environment.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model = 3", "must be a string"), ("modle = 'x'", "did you mean"),
        ("engine = 3", "a group of settings"), ("[engine]\nthreads = 9999", "from 0 to 512"),
        ("model = ", "cannot be read"), ("\0", "cannot be read"),
        ("[engine]\nx.y = 1", "no setting"),
        ("[" * 5000, "cannot be read"), ("[server]\ncommand = 1", ""),
    ],
)  # fmt: skip
def test_mistakes_in_the_file_are_told_and_harm_nothing_else(
    file: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _written(file, text)
    assert main(["config", "get", "completion.delay"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{default_of('completion.delay')}\n"
    assert words in said.err
    assert "herdmate.engine" not in said.err
    assert said.err.count("\n") == bool(words)


def test_set_keeps_comments_and_order(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _written(file)
    file.chmod(0o640)
    assert main(["config", "set", "engine.THREADS", "4"]) == 0
    assert main(["config", "set", "completion.disabledIn", "python, *.md"]) == 0
    assert main(["config", "set", "remote.fallback", "on"]) == 0
    assert main(["config", "unset", "model"]) == 0
    assert f"Wrote {file}" in capsys.readouterr().err
    assert file.read_text() == (
        '# my settings\n\n[engine]\nthreads = 4\n\n[completion]\ndisabledIn = ["python", "*.md"]\n'
        "\n[remote]\nfallback = true\n"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    main(["config", "get", "completion.disabledIn"])
    assert capsys.readouterr().out == '["python", "*.md"]\n'


def test_set_keeps_line_ends_and_mark(file: Path) -> None:
    _written(file, "\ufeff" + TEXT.replace("\n", "\r\n"))
    assert main(["config", "set", "engine.threads", "4"]) == 0
    expected = ("\ufeff" + TEXT.replace("\n", "\r\n")).replace("threads = 2", "threads = 4")
    assert file.read_bytes().decode() == expected
    assert user_settings({}).entry("engine.threads").value == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model2", "x"], "did you mean model?"),
        (["contextTokens", "8192"], "engine.contextTokens"),
        (["engine.threads", "many"], "must be a whole number"),
        (["completion.enabled", "perhaps"], "true or false"),
        (["completion.multiline", "sometimes"], "auto, always, never"),
        (["zzz", "1"], "config show"),
    ],
)  # fmt: skip
def test_what_cannot_be_set(
    file: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "set", *words]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert "herdmate.e" not in said
    assert not file.exists()


def test_a_read_only_file_stays(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _written(file).chmod(0o444)
    assert main(["config", "set", "model", "auto"]) == 1
    assert "read-only" in capsys.readouterr().err
    assert file.read_text() == TEXT


def test_the_environment_wins_and_set_says_so(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_MODEL", "codellama-7b")
    assert main(["config", "set", "model", "starter"]) == 0
    assert "HERDMATE_MODEL is set" in capsys.readouterr().err
    main(["config", "get", "model", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told == {"key": "model", "value": "codellama-7b", "from": "HERDMATE_MODEL"}


@pytest.mark.parametrize(
    ("before", "key", "value", "code", "words"),
    [
        ("", "model", "/gone.gguf", 1, "set model to"),
        ("", "model", "startr", 1, "did you mean starter"),
        ("", "model", "startr --force", 0, "did you mean starter"),
        ("", "model", "", 2, "config unset model"),
        ("", "model", "codellama-7b", 0, "herdmate models pull codellama-7b"),
        ("", "model", "hf:owner/repo/file.gguf", 0, "herdmate models pull hf:owner/repo/file.gguf"),
        ("", "completion.model", "startr", 1, "Add --force"),
        ("", "completion.model", "/gone.gguf", 1, "set completion.model to"),
        ("", "completion.model", "auto", 0, ""),
        ("", "completion.model", "", 0, ""),
        ("http://127.0.0.1:1", "completion.model", "Qwen/small", 0, ""),
        ("", "completion.remoteUrl", "no address", 2, "completion.remoteUrl must be an address"),
    ],
)
def test_set_says_what_cannot_be_used(
    file: Path, before: str, key: str, value: str, code: int, words: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("HERDMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    if before:
        assert main(["config", "set", "completion.remoteUrl", before]) == 0
    capsys.readouterr()
    assert main(["config", "set", key, *(value.split() or [""])]) == code
    said = [line for line in capsys.readouterr().err.splitlines() if "Wrote" not in line]
    assert words in "".join(said)
    assert bool(words) == bool(said)
    stored = user_settings({}).entries.get(key)
    assert (stored and stored.value) == (None if code else value.removesuffix(" --force"))


def test_a_path_means_the_same_in_every_folder(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.gguf").write_bytes(gguf())
    assert main(["config", "set", "model", "./my.gguf"]) == 0
    assert user_settings({}).settings.model == str(tmp_path / "my.gguf")


def test_what_was_written_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = (
        ("set remote.url http://127.0.0.1:1", f"Wrote {file}: remote.url = http://127.0.0.1:1"),
        ("set remote.url http://127.0.0.1:1", f"Already in {file}: remote.url = http://127."),
        ("set completion.disabledIn a,b", f'Wrote {file}: completion.disabledIn = ["a", "b"]'),
        ("unset remote.url", f"Wrote {file}: remote.url is now http://x (HERDMATE_REMOTE_URL)"),
        ("unset completion.disabledIn", f"Wrote {file}: completion.disabledIn is now [] (default)"),
        ("unset engine.threads", f"{file} does not set engine.threads, which is 0 (default)"),
    )
    monkeypatch.setenv("HERDMATE_REMOTE_URL", "http://x")
    for words, said in steps:
        assert main(["config", *words.split()]) == 0
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[remote]\nurl = "http://x"\n', ""),
        ('model = "a"\n\n[remote]\nurl = "http://x"\n', 'model = "a"\n'),
        ('[remote] # mine\nurl = "http://x"\n', "[remote] # mine\n"),
        ('[remote]\n# mine\nurl = "http://x"\n', "[remote]\n# mine\n"),
        ('[remote]\nurl = "http://x"\nmodel = "b"\n', '[remote]\nmodel = "b"\n'),
        ('remote = {url = "http://x"}\nmodel = "a"\n', 'model = "a"\n'),
        ('remote.url = "http://x"\nmodel = "a"\n', 'model = "a"\n'),
        ('[remote]\nurl = "http://x"\n\n[engine]\nthreads = 2\n', "[engine]\nthreads = 2\n"),
    ],
)
def test_unset_leaves_no_empty_group(file: Path, before: str, after: str) -> None:
    _written(file, before)
    assert main(["config", "unset", "remote.url"]) == 0
    assert file.read_text() == after


def test_show_takes_settings_and_groups(capsys: pytest.CaptureFixture[str]) -> None:
    for words, shown in (
        ("model", {"model"}), ("MODEL engine.threads", {"model", "engine.threads"}),
        ("remote", {"remote.url", "remote.model", "remote.api", "remote.fallback"}),
        ("herdmate.refactor", {"refactor.preview"}),
    ):  # fmt: skip
        assert main(["config", "show", *words.split(), "--json"]) == 0
        assert set(json.loads(capsys.readouterr().out)["settings"]) == shown
    assert main(["config", "show", "modle"]) == 2
    assert "did you mean model?" in capsys.readouterr().err


def test_a_model_in_an_option_is_on_this_machine(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_REMOTE_URL", "http://127.0.0.1:1")
    for words in ("--model starter", "--set model=starter"):
        assert main(["config", "get", "remote.url", *words.split()]) == 0
        assert capsys.readouterr().out == "\n"
    assert main(["config", "get", "remote.url", "--model", "qwen3:4b"]) == 1
    assert "For one on http://127.0.0.1:1, write --set remote.model=qwen3:4b." in (
        capsys.readouterr().err
    )
    both = ["config", "get", "remote.url", "--model", "starter", "--set", "remote.url=http://x"]
    with pytest.raises(SystemExit):
        main(both)
    assert "--set remote.model=starter" in capsys.readouterr().err
    assert main([*both, "--set", "remote.fallback=true"]) == 0
    assert capsys.readouterr().out == "http://x\n"


def test_show(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _written(file)
    assert main(["--set", "completion.delay=10", "config", "show", "--json", "--set",
                 "completion.alternatives=2", "--context", "8192"]) == 0  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(file)
    assert set(told["settings"]) == set(keys())
    assert told["settings"]["completion.delay"] == {"value": 10, "from": "--set completion.delay"}
    assert told["settings"]["completion.alternatives"]["value"] == 2
    assert told["settings"]["engine.contextTokens"] == {"value": 8192, "from": "--context"}
    assert main(["config", "show"]) == 0
    assert capsys.readouterr().out.startswith("setting ")
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{file}\n"


def test_edit_checks_what_was_written(
    file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    editor = file.parent.parent / "my editor"
    editor.write_text("#!/bin/sh\necho 'model = 3' > \"$2\"\n")
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"'{editor}' --wait")
    assert main(["config", "edit"]) == 1
    assert "must be a string" in capfd.readouterr().err
    editor.write_text('#!/bin/sh\necho \'model = "startr"\' > "$2"\n')
    assert main(["config", "edit"]) == 1
    assert "model: There is no model 'startr'; did you mean starter" in capfd.readouterr().err
    editor.write_text('#!/bin/sh\necho \'completion.model = "0.5b"\' > "$2"\n')
    assert main(["config", "edit"]) == 1
    assert "completion.model: There is no model '0.5b'; did you" in capfd.readouterr().err
    editor.write_text('#!/bin/sh\necho \'model = "starter"\' > "$2"\n')
    assert main(["config", "edit"]) == 0
    assert not capfd.readouterr().err
    monkeypatch.setenv("VISUAL", "no-such-editor")
    assert main(["config", "edit"]) == 1
    assert "set EDITOR" in capfd.readouterr().err


def test_a_folder_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HERDMATE_CONFIG", "/proc/none/config.toml")
    assert main(["config", "set", "model", "auto"]) == 1
    assert capsys.readouterr().err.startswith("herdmate: /proc/none/config.toml cannot be written")


def test_an_editors_settings_lie_above() -> None:
    layers = with_own(Layers(), {"model": "a", "engine": {"threads": 2, "gpuLayers": 1}})
    assert merged(layers)["model"] == "a"
    layers = with_initial(layers, {"model": "b"})
    layers = with_pulled(layers, {"engine": {"threads": 3}})
    assert merged(layers) == {"model": "b", "engine": {"threads": 3, "gpuLayers": 1}}
    assert merged(with_pulled(layers, {}))["engine"] == {"threads": 2, "gpuLayers": 1}


def test_the_file_is_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HERDMATE_CONFIG")
    assert config_file().parts[-2:] == ("herdmate", "config.toml")
    assert os.path.isabs(config_file())


@pytest.mark.parametrize("text", ["", TEXT, "remote = 5 # mine\n", "model = 'a'\n[remote]\n"])
def test_taking_out_what_is_not_there_changes_nothing(file: Path, text: str) -> None:
    if text:
        _written(file, text)
    assert main(["config", "unset", "remote.url"]) == 0
    assert (file.read_text() if text else file.exists()) == (text or False)


@pytest.mark.parametrize("text", ["remote = 3\n", '[[remote]]\nurl = "http://a:1"\n'])
def test_what_stands_where_a_group_belongs_is_not_lost(
    file: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    _written(file, text)
    assert main(["config", "set", "remote.url", "http://127.0.0.1:1"]) == 1
    assert "remote is no group of settings" in capsys.readouterr().err
    assert file.read_text() == text


def test_nothing_is_written_that_could_not_be_read(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _written(file)
    many = ",".join(f"{number:0400}" for number in range(250))
    assert main(["config", "set", "completion.disabledIn", many]) == 1
    assert "64 kB" in capsys.readouterr().err
    for data in (b"# \xe4\n" + TEXT.encode(), b"# coding: cp1252 \x81\n", b"#" * 70_000):
        file.write_bytes(data)
        assert main(["config", "set", "model", "auto"]) == 1
        assert "config edit" in capsys.readouterr().err
        assert file.read_bytes() == data
    file.write_bytes("\ufeff# coding: cp1252 ä\r\n".encode())
    assert main(["config", "set", "model", "ä", "--force"]) == 0
    assert file.read_bytes().startswith("\ufeff# coding: cp1252 ä\r\n".encode())
    assert user_settings({}).settings.model == "ä"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("HERDMATE_REMOTE_ULR", "HERDMATE_REMOTE_URL"),
        ("HERDMATE_ENGINE_CONTEXTTOKENS", "HERDMATE_ENGINE_CONTEXT_TOKENS"),
        ("HERDMATE_THREADS", "HERDMATE_ENGINE_THREADS"),
        ("HERDMATE_HOME", ""), ("HERDMATE_CONFIG", ""), ("HERDMATE_API_KEY", ""),
        ("HERDMATE_API_KEY_ORIGIN", ""), ("HERDMATE_LONG", ""), ("HERDMATE_", ""), ("HOME", ""),
        ("HERDMATE_" + "X" * 100_000, ""),
    ],
)  # fmt: skip
def test_a_misspelt_variable_is_told(name: str, meant: str) -> None:
    faults = user_settings({name: "1"}).faults
    assert [meant] * bool(meant) == [fault.split()[-1].rstrip("?") for fault in faults]


def test_the_editor_gets_no_api_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    editor, told = tmp_path / "editor", tmp_path / "told"
    editor.write_text(f"#!/bin/sh\nenv > '{told}'\n")
    editor.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("HERDMATE_API_KEY", "sk-123")
    assert main(["config", "edit"]) == 0
    assert "EDITOR=" in told.read_text()
    assert "sk-123" not in told.read_text()


def test_a_hostile_file_is_refused_at_once_and_in_few_words(file: Path) -> None:
    begun = time.process_time()
    _written(file, "a" + ".a" * 30_000 + " = 1")
    assert "too many parts" in user_settings({}).faults[0]
    _written(file, "".join(f"k{number}=1\n" for number in range(7000)) + "model = 'mine'\n")
    found = user_settings({})
    assert len(found.faults) == 4
    assert "6997 more" in found.faults[-1]
    assert found.settings.model == "mine"
    assert time.process_time() - begun < 3
