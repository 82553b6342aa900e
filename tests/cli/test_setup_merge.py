"""``herdmate setup``: languages, and settings merged into files that the user has already."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from herdmate.cli import setup
from herdmate.cli.editor import Editor, configuration, covered, editors, find
from herdmate.cli.json_edit import parsed
from herdmate.cli.main import main
from herdmate.cli.setup_merge import merged
from herdmate.cli.toml_edit import with_item
from herdmate.context.languages import LANGUAGES
from herdmate.errors import SetupError, UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

COMMAND = ("/opt/herdmate", "serve")


def _merged(name: str, text: str, *languages: str) -> str:
    """What a file of an editor becomes; doing it again changes nothing."""
    editor = find(name)
    chosen = covered(editor, languages)
    path = Path("x.toml" if name == "helix" else "x")
    after = merged(editor, path, text, COMMAND, chosen)
    assert merged(editor, path, after, COMMAND, chosen) == after
    return after


@pytest.mark.parametrize("editor", editors(), ids=lambda editor: editor.name)
def test_languages_of_an_editor(editor: Editor) -> None:
    assert set(editor.languages) <= set(LANGUAGES)
    assert set(editor.usual) <= set(editor.languages)
    if not editor.languages:
        with pytest.raises(UsageError, match="takes no --languages"):
            covered(editor, ["python"])
        return
    everything = configuration(editor, COMMAND, covered(editor, ["all"]))
    assert all(names[0] in everything for names in editor.languages.values())
    assert "$" not in everything.replace('$"', "").replace("$')", "")
    python, name = configuration(editor, COMMAND, ["python"]), editor.languages["rust"][0]
    assert editor.languages["python"][0] in python
    assert f'"{name}' not in python.replace(f"{name}Lua", "")
    with pytest.raises(UsageError, match="is not known to have 'elm'; choose from"):
        covered(editor, ["elm"])


@pytest.mark.parametrize(
    ("words", "code", "out", "err"),
    [
        (["helix", "--languages", "go, c++"], 0, 'name = "cpp"', "Helix"),
        (["emacs"], 0, "python-mode", "Eglot"), (["emacs", "--languages", "all"], 0, "go-mode", ""),
        (["helix", "--languages", "pyhton"], 2, "", "did you mean python?"),
        (["vscode", "--languages", "go"], 2, "", "VS Code takes no --languages"),
    ],
)  # fmt: skip
def test_languages_are_named_as_anywhere(
    words: list[str], code: int, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", *words]) == code
    said = capsys.readouterr()
    assert out in said.out
    assert err in said.err
    assert 'name = "python"' not in said.out


HELIX = """\
# mine
[[language]]
name = "python"   # snakes
language-servers = [ "pylsp", { name = "ruff", only-features = ["format"] } ]  # two

[[language]]
name = "rust"
auto-format = true

[[language]]
name = "go"
language-servers = ["gopls", {name = "herdmate"}]

[editor]  # not Helix's, but mine
"""


def test_languages_in_the_users_toml_get_one_more_server() -> None:
    after = _merged("helix", HELIX)
    found = {item["name"]: item["language-servers"] for item in tomllib.loads(after)["language"]}
    assert found["python"] == ["pylsp", {"name": "ruff", "only-features": ["format"]}, "herdmate"]
    assert found["rust"] == ["rust-analyzer", "herdmate"]
    assert found["go"] == ["gopls", {"name": "herdmate"}]
    assert found["java"] == ["jdtls", "herdmate"]
    assert len(found) == len(tomllib.loads(after)["language"]) == len(find("helix").languages)
    theirs = after.splitlines()[: len(HELIX.splitlines()) + 1]
    assert [line for line in HELIX.splitlines() if line not in theirs] == [
        'language-servers = [ "pylsp", { name = "ruff", only-features = ["format"] } ]  # two'
    ]
    assert "# two" in after


APART = """\
# top
[[language]]
name = "python"
# about pylsp
[language-server.pylsp]
command = "pylsp"


