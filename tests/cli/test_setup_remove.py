"""``herdmate setup EDITOR --remove``: what ``--write`` put in goes, and all else stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from herdmate.cli import setup, setup_file
from herdmate.cli.editor import Editor, covered, editors, find, marks
from herdmate.cli.main import main
from herdmate.cli.setup_merge import merged
from herdmate.cli.setup_remove import removed
from herdmate.errors import SetupError
from tests.cli.test_setup_merge import APART, HELIX, KATE

COMMANDS = (
    ("/opt/herdmate", "serve"),
    ("/usr/bin/python3", "-I", "-m", "herdmate", "serve"),
    ('/opt/it\'s a "new" C:\\place/herdmate', "serve"),
)
WITH_FILES = tuple(editor for editor in editors() if editor.files)
OF_JSON = tuple(editor for editor in WITH_FILES if not editor.comment)


def _path(editor: Editor) -> Path:
    return Path("languages.toml" if editor.name == "helix" else "file")


def _goes_back(
    editor: Editor, text: str | None, languages: tuple[str, ...] = (), tried: int = 3
) -> None:
    """What is written, whichever way the server is started, goes without a trace."""
    path, chosen = _path(editor), covered(editor, languages)
    for command in COMMANDS[:tried]:
        after = merged(editor, path, text, command, chosen)
        assert after != text
        assert removed(editor, path, after) == text
        updated = merged(editor, path, after, ("/new/herdmate", "serve"), chosen)
        assert removed(editor, path, updated) == text


@pytest.mark.parametrize("editor", WITH_FILES, ids=lambda editor: editor.name)
@pytest.mark.parametrize("text", [None, "", " ", "\n", "\n\n", "\r\n"])
def test_a_file_that_was_blank_or_was_not_there(editor: Editor, text: str | None) -> None:
    _goes_back(editor, text)


@pytest.mark.parametrize("editor", WITH_FILES, ids=lambda editor: editor.name)
@pytest.mark.parametrize("end", ["\n", "\n\n", "", "\r\n"])
def test_what_else_a_file_holds_stays(editor: Editor, end: str) -> None:
    text = '{\n  "x": [1] // é\n}' if not editor.comment else f"{editor.comment} mine é\n"
    _goes_back(editor, text.rstrip("\n").replace("\n", "\r\n" if "\r" in end else "\n") + end)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *((name, text) for name in ("zed", "kate", "sublime", "vscode") for text in (
            "{}", "{ }", "{\n}", "{\n}\n", "\n{\n}\n", "{}\n",
            "// mine\n{\n  // none yet\n}\n", "{ // c\n}",
            '{"x": 1}', '{"x": 1,}', '{ "x": 1, }', '{"x": {"y": {}}} // z', '{"x": 1\n}',
            '{\n  "x": 1}', '{\n  "x": 1 // c\n  ,\n}', '{\n\t"x": 1, /* a\n b */\n}',
            '{"servers": {}, "clients": { }, "lsp": {"pylsp": {\n}}, "languages": {}}',
            '{"herdmate.model": "auto"}', KATE, KATE.replace("\n", "\r\n"),
        )),
        ("zed", '{"languages": {"Python": {"language_servers": ["ruff", "..."]}}}'),
        ("zed", '{"languages": {"Python": {"language_servers": ["pylsp"]}}}'),
        ("zed", '{"languages": {"Python": {"language_servers": []}}}'),
        ("zed", '{"languages": {"Python": {"language_servers": [\n "ruff", // r\n]}}}'),
        ("zed", '{"languages": {"Python": {"language_servers": [\n "ruff" // r\n]}}}'),
        ("zed", '{"lsp": {"pylsp": {"settings": {}}, "ruff": {}}}'),
        ("kate", '{"servers": {"python": {"rootIndicationFileNames": [".git"]}}}'),
        ("helix", HELIX), ("helix", HELIX.rstrip("\n")), ("helix", HELIX.replace("\n", "\r\n")),
        ("helix", APART.replace("[[language]]\n]", "]")),
        ("helix", APART.replace("[[language]]\n]", "\"\"\"\n[[language]]\n\"\"\"]")),
    ],
)  # fmt: skip
def test_files_as_people_have_them(name: str, text: str) -> None:
    _goes_back(find(name), text)


ITEMS = st.sampled_from(
    ['"a"', "'b, ]'", '{ name = "c", only = ["x"] }', '"""d,\n]"""', "{name = 'herdmate'}"]
)
WHITE = st.sampled_from(["", " ", "\n", "\n  ", " # c,]\n", "\n\n    "])


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A file of Helix's languages, with lists in every style."""
    found = []
    for name in draw(st.lists(st.sampled_from(["go", "python", "elm", "rust"]), max_size=4)):
        lines = ["[[language]]", f'name = "{name}"']
        if draw(st.booleans()):
            items = draw(st.lists(ITEMS, max_size=3))
            body = ",".join(f"{draw(WHITE)}{item}{draw(WHITE)}" for item in items)
            is_ended = draw(st.booleans())
            comma = "," if items and is_ended else ""
            lines.append(f"language-servers = [{body}{comma}{draw(WHITE)}]")
        lines += draw(st.lists(st.sampled_from(["roots = []", "# mine", "", "x = 1"]), max_size=2,
                               unique=True))  # fmt: skip
        found.append("\n".join(lines) + draw(st.sampled_from(["\n", "\n\n", "\n# about it\n"])))
    text = "".join(found) + draw(st.sampled_from(["", "# end", "[editor]\n"]))
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(tables())
def test_any_table_of_helix_is_as_it_was(text: str) -> None:
    try:
        merged(find("helix"), Path("x.toml"), text, COMMANDS[0], ("python", "go"))
    except SetupError:  # nothing is written
        assume(False)
    _goes_back(find("helix"), text, ("python", "go"), 1)


