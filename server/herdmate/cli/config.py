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
from herdmate.child_process import API_KEYS, start_blocking, which
from herdmate.cli.parser import Parser, examples, meant
from herdmate.cli.replace_file import refuse_unwritable, replace
from herdmate.cli.settings_options import found_settings, refuse_no_address
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
from herdmate.errors import SettingsError, UsageError, reason_of
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
        "herdmate config show remote",
        "herdmate config set model codellama-7b",
        "herdmate config set remote.url http://big-machine:8000",
        "herdmate config unset remote.url",
    )
    parser.other_words = lambda word: f"set {word}" if word.partition("=")[0] in keys() else ""
    actions = parser.add_commands("actions", "ACTION")
    showing = actions.add_parser("show", help="list all settings, and where each value comes from")
    showing.add_argument(
        "keys", metavar="KEY", nargs="*", help="only these settings, or groups such as remote"
    )
    showing.add_argument("--json", action="store_true", help="the same as JSON")
    showing.set_defaults(run=_show)
    getting = actions.add_parser("get", help="print the value of a setting")
    getting.add_argument("key", metavar="KEY")
    getting.add_argument("--json", action="store_true", help="with its source, as JSON")
    getting.set_defaults(run=_get)
    setting = actions.add_parser("set", help="write a setting into the file")
    setting.add_argument("key", metavar="KEY")
    setting.add_argument("value", metavar="VALUE", nargs="*", help="lists are separated by commas")
    setting.add_argument(
        "--force", action="store_true",
        help="write a model that is unknown, or cannot be used here; all else is checked anyway",
    )  # fmt: skip
    setting.set_defaults(run=_set)
    unsetting = actions.add_parser("unset", help="take a setting out of the file")
    unsetting.add_argument("key", metavar="KEY")
    unsetting.set_defaults(run=_unset)
    place = actions.add_parser("path", help="print the path of the file")
    place.set_defaults(run=_path)
    editing = actions.add_parser("edit", help="open the file in your editor, then check it")
    editing.set_defaults(run=_edit)


def _show(arguments: argparse.Namespace) -> int:
    wanted = [key for name in arguments.keys for key in _group(name)] or keys()
    found = found_settings(arguments)
    entries = {key: found.entry(key) for key in wanted}
    if arguments.json:
        told = {key: {"value": item.value, "from": item.origin} for key, item in entries.items()}
        write(json.dumps({"file": str(config_file()), "settings": told}, indent=1) + "\n")
        return 0
    columns = (Column("setting"), Column("value"), Column("from", 1))
    show_table(columns, [(key, _shown(item.value), item.origin) for key, item in entries.items()])
    return 0


def _group(name: str) -> list[str]:
    """The settings of a group, or the one of that name. Raises ``UsageError``."""
    group = f"{name.removeprefix('herdmate.').rstrip('.').lower()}."
    return [key for key in keys() if key.lower().startswith(group)] or [_known(name)]


def _shown(value: Any) -> str:
    return text_of(value) or '""'


def _get(arguments: argparse.Namespace) -> int:
    key = _known(arguments.key)
    item = found_settings(arguments).entry(key)
    told = {"key": key, "value": item.value, "from": item.origin}
    write(f"{json.dumps(told, indent=1) if arguments.json else text_of(item.value)}\n")
    return 0


def _set(arguments: argparse.Namespace) -> int:
    name, equals, first = arguments.key.partition("=")
    key = _known(name)
    if not (equals or arguments.value):
        arguments.parser.error(f"name a VALUE, or take it out with `herdmate config unset {key}`")
    value = _value(key, " ".join([*[first] * bool(equals), *arguments.value]))
    note = ""
    if key in ("model", "completion.model"):
        from herdmate.cli.model_setting import named_for_good  # imports what reads models

        value, note = named_for_good(key, value, arguments.force)
    is_written = _change(key, value)
    tell(f"{'Wrote' if is_written else 'Already in'} {config_file()}: {key} = {_shown(value)}")
    if note:
        tell(f"herdmate: {note}")
    over = user_settings(os.environ).entry(key)
    if over.origin == variable_of(key):
        tell(f"herdmate: {over.origin} is set in the environment and wins over it.")
    return 0


