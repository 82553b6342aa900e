"""``herdmate completion SHELL``: what makes a shell complete commands, actions, models and files.

The shell asks this program on each Tab, so names of models and of the user's own actions are
completed too. argcomplete does the talking: of the well-kept libraries it is the one that knows
bash, zsh and fish alike.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from herdmate.cli.parser import Parser, examples
from herdmate.cli.terminal import tell, write
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
    tell(f"For every new shell, put {_SHELLS[arguments.shell]}")
    return 0


def answer_shell(parser_for: Callable[[list[str]], Parser]) -> None:
    """Tell the shell that asked what could come next, and end the process."""
    import argcomplete

    parser = parser_for(re.split(r"\s+", os.environ.get("COMP_LINE", "")))
    _add_completers(parser)
    argcomplete.autocomplete(parser, always_complete_options=False)


def _add_completers(parser: Parser) -> None:
    for action in parser._actions:
        known = _COMPLETERS.get(str(action.metavar))
        if known is not None and not action.choices:
            action.completer = known  # type: ignore[attr-defined]
    for child in parser.subparsers():
        _add_completers(child)


def _actions(parser: argparse.ArgumentParser, **_: Any) -> Iterable[str]:
    from herdmate.prompting.library import load_library

    explains = parser.prog.endswith("explain")
    actions = load_library()[0].actions
    return [action.name for action in actions if (action.kind == "explain") == explains]


def model_names(**_: Any) -> Iterable[str]:
    """The names of all models, those on this machine first."""
    from herdmate.models import catalogue
    from herdmate.models.discovery import in_place, own
    from herdmate.models.folder import model_folder

    with suppress(OSError, HerdmateError):
        here = [item.name for item in (*own(model_folder()), *in_place())]
        known = [model.name for model in catalogue.models()]
        return [*here, "auto", "starter", *known, *(item.name for item in catalogue.elsewhere())]
    return []


def _keys(**_: Any) -> Iterable[str]:
    from herdmate.settings import keys

    return keys()


def _assignments(**_: Any) -> Iterable[str]:
    return [f"{key}=" for key in _keys()]


def _languages(**_: Any) -> Iterable[str]:
    from herdmate.context.languages import LANGUAGES

    return LANGUAGES


def _editors(**_: Any) -> Iterable[str]:
    from herdmate.cli.editor import editors

    return [editor.name for editor in editors()]


_COMPLETERS: dict[str, Callable[..., Iterable[str]]] = {
    "ACTION": _actions,
    "MODEL": model_names,
    "KEY": _keys,
    "KEY=VALUE": _assignments,
    "LANGUAGE": _languages,
    "EDITOR": _editors,
}
"""By how help shows an argument; all others are files."""
