"""``herdmate config``: the user's own settings, for the terminal and below those of editors."""

from __future__ import annotations

import argparse
import codecs
import json
import os
import shlex
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from herdmate.bounded_read import read_bytes
from herdmate.child_process import API_KEY, start_blocking, which
from herdmate.cli.parser import Parser, examples, meant
from herdmate.cli.replace_file import refuse_unwritable, replace
from herdmate.cli.settings_options import found_settings
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import tell, tell_error, write
from herdmate.cli.text_files import Coded
from herdmate.cli.user_settings import (
    LARGEST,
    config_file,
    text_of,
    user_settings,
    value_from_text,
    variable_of,
)
from herdmate.cli.wording import in_terminal
from herdmate.errors import HerdmateError, SettingsError, reason_of
from herdmate.roles import AUTO, Role, for_ghost_text
from herdmate.settings import keys

_HEAD = "# Herdmate's settings; `herdmate config show` lists them all.\n"


def add_arguments(parser: Parser) -> None:
    """``herdmate config show | get | set | unset | path | edit``."""
    parser.description = (
        "Settings come from a file, then environment variables such as HERDMATE_REMOTE_URL, then\n"
        "options such as --set engine.threads=4; later ones win. An editor's settings win over all."
    )
    parser.epilog = examples(
        "herdmate config show",
        "herdmate config set model codellama-7b",
        "herdmate config set remote.url http://big-machine:8000",
        "herdmate config unset remote.url",
    )
    actions = parser.add_commands("actions", "ACTION")
    showing = actions.add_parser("show", help="list all settings, and where each value comes from")
    showing.add_argument("--json", action="store_true", help="the same as JSON")
    showing.set_defaults(run=_show)
    getting = actions.add_parser("get", help="print the value of a setting")
    getting.add_argument("key", metavar="KEY")
    getting.add_argument("--json", action="store_true", help="with its source, as JSON")
    getting.set_defaults(run=_get)
    setting = actions.add_parser("set", help="write a setting into the file")
    setting.add_argument("key", metavar="KEY")
    setting.add_argument("value", metavar="VALUE", nargs="+", help="lists are separated by commas")
    setting.set_defaults(run=_set)
    unsetting = actions.add_parser("unset", help="take a setting out of the file")
    unsetting.add_argument("key", metavar="KEY")
    unsetting.set_defaults(run=_unset)
    place = actions.add_parser("path", help="print the path of the file")
    place.set_defaults(run=_path)
    editing = actions.add_parser("edit", help="open the file in your editor, then check it")
    editing.set_defaults(run=_edit)


def _show(arguments: argparse.Namespace) -> int:
    found = found_settings(arguments)
    entries = {key: found.entry(key) for key in keys()}
    if arguments.json:
        told = {key: {"value": item.value, "from": item.origin} for key, item in entries.items()}
        write(json.dumps({"file": str(config_file()), "settings": told}, indent=1) + "\n")
        return 0
    columns = (Column("setting"), Column("value"), Column("from", 1))
    show_table(columns, [(key, text_of(item.value) or '""', item.origin)
                         for key, item in entries.items()])  # fmt: skip
    return 0


def _get(arguments: argparse.Namespace) -> int:
    key = _known(arguments.key)
    item = found_settings(arguments).entry(key)
    told = {"key": key, "value": item.value, "from": item.origin}
    write(f"{json.dumps(told, indent=1) if arguments.json else text_of(item.value)}\n")
    return 0


def _set(arguments: argparse.Namespace) -> int:
    key = _known(arguments.key)
    value = value_from_text(key, " ".join(arguments.value))
    if key in ("remote.url", "completion.remoteUrl") and value:
        _refuse_no_address(key, value)
    _change(key, value)
    if key == "model":
        _tell_unusable(value)
    elif key == "completion.model" and value not in ("", AUTO):
        _tell_unusable(value, "completion")
    over = user_settings(os.environ).entry(key)
    if over.origin == variable_of(key):
        tell(f"herdmate: {over.origin} is set in the environment and wins over it.")
    return 0


def _refuse_no_address(key: str, url: str) -> None:
    """Raise ``SettingsError`` for what is no address of a server."""
    from herdmate.engine.remote.endpoint import endpoint_of  # imports what asks servers

    try:
        endpoint_of(url)
    except SettingsError as error:
        said = str(error)
        raise SettingsError(said if key == "remote.url" else for_ghost_text(said)) from error


