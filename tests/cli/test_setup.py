"""``herdmate setup``: what is printed for each editor, and what becomes of the user's own files."""

from __future__ import annotations

import json
import os
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from herdmate.cli import setup, setup_file
from herdmate.cli.editor import Editor, configuration, editors, file_of, find, marks
from herdmate.cli.main import main
from herdmate.models import catalogue
from herdmate.models.catalogue import CatalogueModel
from tests.cli.pressed_keys import IN_A_SESSION

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SERVED = ".local/share/code-server"

GOLDEN = Path(__file__).parents[1] / "golden" / "setup"
COMMAND = ("/opt/herdmate/bin/herdmate", "serve")
AWKWARD = ('/opt/it\'s a "new" C:\\place/herdmate', "serve")

pytestmark = pytest.mark.usefixtures("home")

each_editor = pytest.mark.parametrize("editor", editors(), ids=lambda editor: editor.name)


@pytest.fixture
def languages(home: Path) -> Path:
    """Where Helix's configuration goes; it is not there yet."""
    return home / ".config" / "helix" / "languages.toml"


def write(*more: str) -> int:
    return main(["setup", "helix", "--write", "--yes", *more])


@each_editor
def test_what_is_printed(editor: Editor) -> None:
    assert configuration(editor, COMMAND) == (GOLDEN / f"{editor.name}.txt").read_text("utf-8")


def test_every_golden_text_is_of_an_editor() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {editor.name for editor in editors()}


@each_editor
def test_a_path_with_quotes_and_spaces_stays_one_word(editor: Editor) -> None:
    text = configuration(editor, AWKWARD)
    if text.startswith("{"):
        assert AWKWARD[0] in _strings(json.loads(text))
    elif editor.name == "helix":
        assert AWKWARD[0] in _strings(tomllib.loads(text))
    elif editor.name == "vim":
        assert "'" + AWKWARD[0].replace("'", "''") + "'" in text
    elif editor.name != "jetbrains":
        assert json.dumps(AWKWARD[0]) in text


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    return (
        [text for item in value for text in _strings(item)]
        if isinstance(value, list)
        else [str(value)]
    )


