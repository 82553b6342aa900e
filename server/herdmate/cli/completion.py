"""``herdmate completion SHELL``: what makes a shell complete commands, actions, models and files.

The shell asks this program on each Tab, so names of models and of the user's own actions are
completed too. argcomplete does the talking: of the well-kept libraries it is the one that knows
bash, zsh and fish alike.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

from herdmate.cli.parser import Parser, examples
from herdmate.cli.terminal import is_output_shown, tell, write
from herdmate.errors import HerdmateError

_SHELLS = {
    "bash": 'eval "$(herdmate completion bash)" in ~/.bashrc',
    "zsh": 'eval "$(herdmate completion zsh)" in ~/.zshrc, after compinit',
    "fish": "herdmate completion fish | source in ~/.config/fish/config.fish",
}
"""What to put where."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate completion SHELL``."""
    parser.add_argument("shell", choices=sorted(_SHELLS), metavar="SHELL", help="bash, zsh or fish")
    parser.epilog = examples(*_SHELLS.values())
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    write(shellcode(["herdmate"], shell=arguments.shell) + "\n")
    if is_output_shown():  # else a shell takes it, each time that one starts
        tell(f"For every new shell, put {_SHELLS[arguments.shell]}")
    return 0


def answer_shell(
    parser_for: Callable[[list[str]], Parser], joined: Mapping[tuple[str, str], str]
) -> None:
    """Tell the shell that asked what could come next, and end the process.

    ``joined``: two words that are one command, and that command's name; no shell is told of it.
    """
    import argcomplete

    is_help = _replaced(("help",), "")
    for words, name in joined.items():
        _replaced(words, name)
    parser = parser_for(re.split(r"\s+", os.environ.get("COMP_LINE", "")))
    if not is_help:
        parser.add_command("help", "show a command's page")
    _add_completers(parser, {**_COMPLETERS, "SET": partial(_first_or_file, list(joined))})
    argcomplete.autocomplete(parser, always_complete_options=False, exclude=tuple(joined.values()))


def _replaced(words: Sequence[str], name: str) -> bool:
    """Put the command that is meant into the line of which the shell asks, before its cursor."""
    line, point = os.environ.get("COMP_LINE", ""), os.environ.get("COMP_POINT", "")
    said = r"\s+".join(map(re.escape, words))
    found = re.match(rf"(?P<before>\S+\s+(?:-\S+\s+)*){said}\s+", line)
    if found is None or not point.isdigit() or int(point) < found.end():
        return False
    meant = found["before"] + (f"{name} " if name else "")
    os.environ["COMP_LINE"] = meant + line[found.end() :]
    os.environ["COMP_POINT"] = str(int(point) + len(meant) - found.end())
    return True


_Completer = Callable[..., Iterable[str]]


def _add_completers(parser: Parser, completers: Mapping[str, _Completer]) -> None:
    for action in parser._actions:
        is_place = action.dest in ("places", "select")
        known = _places if is_place else completers.get(str(action.metavar))
        if known is not None and not action.choices:
            action.completer = known  # type: ignore[attr-defined]
    for child in parser.subparsers():
        _add_completers(child, completers)


def _first_or_file(
    pairs: Sequence[tuple[str, str]], prefix: str, parser: argparse.ArgumentParser,
    parsed_args: argparse.Namespace, **_: Any,
) -> Iterable[str]:  # fmt: skip
    """The words that can follow a command in place of its first file, and files."""
    first = not getattr(parsed_args, "sets", None) and parser.prog.rpartition(" ")[2]
    return [*(word for command, word in pairs if command == first), *_files(prefix)]


def _files(prefix: str, *kinds: str) -> Iterable[str]:
    from argcomplete.completers import FilesCompleter

    found: Iterable[str] = FilesCompleter(kinds)(prefix)
    return found