def _tell_unusable(name: str, role: Role = "answers") -> None:
    """Say why a model cannot be used for a role; it may be fetched later."""
    import psutil

    from herdmate.models.choose import choose
    from herdmate.models.discovery import in_place
    from herdmate.models.folder import model_folder

    settings = user_settings(os.environ).settings
    if role == "completion" and settings.completion.remote_url:
        return  # it is a name there
    free = psutil.virtual_memory().available
    try:
        choose(name, model_folder(), free, settings.engine.context_tokens, in_place())
    except HerdmateError as error:
        said = str(error)
        tell(f"herdmate: {in_terminal(for_ghost_text(said) if role == 'completion' else said)}")


def _unset(arguments: argparse.Namespace) -> int:
    _change(_known(arguments.key), None)
    return 0


def _path(_arguments: argparse.Namespace) -> int:
    write(f"{config_file()}\n")
    return 0


def _edit(_arguments: argparse.Namespace) -> int:
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        replace(_real(file), None, _HEAD.encode())
    env = {name: value for name, value in os.environ.items() if name != API_KEY}
    with start_blocking(*_editor(), str(file), cwd=None, env=env) as process:
        code = process.wait()
    faults = user_settings({}).faults
    for fault in faults:
        tell_error(f"herdmate: {in_terminal(fault)}")
    return 1 if code or faults else 0


def _editor() -> tuple[str, ...]:
    """The user's editor. Raises ``SettingsError`` if there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        choices = [shlex.split(named, posix=os.name != "nt")] if named else []
    except ValueError as error:
        raise SettingsError(f"EDITOR cannot be understood ({error}); correct it.") from error
    for program, *words in choices or (["nano"], ["vi"], ["notepad"]):
        path = program if os.path.isabs(program) else which(program)
        if path is not None and os.access(path, os.X_OK):
            return (path, *words)
    raise SettingsError(
        f"No editor was found; set EDITOR to one, or change {config_file()} yourself."
    )


def _known(name: str) -> str:
    """A setting's full name, however its letters are written. Raises ``SettingsError``."""
    key = name.removeprefix("herdmate.")
    exact = {known.lower(): known for known in keys()}
    if found := exact.get(key.lower()):
        return found
    near = meant(key, keys()) or meant(key, [known.rpartition(".")[2] for known in keys()])
    near = next((known for known in keys() if near and known.endswith(near)), "")
    hint = f"did you mean {near}?" if near else "see `herdmate config show`."
    raise SettingsError(f"There is no setting {key!r}; {hint}")


def _change(key: str, value: Any) -> None:
    """Write a setting into the file, or take it out; all else in it stays as it is."""
    file = config_file()
    coded, before = _read(file)
    after = coded.encoded(_changed(coded.text, key, value, file))
    if after == before or (before is None and value is None):
        return
    if len(after) > LARGEST:
        raise SettingsError(
            f"{file} would be larger than {LARGEST >> 10} kB and no longer be read; write less."
        )
    real = _real(file)
    if before is not None:
        refuse_unwritable(real)
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        replace(real, before, after)
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be written: {reason_of(error)}; name another with HERDMATE_CONFIG."
        ) from error
    tell(f"Wrote {file}")


def _changed(text: str, key: str, value: Any, file: Path) -> str:
    import tomlkit  # takes a tenth of a second
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except (TOMLKitError, RecursionError) as error:
        raise SettingsError(
            f"{file} is not valid TOML ({reason_of(error)}); correct it with "
            "`herdmate config edit`."
        ) from error
    group, _, name = key.rpartition(".")
    table: Any = document
    if group:
        if not isinstance(table.get(group), Mapping):
            if value is None:
                return text
            table[group] = tomlkit.table()
        table = table[group]
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
    return tomlkit.dumps(document)


def _read(file: Path) -> tuple[Coded, bytes | None]:
    """The file as TOML has to be, in UTF-8, and its bytes. Raises ``SettingsError``."""
    try:
        data = read_bytes(file, LARGEST)
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        return Coded(data[len(mark) :].decode(), "utf-8", mark), data
    except FileNotFoundError:
        return Coded(_HEAD), None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{file} cannot be read ({reason_of(error)}); correct it with `herdmate config edit`."
        ) from error


def _real(file: Path) -> Path:
    """The file behind a link, such as one into a repository of the user's own settings."""
    if file.is_symlink() and hasattr(os, "geteuid"):
        owner = os.lstat(file).st_uid
        if owner not in (0, os.geteuid()) or not stat.S_ISLNK(os.lstat(file).st_mode):
            raise SettingsError(f"{file} is a link that another user made; change it yourself.")
    return file.resolve()