# about go: [[language]]
[[language]]
name = "go"
roots = [
  "go.mod",
[[language]]
]
"""


@pytest.mark.parametrize(
    "text",
    [
        APART.replace("[[language]]\n]", "]"), APART.replace("[[language]]\n]", "[]]"),
        APART.replace("[[language]]\n]", "\"\"\"\n[[language]]\nname = 'rust'\n\"\"\"]"),
        APART.replace("[[language]]\n]", "] # \u2028 x").replace("\n", "\r\n"),
        '[[language]]\nname = ["python"]\n[[language]]\nname = {a = 1}\n[[language]]\nx = 1',
        "\n" * 99 + '[[language]]\nname = "go"' + "\n" * 99 + "[editor]\n",
    ],
)  # fmt: skip
def test_tables_and_comments_of_the_users_toml_stay_in_place(text: str) -> None:
    after = _merged("helix", text, "python", "go")
    lines = [line for line in after.split("\n") if not line.startswith("language-servers")]
    assert "\n".join(lines).startswith(text)
    assert "language-servers" not in after.partition("# about")[0].partition("name")[0]
    again = f'{after}\n# mine too\n[[language]]\nname = "rust"\n'
    assert _merged("helix", again, "python", "go", "rust").startswith(again)


def test_servers_of_a_language_that_is_there_twice_stay() -> None:
    twice = '[[language]]\nname = "go"\n%s[[language]]\nname = "go"\n%s'
    mine = 'language-servers = ["mine"]\n'
    for first, second in ((mine, ""), ("", mine)):
        after = _merged("helix", twice % (first, second), "go")
        both = (item.replace("]", ', "herdmate"]') for item in (first, second))
        assert after.startswith(twice % tuple(both))


def test_a_language_that_the_user_adds_later_leaves_our_block() -> None:
    before = _merged("helix", "# mine\n", "python", "go")
    after = _merged("helix", f'{before}[[language]]\nname = "go"\nroots = []\n', "python", "go")
    tables = tomllib.loads(after)["language"]
    assert [table["name"] for table in tables] == ["python", "go"]
    servers = ["gopls", "golangci-lint-lsp", "herdmate"]
    assert tables[1] == {"name": "go", "roots": [], "language-servers": servers}


KATE = """\
{
    // mine
    "servers": {
        "rust": { "command": ["rust-analyzer"] }, /* rust */
    },
}
"""


def test_the_line_ends_of_the_users_toml_stay() -> None:
    text = '[[language]]\r\nname = "go"\r\n'
    after = _merged("helix", text)
    assert after.startswith(
        f'{text}language-servers = ["gopls", "golangci-lint-lsp", "herdmate"] # herdmate setup\r\n'
    )
    assert after.count("\n") == after.count("\r\n")


def test_settings_are_merged_into_the_users_json() -> None:
    after = _merged("kate", KATE)
    assert [line for line in KATE.splitlines() if line not in after.splitlines()] == []
    servers = parsed(after).plain["servers"]
    assert servers["rust"] == {"command": ["rust-analyzer"]}
    assert servers["python"]["command"] == list(COMMAND)
    with pytest.raises(SetupError, match=r"it sets servers\.rust\.command already"):
        _merged("kate", KATE, "rust")


def test_the_servers_that_zed_runs_stay() -> None:
    text = '{"languages": {"Python": {"language_servers": ["ruff", "..."], "tab_size": 2}}}'
    after = _merged("zed", text)
    assert '"language_servers": ["ruff", "...", "pylsp" /* herdmate setup */]' in after
    python = parsed(after).plain["languages"]["Python"]
    assert python == {"language_servers": ["ruff", "...", "pylsp"], "tab_size": 2}


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ("", {"herdmate.server.command": ["/opt/herdmate"]}),
        ('{\n  // old\n  "herdmate.server.command": ["/old/herdmate"],\n}', None),
        ('{"editor.tabSize": 2}', None),
    ],
)
def test_vs_code_is_pointed_to_this_one(present: str, expected: object) -> None:
    after = _merged("vscode", present)
    plain = parsed(after).plain
    assert plain["herdmate.server.command"] == ["/opt/herdmate"]
    assert expected in (None, plain)
    assert ("// old" in after) == ("// old" in present)


def test_a_file_of_settings_is_written_and_known_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    settings = tmp_path / ".config" / "Code" / "User" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{ "a": 1 } // mine\n')
    assert not setup.is_set_up(find("vscode"))
    extension = tmp_path / ".vscode" / "extensions" / "herdmate.herdmate-0.1.0"
    extension.mkdir(parents=True)
    assert setup.is_set_up(find("vscode"))
    extension.rmdir()
    assert main(["setup", "vscode", "--write", "--yes"]) == 0
    assert setup.is_set_up(find("vscode"))
    assert settings.read_text().endswith("} // mine\n")
    assert "+" in capsys.readouterr().out
    settings.write_text('{ "a": 1')
    assert main(["setup", "vscode", "--write", "--yes"]) == 1
    assert "settings.json was not changed (line 1 is not JSON)" in capsys.readouterr().err
    assert settings.read_text() == '{ "a": 1'


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("emacs", "(add-hook 'python-mode-hook #'lsp)", "it starts lsp-mode"),
        ("emacs", "(add-hook 'go-mode-hook 'lsp-deferred)", "it starts lsp-mode"),
        ("emacs", "(use-package lsp-mode :hook ((python-mode . lsp)))", "it starts lsp-mode"),
        ("emacs", ";; >>> herdmate setup emacs-lsp-mode >>>", "it starts lsp-mode"),
        ("emacs-lsp-mode", "(add-hook 'c-mode-hook 'eglot-ensure)", "it starts Eglot"),
        ("emacs-lsp-mode", ";; >>> herdmate setup emacs >>>", "it starts Eglot"),
        ("emacs", ";; (add-hook 'python-mode-hook #'lsp)", ""),
        ("emacs", "(require 'lsp-mode)", ""), ("emacs", "(setq lsp-idle-delay 1)", ""),
        ("emacs-lsp-mode", "; eglot-ensure", ""),
    ],
)  # fmt: skip
def test_two_clients_in_one_emacs_are_told(name: str, text: str, told: str) -> None:
    if told:
        with pytest.raises(SetupError, match=told):
            _merged(name, f"{text}\n")
    else:
        assert _merged(name, f"{text}\n").startswith(text)


def test_a_long_list_takes_no_longer() -> None:
    text = '[[language]]\nname = "python"\nroots = [\n' + '["x"],\n' * 3000 + "]\n"
    started = time.process_time()
    after = with_item(text, "language", "python", "language-servers", "herdmate", ["pylsp"])
    assert after.startswith(text)
    assert time.process_time() - started < 2