def _value(key: str, text: str) -> Any:
    """What a setting is to be. Raises ``UsageError``."""
    try:
        value = value_from_text(key, text)
        refuse_no_address(key, value)
    except SettingsError as error:
        raise UsageError(str(error)) from error
    return value


def _unset(arguments: argparse.Namespace) -> int:
    key = _known(arguments.key)
    is_written = _change(key, None)
    left = user_settings(os.environ).entry(key)
    now = f"{_shown(left.value)} ({left.origin})"
    if is_written:
        tell(f"Wrote {config_file()}: {key} is now {now}")
    else:
        tell(f"{config_file()} does not set {key}, which is {now}")
    return 0


def _path(_arguments: argparse.Namespace) -> int:
    write(f"{config_file()}\n")
    return 0


def _edit(_arguments: argparse.Namespace) -> int:
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        replace(_real(file), None, _HEAD.encode())
    env = {name: value for name, value in os.environ.items() if name not in API_KEYS}
    with start_blocking(*_editor(), str(file), cwd=None, env=env) as process:
        code = process.wait()
    from herdmate.cli.model_setting import unknown_models  # imports what reads models

    settings = user_settings({})
    faults = (*settings.faults, *unknown_models(settings))
    for fault in faults:
        tell_error(f"herdmate: {in_terminal(fault, for_good=True)}")
    return 1 if code or faults else 0


def _editor() -> tuple[str, ...]:
    """The user's editor. Raises ``SettingsError`` if there is none."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        choices = [words_of(named)] if named else []
    except ValueError as error:
        raise SettingsError(f"EDITOR cannot be understood ({error}); correct it.") from error
    for program, *words in choices or (["nano"], ["vi"], ["notepad"]):
        path = program if os.path.isabs(program) else which(program)
        if path is not None and os.access(path, os.X_OK):
            return (path, *words)
    raise SettingsError(
        f"No editor was found; set EDITOR to one, or change {config_file()} yourself."
    )


def words_of(line: str, is_windows: bool = os.name == "nt") -> list[str]:
    """A command line's words; on Windows, backslashes are part of paths. Raises ``ValueError``."""
    words = shlex.split(line, posix=not is_windows)
    return [word.strip('"') for word in words] if is_windows else words


def _known(name: str) -> str:
    """A setting's full name, however its letters are written. Raises ``UsageError``."""
    key = name.removeprefix("herdmate.")
    exact = {known.lower(): known for known in keys()}
    if found := exact.get(key.lower()):
        return found
    near = meant(key, keys()) or meant(key, [known.rpartition(".")[2] for known in keys()])
    near = next((known for known in keys() if near and known.endswith(near)), "")
    hint = f"did you mean {near}?" if near else "see `herdmate config show`."
    raise UsageError(f"There is no setting {key!r}; {hint}")


def _change(key: str, value: Any) -> bool:
    """Write a setting into the file, or take it out; all else in it stays as it is.

    ``False`` if the file says so already.
    """
    file = config_file()
    coded, before = _read(file)
    after = coded.encoded(_changed(coded.text, key, value, file))
    if after == before or (before is None and value is None):
        return False
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
    return True


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
        if group not in table and value is not None:
            table[group] = tomlkit.table()
        elif not isinstance(table.get(group), Mapping):
            if value is None:
                return text
            raise SettingsError(
                f"In {file}, {group} is no group of settings; begin one with [{group}] in "
                "`herdmate config edit`."
            )
        table = table[group]
    if value is not None:
        table[name] = value
    elif table.pop(name, None) is not None and group and _is_bare(table):
        document.pop(group)
        return tomlkit.dumps(document).rstrip("\n") + "\n" * (len(document) > 0)
    return tomlkit.dumps(document)


def _is_bare(table: Any) -> bool:
    """Is nothing left of a group of settings, not even a comment?"""
    mark = getattr(getattr(table, "trivia", None), "comment", "")
    content = table.as_string() if hasattr(table, "as_string") else "more"
    return not mark and content.strip() in ("", "{}")


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
