"""``herdmate setup``: print an editor's Herdmate configuration, or write it into its file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from herdmate.bounded_read import read_text
from herdmate.child_process import isolated_command, which
from herdmate.cli.confirm import agrees
from herdmate.cli.console import Console
from herdmate.cli.editor import (
    Editor,
    advice,
    configuration,
    covered,
    editors,
    file_of,
    find,
    is_installed,
    marks,
    places_of,
    program_of,
)
from herdmate.cli.extension_file import INDENT, with_commands
from herdmate.cli.models_fetch import pull_with_progress
from herdmate.cli.parser import examples
from herdmate.cli.setup_file import LARGEST, change, read
from herdmate.cli.setup_merge import merged
from herdmate.cli.setup_remove import removed
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
    """``herdmate setup [EDITOR] [--write | --remove]``."""
    parser.add_argument(
        "editor", nargs="?", metavar="EDITOR", help="its name; omit it to list all editors"
    )
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument(
        "--write",
        action="store_true",
        help="show the change to the editor's file, and make it if you agree",
    )
    doing.add_argument(
        "--remove", action="store_true", help="the same for taking out what --write put in"
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
        "herdmate setup neovim --remove",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.editor is None:
        if arguments.write or arguments.remove:
            arguments.parser.error("name an EDITOR; `herdmate setup` lists them")
        _list(arguments.json)
        return 0
    editor = find(arguments.editor)
    if arguments.remove:
        if arguments.languages:
            arguments.parser.error("--remove takes out all languages; leave out --languages")
        return _remove(editor, arguments.file, arguments.yes)
    path = arguments.file or file_of(editor, os.environ, home_folder())
    languages = covered(editor, _asked(arguments.languages))
    if arguments.write:
        return _write(editor, path, languages, arguments.yes)
    write(configuration(editor, server_command(), languages))
    _tell(editor, path, languages)
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
    mark = marks(editor)[0] if editor.comment else "herdmate"
    for path in places_of(editor, os.environ, home_folder()):
        with suppress(OSError, UnicodeDecodeError):
            if mark in read_text(path, LARGEST, errors="strict"):
                return True
    return False


def _tell(editor: Editor, path: Path | None, languages: Sequence[str]) -> None:
    """Print advice on standard error, so that the configuration itself can go into a file as is."""
    console = Console(stderr=True, highlight=False)
    tried = f"tested with {editor.tried}" if editor.tried else "not tested yet"
    console.print(f"\n{editor.title}: {tried}.", soft_wrap=True)
    if path is not None:
        console.print(f"It goes into {path}", soft_wrap=True)
    after = " ".join(advice(editor, languages).split())
    for line in with_commands(editor, after).split("\n"):
        is_command = line.startswith(INDENT)
        console.print(line if is_command else line.strip(), soft_wrap=is_command)


def _write(editor: Editor, path: Path | None, languages: Sequence[str], yes: bool) -> int:
    """Show the change and make it if the user agrees."""
    console = Console(highlight=False)
    if path is None:
        raise SetupError(f"Set up {editor.title} by hand; `herdmate setup {editor.name}` says how.")
    file, chosen = read(path), "" if languages == covered(editor) else ",".join(languages)
    prints = f"herdmate setup {editor.name}" + (f" --languages {chosen}" if chosen else "")
    after = merged(editor, path, file.text, server_command(), languages)
    if after == file.text:
        console.print(f"{path} is already up to date.", soft_wrap=True)
    elif not change(file, after, prints, yes, console):
        return 1
    else:
        _tell(editor, None, languages)
    _offer_model(console, yes)
    return 0


def _remove(editor: Editor, named: Path | None, yes: bool) -> int:
    """Show what goes, and take it out if the user agrees: of all files that it may be in."""
    console = Console(highlight=False)
    places = [named] if named else places_of(editor, os.environ, home_folder())
    if not places:
        raise SetupError(
            f"What {editor.title} has of Herdmate was set up there; take it out there."
        )
    found = [(file, after) for path in dict.fromkeys(places)
             if (file := read(path, to_remove=True)).text is not None
             and (after := removed(editor, path, file.text)) != file.text]  # fmt: skip
    if not found:
        console.print(
            f"Nothing that `herdmate setup {editor.name}` wrote is in {places[-1]}.", soft_wrap=True
        )
    done = [change(file, after, "", yes, console) for file, after in found]
    if all(done) and is_installed(editor, os.environ, home_folder()):
        note(with_commands(editor, editor.after_removal))
    return 0 if all(done) else 1


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