@each_editor
def test_only_the_configuration_is_printed_to_standard_output(
    editor: Editor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", editor.name]) == 0
    printed = capsys.readouterr()
    assert printed.out == configuration(editor, setup.server_command())
    assert editor.title in printed.err
    assert ("not tested" in printed.err) == (not editor.tried)
    path = file_of(editor, os.environ, Path.home())
    assert path is None or str(path) in printed.err


@pytest.mark.parametrize("name", ["emacs", "kate"])
@pytest.mark.parametrize(
    ("languages", "replaced", "others"),
    [
        ("", "replaces any other Python server", True),
        ("go,rust", "replaces any other Go or Rust server", False),
        ("all", "replaces any other server for these languages", False),
    ],
)
def test_the_advice_names_the_languages_that_are_set_up(
    name: str, languages: str, replaced: str, others: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", name, *(["--languages", languages] if languages else [])]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert replaced in said
    assert ("For other languages: --languages" in said) == others


@pytest.mark.parametrize(
    ("name", "there", "expected"),
    [
        ("neovim", [], ".config/nvim/plugin/herdmate.lua"),
        ("helix", [], ".config/helix/languages.toml"),
        ("emacs", [], ".emacs.d/init.el"),
        ("emacs", [".config/emacs/init.el"], ".config/emacs/init.el"),
        ("emacs", [".config/emacs/init.el", ".emacs"], ".emacs"),
        ("vim", [], ".vim/plugin/herdmate.vim"),
        ("vscode", [], ".config/Code/User/settings.json"),
        ("vscode", [f"{SERVED}/User/settings.json"], f"{SERVED}/Machine/settings.json"),
        ("vscode", [".vscode-server/data/x"], ".vscode-server/data/Machine/settings.json"),
        ("vscode", [".vscode-server/data/x", ".config/Code/User/settings.json"],
         ".config/Code/User/settings.json"),
    ],
)  # fmt: skip
def test_where_it_goes(home: Path, name: str, there: list[str], expected: str) -> None:
    for path in there:
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).touch()
    assert file_of(find(name), {}, home) == home / expected


def test_an_editor_is_known_by_its_program_too() -> None:
    assert find("nvim") == find("neovim")
    assert find("emacs").name == "emacs"


def test_folders_of_the_environment_are_kept_to(home: Path) -> None:
    environment = {"XDG_CONFIG_HOME": "/etc/me", "NVIM_APPNAME": "nvim-new"}
    place = file_of(find("neovim"), environment, home)
    assert place == Path("/etc/me/nvim-new/plugin/herdmate.lua")


def test_the_link_among_the_users_programs_is_what_editors_start(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Path(sys.executable).with_name("herdmate")
    link = home / "bin" / "herdmate"
    link.parent.mkdir()
    monkeypatch.setenv("PATH", str(link.parent))
    assert setup.server_command() == (str(script), "serve")
    link.symlink_to(script)
    assert setup.server_command() == (str(link), "serve")


def test_without_its_script_the_server_is_started_where_no_folder_matters(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Isolated, unless the package lies where an isolated Python does not look."""
    python = str(home / "python")
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert setup.server_command() == (python, "-I", "-m", "herdmate", "serve")
    installed_in = str(Path(setup.__file__).parents[2])
    monkeypatch.setattr("site.getusersitepackages", lambda: installed_in)
    if sys.version_info >= (3, 11):
        assert setup.server_command() == (python, "-P", "-m", "herdmate", "serve")
    else:
        assert setup.server_command()[1:] == (f"{installed_in}/herdmate/__main__.py", "serve")


def test_it_is_written_into_a_new_file_and_a_second_time_changes_nothing(
    languages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write() == 0
    text = languages.read_text("utf-8")
    assert text == configuration(find("helix"), setup.server_command())
    lines = text.count("\n")
    assert (
        f"{languages} is new: {lines} lines, which `herdmate setup helix` prints.\n"
        in capsys.readouterr().out
    )
    before = languages.stat()
    assert write() == 0
    assert "is already up to date" in capsys.readouterr().out
    assert languages.stat() == before


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_the_user_has_stays_and_an_old_block_is_renewed(languages: Path, newline: str) -> None:
    languages.parent.mkdir(parents=True)
    begin, end = marks(find("helix"))
    mine = ["# mine é", "[[language]]", 'name = "elixir"', ""]
    old = [*mine, begin, "[language-server.herdmate]", 'command = "old"', end, "# mine too"]
    languages.write_bytes(newline.join(old).encode())
    languages.chmod(0o640)
    assert write() == 0
    text = languages.read_bytes().decode()
    block = configuration(find("helix"), setup.server_command()).replace("\n", newline)
    assert text == newline.join(mine) + newline + block + "# mine too"
    assert stat.S_IMODE(languages.stat().st_mode) == 0o640
    assert [path.name for path in languages.parent.iterdir()] == [languages.name]


def test_a_file_that_does_not_end_its_last_line_is_added_to(languages: Path) -> None:
    languages.parent.mkdir(parents=True)
    languages.write_text('[language-server.other]\ncommand = "other"', "utf-8")
    assert write() == 0
    assert set(tomllib.loads(languages.read_text("utf-8"))["language-server"]) == {
        "other",
        "herdmate",
    }


def test_a_link_stays_a_link(languages: Path, home: Path) -> None:
    languages.parent.mkdir(parents=True)
    target = home / "dotfiles.toml"
    languages.symlink_to(target)  # which is not there yet
    assert write() == 0
    assert languages.is_symlink()
    assert "herdmate" in target.read_text("utf-8")


def test_nothing_is_written_where_nobody_can_be_asked(
    languages: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["setup", "helix", "--write"]) == 1
    assert "--yes" in capsys.readouterr().out
    assert not languages.exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param("y\nn\n", 0, id="yes, but no model"),
        pytest.param("n\n", 1, id="no"),
        pytest.param("\n", 1, id="enter"),
        pytest.param("what?\nn\n", 1, id="no after a word that is neither"),
        pytest.param("\x04", 1, id="end of input"),
    ],
)
def test_on_a_terminal_the_change_is_shown_and_the_user_asked(
    languages: Path, keys: str, expected: int
) -> None:
    languages.parent.mkdir(parents=True)
    languages.write_text("# mine\n", "utf-8")
    before = languages.stat().st_mtime_ns
    status, shown = _in_a_terminal(["setup", "helix", "--write"], "[y/n]", keys)
    is_written = expected == 0
    block = configuration(find("helix"), setup.server_command())
    for line in ("# mine", *block.splitlines()):
        assert line in shown
    question = f"Write {languages}? "
    assert shown.index(block.splitlines()[-1]) < shown.index(question)
    assert (f"Wrote {languages}" in shown) == is_written
    assert ("Nothing was written." in shown) == (status == 1)
    assert ("There is no model yet. Fetch" in shown) == is_written
    assert "Traceback" not in shown
    assert status == expected
    if is_written:
        assert languages.read_text("utf-8") == "# mine\n\n" + block
    else:
        assert languages.read_text("utf-8") == "# mine\n"
        assert languages.stat().st_mtime_ns == before
    assert [path.name for path in languages.parent.iterdir()] == [languages.name]


def _in_a_terminal(arguments: list[str], question: str, keys: str) -> tuple[int, str]:
    """The exit status and what was on a terminal where the keys are pressed at the question."""
    ours, theirs = os.openpty()
    command = [*setup.server_command()[:-1], *arguments]
    environment = {**os.environ, "COLUMNS": "300", "TERM": "xterm", "NO_COLOR": "1"}
    # A session of its own, whose terminal this is, so that a key can end its input.
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_SESSION, *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while question.encode() not in shown:
            shown += _read(ours)
        os.write(ours, keys.encode())
        while more := _read(ours):
            shown += more
        return process.wait(timeout=120), shown.decode().replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal: int) -> bytes:
    """What came next, waiting at most half a minute; nothing where the program has ended."""
    assert select.select([terminal], [], [], 30)[0], "nothing came"
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux tells that nobody has the other side any more
        return b""


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_model_is_fetched_only_if_that_is_wanted(
    languages: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_wanted: bool,
) -> None:
    fetched: list[CatalogueModel] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(setup, "agrees", lambda *_: is_wanted)
    monkeypatch.setattr(setup_file, "agrees", lambda *_: True)
    monkeypatch.setattr(setup, "pull_with_progress", lambda model, _console: fetched.append(model))
    assert main(["setup", "helix", "--write"]) == 0
    assert languages.exists()
    assert fetched == ([catalogue.starter()] if is_wanted else [])
    assert ("ask again" in capsys.readouterr().out) != is_wanted


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_with_yes_nothing_is_asked_on_a_terminal_and_nothing_is_fetched(languages: Path) -> None:
    for said in (f"Wrote {languages}", f"{languages} is already up to date."):
        status, shown = _in_a_terminal(["setup", "helix", "--write", "--yes"], "no model yet", "")
        assert status == 0
        assert said in shown
        assert "There is no model yet; fetch one with `herdmate models pull starter`.\n" in shown


@pytest.mark.parametrize("is_there", [True, False])
def test_where_nobody_can_be_asked_the_missing_model_is_named(
    languages: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    tiny_model: Path,
    is_there: bool,
) -> None:
    if is_there:
        folder = home / ".local" / "share" / "herdmate" / "models"
        folder.mkdir(parents=True)
        (folder / tiny_model.name).symlink_to(tiny_model)
    assert write() == 0
    assert languages.exists()
    assert ("herdmate models pull starter" in capsys.readouterr().out) != is_there


BEGIN, END = marks(find("helix"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            b"[language-server.herdmate]\n", "configures Herdmate by itself", id="herdmate"
        ),
        pytest.param(b'language = [{name = "go"}]\n', "TOML", id="in one line"),
        pytest.param(b"[[language\n", "TOML", id="broken"),
        pytest.param(b"# \xff\n", "UTF-8", id="bytes"),
        pytest.param(f"{BEGIN}\n".encode(), "exactly once", id="no end"),
        pytest.param(f"{END}\n{BEGIN}\n".encode(), "exactly once", id="turned"),
        pytest.param(f"{BEGIN}\n{END}\n".encode() * 2, "exactly once", id="twice"),
    ],
)
def test_a_file_that_would_come_to_harm_is_left_alone(
    languages: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    languages.parent.mkdir(parents=True)
    languages.write_bytes(content)
    assert write() == 1
    assert said in capsys.readouterr().err
    assert languages.read_bytes() == content


def test_what_is_no_file_is_neither_waited_for_nor_read(
    languages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    languages.parent.mkdir(parents=True)
    os.mkfifo(languages)
    assert not setup.is_set_up(find("helix"))
    assert write() == 1
    assert "is not a regular file; add the lines yourself." in capsys.readouterr().err
    languages.unlink()
    languages.symlink_to("/dev/zero")
    assert main(["setup", "helix", "--remove", "--yes"]) == 1
    assert "is not a regular file; take the lines out yourself." in capsys.readouterr().err


def test_a_read_only_file_is_left_alone(
    languages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    languages.parent.mkdir(parents=True)
    languages.touch()
    languages.chmod(0o444)
    assert write() == 1
    assert "read-only" in capsys.readouterr().err
    assert languages.read_bytes() == b""


def test_a_folder_that_cannot_be_made_is_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".config").touch()  # a file
    assert write() == 1
    assert "toml cannot be read: Not a directory" in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("jetbrains", 1, "by hand"), ("neovm", 2, "did you mean neovim?"),
     ("notepad", 2, "it knows emacs,")],
)  # fmt: skip
def test_what_cannot_be_written_is_said(
    capsys: pytest.CaptureFixture[str], name: str, code: int, said: str
) -> None:
    assert main(["setup", name, "--write", "--yes"]) == code
    assert said in capsys.readouterr().err


def test_without_an_editor_those_on_this_machine_are_listed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "hx").touch(0o755)
    monkeypatch.setenv("PATH", str(home))
    monkeypatch.setenv("COLUMNS", "300")
    write()
    capsys.readouterr()
    assert main(["setup"]) == 0
    rows = {
        line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if line
    }
    assert rows["helix"] == ["yes", str(home / "hx")]
    assert rows["kate"] == ["no", "—"]