KEYS = st.sampled_from(["servers", "python", "lsp", "pylsp", "binary", "languages", "Python",
                        "clients", "language_servers", "x"])  # fmt: skip
VALUES = st.recursive(
    st.sampled_from([1, "s", True, None, ["pylsp"], ["ruff", "..."], []]),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
GROUPS = st.dictionaries(KEYS, VALUES, max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(GROUPS, st.sampled_from(OF_JSON), st.sampled_from([None, 1, "\t"]), st.booleans(),
       st.sampled_from(["", "\n"]))  # fmt: skip
def test_any_json_is_as_it_was(
    group: dict[str, Any], editor: Editor, indent: Any, is_windows: bool, end: str
) -> None:
    text = json.dumps(group, indent=indent) + end
    text = text.replace("\n", "\r\n") if is_windows else text
    try:
        merged(editor, Path("x"), text, COMMANDS[0], covered(editor))
    except SetupError:
        assume(False)
    _goes_back(editor, text, (), 1)


@settings(deadline=None)
@given(st.sampled_from([editor for editor in WITH_FILES if editor.comment]),
       st.lists(st.sampled_from(["a", "", " ", "\x0c", "é"])), st.sampled_from(["\n", "\r\n"]),
       st.booleans())  # fmt: skip
def test_any_lines_are_as_they_were(
    editor: Editor, lines: list[str], newline: str, is_ended: bool
) -> None:
    lines = [f"{editor.comment} {line}" if line else "" for line in lines]
    text = newline.join(lines) + newline * is_ended
    after = merged(editor, Path("x"), text, COMMANDS[0], covered(editor))
    assert removed(editor, Path("x"), after) == text


def test_what_the_user_added_later_stays() -> None:
    helix, path = find("helix"), _path(find("helix"))
    after = merged(helix, path, HELIX, COMMANDS[0], covered(helix))
    more = f'# first\n{after}# last\n[[language]]\nname = "elm"\n'
    assert removed(helix, path, more) == f'# first\n{HELIX}# last\n[[language]]\nname = "elm"\n'
    vim, path = find("vim"), Path("x.vim")
    block = merged(vim, path, None, COMMANDS[0], covered(vim))
    assert removed(vim, path, f"set mine\n{block}") == "set mine\n"
    assert removed(vim, path, f"{block}set mine\n") == "set mine\n"
    zed, path = find("zed"), Path("x.json")
    text = merged(zed, path, '{\n  "a": 1\n}\n', COMMANDS[0], ())
    more = text.replace('"serve"]', '"serve"],\n        "env": {}', 1).replace('"a": 1', '"a": 2')
    assert json.loads(removed(zed, path, more) or "") == {
        "a": 2, "lsp": {"pylsp": {"binary": {"env": {}}}},
    }  # fmt: skip


@pytest.mark.parametrize("note", ["// mine", '// "go": {},', "/* mine */"])
@pytest.mark.parametrize("name", ["kate", "sublime", "zed"])
@pytest.mark.parametrize("end", ["{", "}"])
def test_a_note_in_a_group_of_ours_stays(name: str, note: str, end: str) -> None:
    editor = find(name)
    after = merged(editor, Path("x"), '{\n  "a": 1\n}\n', COMMANDS[0], covered(editor))
    group = {"kate": "servers", "sublime": "clients", "zed": "binary"}[name]
    at = after.index(f'"{group}": {{') + len(f'"{group}": {{')
    at = at if end == "{" else after.rindex("}", 0, after.rindex("}"))
    rest = removed(editor, Path("x"), f"{after[:at]}\n{note}\n{after[at:]}")
    assert note in (rest or "")
    assert "/opt/herdmate" not in (rest or "")


def test_a_line_of_ours_that_the_user_changed_keeps_what_they_put_in() -> None:
    helix, path = find("helix"), _path(find("helix"))
    after = merged(helix, path, '[[language]]\nname = "go"\n', COMMANDS[0], ("go",))
    changed = after.replace('"gopls", ', '"gopls", "mine", ', 1)
    rest = removed(helix, path, changed) or ""
    assert 'language-servers = ["gopls", "mine", "golangci-lint-lsp"]' in rest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kate", '{"servers": {"python": {"command": ["pylsp"]}}}'), ("kate", '{"x": 1}'),
        ("kate", '{"servers": {"python": {"command": ["/home/herdmate/bin/pylsp"]}}}'),
        ("zed", '{"lsp": {"pylsp": {"binary": {"path": "C:\\\\herdmate\\\\venv\\\\pylsp.exe"}}}}'),
        ("zed", '{"lsp": {"pylsp": {"binary": {"path": "/bin/pylsp", "arguments": []}}}}'),
        ("vscode", '{"herdmate.model": "auto"}'), ("vim", '" herdmate\n'),
        ("helix", '[language-server.herdmate]\ncommand = "mine"\n'), ("emacs", ""),
    ],
)  # fmt: skip
def test_what_nobody_wrote_with_setup_stays(name: str, text: str) -> None:
    assert removed(find(name), _path(find(name)), text) == text


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("kate", "{", "was not changed (line 1 is not JSON)"),
     ("vim", f"{marks(find('vim'))[0]}\n", "exactly once")],
)  # fmt: skip
def test_what_would_come_to_harm_is_left_alone(name: str, text: str, said: str) -> None:
    with pytest.raises(SetupError) as caught:
        removed(find(name), Path("x"), text)
    assert said in str(caught.value)


