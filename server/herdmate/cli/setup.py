"""``herdmate setup``: print an editor's Herdmate configuration, or write it into its file."""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from herdmate.actions.edits import unified
from herdmate.child_process import isolated_command, which
from herdmate.cli.confirm import agrees
from herdmate.cli.console import Console, show_diff
from herdmate.cli.editor import (
    Editor,
    configuration,
    covered,
    editors,
    file_of,
    find,
    is_installed,
    marks,
    program_of,
)
from herdmate.cli.models_fetch import pull_with_progress
from herdmate.cli.parser import examples
from herdmate.cli.replace_file import replace
from herdmate.cli.setup_merge import merged
from herdmate.cli.sizes import size_text
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import tell as note
from herdmate.cli.terminal import write
from herdmate.errors import NoModelError, SetupError
from herdmate.models import catalogue
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.settings import Settings
from herdmate.user_folders import home_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate setup [EDITOR] [--write]``."""
    parser.add_argument(
        "editor", nargs="?", metavar="EDITOR", help="its name; omit it to list all editors"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="show the change to the editor's file, and make it if you agree",
    )
    parser.add_argument(
        "--yes", action="store_true", help="make the change without asking; does not fetch a model"
    )
    parser.add_argument(
        "--file",
        type=Path,
        metavar="FILE",
        help="the editor's configuration file, if it is elsewhere",
    )
    parser.add_argument(
        "--languages", metavar="LANGUAGES",
        help="such as python,go, or all; by default all, where Herdmate runs beside other servers",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the list of editors as JSON")
    parser.epilog = examples(
        "herdmate setup",
        "herdmate setup neovim --write",
        "herdmate setup helix --languages python,go --write",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.editor is None:
        _list(arguments.json)
        return 0
    editor = find(arguments.editor)
    path = arguments.file or file_of(editor, os.environ, home_folder())
    languages = covered(editor, _asked(arguments.languages))
    if arguments.write:
        return _write(editor, path, languages, arguments.yes)
    write(configuration(editor, server_command(), languages))
    _tell(editor, path)
    return 0


def _asked(text: str | None) -> list[str]:
    """The ids of the languages after ``--languages``. Raises ``HerdmateError``."""
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    if not words or words == ["all"]:
        return words
    from herdmate.cli.locations import language_named  # imports what parses

    return [language_named(word) for word in words]


def server_command() -> tuple[str, ...]:
    """The command for this installation's server: absolute, as an editor may not have our PATH.

    A link in the user's folder of programs survives an update, so it is preferred to its target.
    """
    script = Path(sys.executable).with_name("herdmate" + (".exe" if os.name == "nt" else ""))
    if not script.exists():
        return isolated_command("herdmate", "serve")
    found = which("herdmate")
    is_this = found is not None and Path(found).samefile(script)
    return (str(Path(found).absolute()) if found and is_this else str(script), "serve")


def _list(as_json: bool) -> None:
    found = [(editor, program_of(editor), is_set_up(editor)) for editor in editors()]
    if as_json:
        told = [{"name": editor.name, "title": editor.title, "program": program or None,
                 "set_up": is_done} for editor, program, is_done in found]  # fmt: skip
        write(json.dumps(told, indent=1) + "\n")
        return
    columns = (Column("editor"), Column("set up", 1), Column("found", 2))
    show_table(columns, [(editor.name, "yes" if is_done else "no", program or "—")
                         for editor, program, is_done in found])  # fmt: skip
    note("herdmate setup EDITOR prints the configuration; --write adds it to the editor's file.")


def is_set_up(editor: Editor) -> bool:
    """Is there a configuration of ``setup`` for the editor on this machine, or an extension?"""
    if is_installed(editor, os.environ, home_folder()):
        return True
    path = file_of(editor, os.environ, home_folder())
    try:
        text = path.read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError):
        return False
    return (marks(editor)[0] if editor.comment else "herdmate") in text


def _tell(editor: Editor, path: Path | None) -> None:
    """Print advice on standard error, so that the configuration itself can go into a file as is."""
    console = Console(stderr=True, highlight=False)
    tried = f"tested with {editor.tried}" if editor.tried else "not tested yet"
    console.print(f"\n{editor.title}: {tried}.", soft_wrap=True)
    if path is not None:
        console.print(f"It goes into {path}", soft_wrap=True)
    console.print(" ".join(editor.after.split()))


def _write(editor: Editor, path: Path | None, languages: Sequence[str], yes: bool) -> int:
    """Show the change and make it if the user agrees."""
    console = Console(highlight=False)
    if path is None:
        raise SetupError(f"Set up {editor.title} by hand; `herdmate setup {editor.name}` says how.")
    before, text = _read(path)
    after = merged(editor, path, text, server_command(), languages)
    if after == text:
        console.print(f"{path} is already up to date.", soft_wrap=True)
        _offer_model(console, yes)
        return 0
    show_diff(unified(text, after, path.name))
    if not yes and not _user_agrees(path, console):
        return 1
    try:
        real = _own_file(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        replace(real, before, after.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or "it is in use"
        raise SetupError(f"{path} cannot be written ({reason}); add the lines yourself.") from error
    console.print(f"Wrote {path}", soft_wrap=True)
    _tell(editor, None)
    _offer_model(console, yes)
    return 0


def _own_file(path: Path) -> Path:
    """Where the editor's file really is.

    Many users keep it in a repository and link to it from here, so such a link is followed, unless
    another user made it. Raises ``SetupError`` in that case.
    """
    if path.is_symlink() and hasattr(os, "geteuid") and path.lstat().st_uid not in (
        0, os.geteuid(),
    ):  # fmt: skip
        raise SetupError(f"{path} is a link that another user made; add the lines yourself.")
    return path.resolve()


def _offer_model(console: Console, yes: bool) -> None:
    """Offer to fetch a model if there is none; ``--yes`` does not agree to a fetch."""
    try:
        first_message(Settings(), CONTROL_PIECES)
    except NoModelError:
        starter = catalogue.starter()
    else:
        return
    if yes or not sys.stdin.isatty():
        console.print("\nThere is no model yet; fetch one with `herdmate models pull starter`.")
    elif agrees(
        f"\nThere is no model yet. Fetch {starter.title}, {size_text(starter.size)}?", console
    ):
        pull_with_progress(starter, console)
    else:
        console.print("Your editor will ask again.")


def _user_agrees(path: Path, console: Console) -> bool:
    if not sys.stdin.isatty():
        console.print("Nothing was written; add --yes to write it.")
        return False
    if agrees(f"Write {path}?", console):
        return True
    console.print("Nothing was written.")
    return False


def _read(path: Path) -> tuple[bytes | None, str]:
    """The file's bytes and text; ``None`` and ``""`` if there is no file.

    Raises ``SetupError`` if it cannot be read, is not text, or must not be written.
    """
    try:
        before = path.read_bytes()
        writable = path.stat().st_mode & stat.S_IWUSR and os.access(path, os.W_OK)
        text = before.decode("utf-8")
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"{path} is not UTF-8 text; add the lines yourself.") from error
    if not writable:
        raise SetupError(
            f"{path} is read-only; make it writable, or name another file with --file."
        )
    return before, text