def _places(prefix: str = "", **_: Any) -> Iterable[str]:
    """Files and, after the colon of one, its definitions."""
    if ":" in prefix:
        from herdmate.cli.definition_names import places_in  # imports what parses

        if (found := places_in(prefix)) is not None:
            return found
    return _files(prefix)


def _actions(parser: argparse.ArgumentParser, **_: Any) -> Iterable[str]:
    from herdmate.prompting.library import load_library

    explains = parser.prog.endswith("explain")
    actions = load_library()[0].actions
    return [action.name for action in actions if (action.kind == "explain") == explains]


def _models(prefix: str = "", **_: Any) -> Iterable[str]:
    return _files(prefix, "gguf") if prefix[:1] in ("/", "~", ".") else model_names()


def model_names(**_: Any) -> Iterable[str]:
    """The names of all models, those on this machine first."""
    from herdmate.models import catalogue
    from herdmate.models.discovery import in_place, own
    from herdmate.models.folder import model_folder

    with suppress(OSError, HerdmateError):
        here = [item.name for item in (*own(model_folder()), *in_place())]
        known = [model.name for model in catalogue.models()]
        return [
            *here,
            "auto",
            *catalogue.short_names(),
            *known,
            *(item.name for item in catalogue.elsewhere()),
        ]
    return []


def _keys(**_: Any) -> Iterable[str]:
    from herdmate.settings import keys

    return keys()


def _assignments(prefix: str = "", **_: Any) -> Iterable[str]:
    key, equals, value = prefix.partition("=")
    if not equals:
        return [f"{known}=" for known in _keys()]
    return [f"{key}={choice}" for choice in _choices(key, value)]


def _values(
    prefix: str = "", parsed_args: argparse.Namespace | None = None, **_: Any
) -> Iterable[str]:
    """What the setting can be that was named before."""
    return _choices(getattr(parsed_args, "key", ""), prefix)


def _choices(name: str, prefix: str) -> list[str]:
    """What a setting can be; of a list, what the entry after the last comma can be."""
    from herdmate.settings import default_of

    lower = name.removeprefix("herdmate.").lower()
    key = next((known for known in _keys() if known.lower() == lower), "")
    if key in ("model", "completion.model"):
        return list(_models(prefix))
    if key == "engine.adapters":
        return list(_files(prefix, "gguf"))
    if key == "completion.disabledIn":
        choices = list(_languages())
    elif not key or not (choices := list(_choices_of(key))):
        return []
    if not isinstance(default_of(key), tuple):
        return choices
    said = prefix.rpartition(",")[0]
    taken = said.split(",")
    return [f"{said},{choice}" if said else choice for choice in choices if choice not in taken]


def _choices_of(key: str) -> tuple[str, ...]:
    """What the setting with this full name can be, or its list's entries; empty if anything."""
    from herdmate.settings import Settings, names

    group: Any = Settings()
    *parts, last = key.split(".")
    for part in parts:
        group = getattr(group, names(group)[part])
    hint = get_type_hints(type(group), include_extras=True)[names(group)[last]]
    if hint is bool:
        return ("true", "false")
    inner = get_args(hint)[0] if get_origin(hint) is tuple else hint
    return tuple(map(str, get_args(inner))) if get_origin(inner) is Literal else ()


def _languages(**_: Any) -> Iterable[str]:
    from herdmate.context.languages import LANGUAGES

    return LANGUAGES


def _editors(**_: Any) -> Iterable[str]:
    from herdmate.cli.editor import editors

    return [editor.name for editor in editors()]


def _saved(**_: Any) -> Iterable[str]:
    from herdmate.cli.chat_files import names

    return names()


_COMPLETERS: dict[str, _Completer] = {
    "ACTION": _actions,
    "MODEL": _models,
    "KEY": _keys,
    "KEY=VALUE": _assignments,
    "VALUE": _values,
    "LANGUAGE": _languages,
    "EDITOR": _editors,
    "NAME": _saved,
}
"""By how help shows an argument; all others are files."""