@pytest.mark.parametrize("editor", WITH_FILES, ids=lambda editor: editor.name)
def test_a_file_that_setup_made_is_deleted(
    editor: Editor, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", editor.name, "--write", "--yes"]) == 0
    made = [path for path in home.rglob("*") if path.is_file()]
    assert len(made) == 1
    assert setup.is_set_up(editor)
    capsys.readouterr()
    assert main(["setup", editor.name, "--remove", "--yes"]) == 0
    assert f"Deleted {made[0]}" in capsys.readouterr().out
    assert not made[0].exists()
    left = {folder.relative_to(home).as_posix() for folder in home.rglob("*")}
    assert left <= {".config"}
    assert not setup.is_set_up(editor)
    assert main(["setup", editor.name, "--remove", "--yes"]) == 0
    assert "Nothing that" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["file", "link", "elsewhere"])
def test_folders_that_are_not_ours_to_remove_stay(
    kind: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    plugin = home / ".vim" / "plugin"
    words = ["--file", str(tmp_path / "x" / "x.vim")] if kind == "elsewhere" else []
    plugin.parent.mkdir(exist_ok=True)
    (home / "mine").mkdir()
    if kind == "file":
        (plugin.parent / "mine").touch()
    if kind == "link":
        plugin.symlink_to(home / "mine")
    assert main(["setup", "vim", "--write", "--yes", *words]) == 0
    assert main(["setup", "vim", "--remove", "--yes", *words]) == 0
    assert plugin.parent.is_dir()
    assert (home / "mine").is_dir()
    assert plugin.is_symlink() == (kind == "link")
    assert plugin.exists() == (kind == "link")
    assert (tmp_path / "x").exists() == (kind == "elsewhere")


def test_it_is_found_in_every_file_of_an_editor(home: Path) -> None:
    """Emacs reads the first one that exists, which may be another than when it was written."""
    assert main(["setup", "emacs", "--write", "--yes"]) == 0
    (home / ".emacs").write_text(";; mine\n")
    assert main(["setup", "emacs", "--write", "--yes"]) == 0
    assert main(["setup", "emacs", "--remove", "--yes"]) == 0
    assert (home / ".emacs").read_text() == ";; mine\n"
    assert not (home / ".emacs.d" / "init.el").exists()


@pytest.mark.parametrize(("data", "mode"), [(b";; mine\n", 0o444), (b";; \xff\n", 0o644)])
def test_a_file_that_has_nothing_of_ours_is_in_nobody_s_way(
    home: Path, data: bytes, mode: int
) -> None:
    (home / ".emacs").write_text(";; mine\n")
    assert main(["setup", "emacs", "--write", "--yes"]) == 0
    other = home / ".emacs.d" / "init.el"
    other.parent.mkdir()
    other.write_bytes(data)
    other.chmod(mode)
    assert main(["setup", "emacs", "--remove", "--yes"]) == 0
    assert (home / ".emacs").read_text() == ";; mine\n"
    assert other.read_bytes() == data


@pytest.mark.parametrize("how", ["--write", "--remove"])
def test_a_file_that_is_read_only_is_left_alone(
    home: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".emacs"
    path.write_text(";; mine\n")
    if how == "--remove":
        assert main(["setup", "emacs", "--write", "--yes"]) == 0
    before = path.read_text()
    path.chmod(0o444)
    assert main(["setup", "emacs", how, "--yes"]) == 1
    assert f"{path} is read-only" in capsys.readouterr().err
    assert path.read_text() == before


def test_the_change_is_shown_and_asked_about(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / ".config" / "helix" / "languages.toml"
    path.parent.mkdir(parents=True)
    path.write_text(HELIX)
    assert main(["setup", "helix", "--write", "--yes"]) == 0
    written = path.read_text()
    capsys.readouterr()
    assert main(["setup", "helix", "--remove"]) == 1
    shown = capsys.readouterr().out
    for line in (f"--- {path}", f"+++ {path}", "-[language-server.herdmate]", "Nothing was"):
        assert f"\n{line}" in f"\n{shown}"
    asked: list[str] = []

    def answering(answer: bool) -> Callable[[str, object], bool]:
        def agrees(question: str, _: object) -> bool:
            asked.append(question)
            return answer

        return agrees

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(setup_file, "agrees", answering(False))
    assert main(["setup", "helix", "--remove"]) == 1
    assert path.read_text() == written
    monkeypatch.setattr(setup_file, "agrees", answering(True))
    assert main(["setup", "helix", "--remove"]) == 0
    assert asked == [f"Write {path}?"] * 2
    assert path.read_text() == HELIX


def test_a_link_stays_and_what_it_leads_to_is_changed(home: Path) -> None:
    path, target = home / ".config" / "helix" / "languages.toml", home / "dotfiles.toml"
    path.parent.mkdir(parents=True)
    path.symlink_to(target)
    for text in ("# mine\n", None):
        if text is not None:
            target.write_text(text)
        assert main(["setup", "helix", "--write", "--yes"]) == 0
        assert main(["setup", "helix", "--remove", "--yes"]) == 0
        assert path.is_symlink()
        assert (target.read_text() if target.exists() else None) == text
        target.unlink(missing_ok=True)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everything")
def test_a_folder_that_is_read_only_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "vim", "--write", "--yes"]) == 0
    folder = home / ".vim" / "plugin"
    folder.chmod(0o555)
    assert main(["setup", "vim", "--remove", "--yes"]) == 1
    folder.chmod(0o755)
    assert "read-only" in capsys.readouterr().err
    assert (folder / "herdmate.vim").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--remove"], 2, "name an EDITOR"), (["--write"], 2, "name an EDITOR"),
        (["helix", "--remove", "--write"], 2, "not allowed with"),
        (["helix", "--remove", "--languages", "go"], 2, "leave out --languages"),
        (["jetbrains", "--remove"], 1, "take it out there"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(
    home: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["setup", *words]) == code
    assert said in capsys.readouterr().err


def exit_code(words: list[str]) -> object:
    """What the command ends with, whether it returns or exits."""
    try:
        return main(words)
    except SystemExit as ended:
        return ended.code
