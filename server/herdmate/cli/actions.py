"""``herdmate actions``: what ``explain`` and ``refactor`` can be asked for."""

from __future__ import annotations

import argparse
import json

from herdmate.cli.action_context import action_library
from herdmate.cli.locations import language_named
from herdmate.cli.parser import examples
from herdmate.cli.tables import Column, show_table
from herdmate.cli.terminal import tell, write
from herdmate.context.languages import language_name
from herdmate.prompting.library import Action, user_folder

_REFACTOR, _EXPLAIN = "refactor ACTION", "explain --action ACTION"
_COMMANDS = {"explain": _EXPLAIN, "rewrite": _REFACTOR, "tests": _REFACTOR}
_WITHOUT = {"‘$symbol’": "a name", "“$diagnostics”": "what is wrong"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate actions [LANGUAGE] [--json]``."""
    parser.add_argument(
        "language", nargs="?", metavar="LANGUAGE",
        help="only actions for this language, such as python; also as --language",
    )  # fmt: skip
    parser.add_argument("--language", dest="option", metavar="LANGUAGE", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.epilog = examples("herdmate actions go", "herdmate refactor document src/app.py:10-40")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    said = arguments.language or arguments.option
    language = language_named(said) if said else ""
    actions = [
        action for action in action_library().actions
        if not language or not action.languages or language in action.languages
    ]  # fmt: skip
    if arguments.json:
        write(json.dumps([_told(action) for action in actions], indent=1) + "\n")
        return 0
    actions.sort(key=lambda action: _COMMANDS[action.kind] == _EXPLAIN)
    columns = (Column("action"), Column("does", 1, wraps=True), Column("needs", 2),
               Column("languages", 3))  # fmt: skip
    groups = [f"herdmate {_COMMANDS[action.kind]} FILE:START-END" for action in actions]
    show_table(columns, [_row(action) for action in actions], groups)
    tell(f"Your own actions are TOML files in {user_folder()}")
    return 0


def _row(action: Action) -> tuple[str, ...]:
    names = list(dict.fromkeys(language_name(item).partition(" (")[0] for item in action.languages))
    return action.name, _title(action), ", ".join(_needs(action)), ", ".join(names) or "all"


def _title(action: Action) -> str:
    title = action.title
    for placeholder, words in _WITHOUT.items():
        title = title.replace(placeholder, words)
    return title.rstrip("…")


def _needs(action: Action) -> list[str]:
    """What has to be given or there."""
    found = [need for need in action.needs if not need.startswith(("code", "diagnostic"))]
    is_about = (
        any(need.startswith("diagnostic") for need in action.needs) or action.asks_instruction
    )
    return [*found, *(["--instruction"] if is_about else [])]


def _told(action: Action) -> dict[str, object]:
    return {
        "name": action.name, "title": _title(action), "kind": action.kind,
        "languages": list(action.languages), "needs": _needs(action),
        "changes": list(action.changes) if action.kind == "rewrite" else [],
    }  # fmt: skip
