"""Command lines: one parser class with one-line errors, examples, and options that go anywhere."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn

from herdmate.cli.terminal import tell_error, write, write_error_as_json

_COMMON = "options of every command"


class Parser(argparse.ArgumentParser):
    """Reports errors on one line, with what was probably meant.

    Quoted arguments, which a shell may have made of file names, are made printable.
    """

    def __init__(self, *positional: Any, **options: Any) -> None:
        options.setdefault("formatter_class", _Pages)
        super().__init__(*positional, **options)
        self._words: list[str] = []
        self.other_words: Callable[[str], str] = lambda _: ""
        """What to write for a word that is no command but another thing of ours, or ``""``."""

    def error(self, message: str) -> NoReturn:
        """Print the error, as JSON too where that was asked for, and exit with code 2."""
        see = " See" if message.endswith("?") else "; see"
        tell_error(f"{self.prog}: {message.rstrip('.')}{see} `{self.prog} --help`.")
        if "--json" in self._words and "--json" in self.option_strings():
            write_error_as_json(message)
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> Any:
        """Print the page; errors of the stream are raised, not lost."""
        write(self.format_help())

    def add_commands(self, title: str, metavar: str) -> Any:
        """Add subcommands; without one of them, the command shows its page."""
        self.set_defaults(run=lambda _: self.print_help() or 0)
        return self.add_subparsers(title=title, metavar=metavar)

    def add_command(self, name: str, does: str) -> None:
        """Add a command to those that there are."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                action.add_parser(name, help=does)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse all words; one that no option and no argument takes is an error."""
        found, left = self.parse_known_args(args, namespace)
        if hasattr(found, "places") and not any(
            word.startswith("-") for word in left if word != "-"
        ):
            found.places, left = [*found.places, *left], []  # those after an option
        if left := [word for word in left if word != "--"]:
            leaf = getattr(found, "parser", self)
            leaf.error(_not_taken(left[0], leaf.option_strings(), leaf.prog))
        return found

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse what is known; the words are kept, for what is said of a wrong one."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def option_strings(self) -> list[str]:
        """All options as they are written."""
        return list(self._option_string_actions)

    def subparsers(self) -> Iterator[Parser]:
        """The parsers of the commands below this one."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from action.choices.values()

    def _wrong_option(self, value: str) -> str:
        """The unknown option right before a word; empty if there is none."""
        before = self._words[: self._words.index(value)] if value in self._words else []
        name = before[-1].partition("=")[0] if before else ""
        is_known = any(option.startswith(name) for option in self.option_strings())
        return before[-1] if len(name) > 2 and name.startswith("--") and not is_known else ""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = (action.metavar or action.dest) if not action.option_strings else "choice"
            choices = _listed(action)
            wrong = "" if action.option_strings else self._wrong_option(str(value))
            if wrong:  # the parser leaves it for later, and takes its value for a command
                raise argparse.ArgumentError(
                    None, _not_taken(wrong, self.option_strings(), self.prog)
                )
            told = f"there is no {str(what).lower()} {value!r}"
            other = _ELSEWHERE.get(self.prog, {}).get(str(value)) or self.other_words(str(value))
            near = other or meant(str(value), choices)
            hint = f"did you mean {near}?" if near else f"choose from {', '.join(choices)}"
            raise argparse.ArgumentError(
                action if action.option_strings else None, f"{told}; {hint}"
            )


class _Pages(argparse.RawDescriptionHelpFormatter):
    """Leaves the options of every command out of the line that says how a command is used."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
        """Add that line."""
        own = [action for action in actions if action.container.title != _COMMON]
        super().add_usage(usage, own, groups, prefix)


class Set(argparse.Action):
    """``--set KEY=VALUE``, collected over a command and the one that it is part of."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
        option_string: str | None = None,
    ) -> None:  # fmt: skip
        """Add one."""
        setattr(namespace, self.dest, [*getattr(namespace, self.dest, []), values])


def add_common_options(parser: Parser) -> None:
    """Give a command, and all below it, the options that can stand anywhere."""
    below = list(parser.subparsers())
    for child in below:
        add_common_options(child)
    group = parser.add_argument_group(_COMMON)
    known = set(parser.option_strings())
    for names, how in _OPTIONS:
        if not known & set(names):
            group.add_argument(*names, **how)
    parser.set_defaults(parser=parser)


def add_root_options(parser: Parser) -> None:
    """The same before the command's name, where ``--set`` is kept apart."""
    parser.set_defaults(parser=parser)
    group = parser.add_argument_group(_COMMON)
    for names, how in _OPTIONS:
        group.add_argument(*names, **(how | ({"dest": "set_first"} if "--set" in names else {})))


def examples(*lines: str) -> str:
    """The end of a command's page."""
    return "examples:\n" + "".join(f"  {line}\n" for line in lines)


def meant(word: str, known: Iterable[str]) -> str:
    """The known word that is most like a wrong one; ``""`` if none is."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), names, n=1) if len(word) <= 80 else []
    starts = [low for low in names if len(word) > 1 and low.startswith(word.lower())]
    return names[(near or starts)[0]] if near or starts else ""


_ELSEWHERE = {
    "herdmate": {
        "list": "models list", "ls": "models list", "pull": "models pull", "rm": "models rm",
        "show": "models inspect", "run": "chat", "ask": "chat", "settings": "config",
        "check": "doctor", "diff": "explain", "review": "explain", "test": "refactor write_tests",
        "use": "config set model", "model": "config set model",
    },
    "herdmate models": {
        "show": "inspect", "info": "inspect", "remove": "rm", "delete": "rm", "uninstall": "rm",
        "get": "pull", "add": "pull", "download": "pull", "install": "pull", "search": "list",
        "use": "herdmate config set model", "set": "herdmate config set model",
        "select": "herdmate config set model", "default": "herdmate config set model",
    },
    "herdmate config": {
        "list": "show", "ls": "show", "remove": "unset", "delete": "unset", "rm": "unset",
    },
}  # fmt: skip
"""What other programs call our commands, by the command that they are part of."""


_OTHER_OPTIONS = {
    "--line": "--select", "--lines": "--select", "--range": "--select", "-w": "--write",
    "--apply": "--write", "--in-place": "--write", "--inplace": "--write",
    "-y": "--yes", "--debug": "--log-level", "--prompt": "--instruction",
    "--message": "--instruction", "-l": "--language",
}  # fmt: skip
"""What other programs call our options."""

_OTHERWISE = {
    "herdmate explain": {
        "--diff": "git diff | herdmate explain -",
        "--staged": "git diff --staged | herdmate explain -",
        "--cached": "git diff --cached | herdmate explain -",
    },
    "herdmate chat": {
        "--diff": 'git diff | herdmate chat "what changes?"',
        "--staged": 'git diff --staged | herdmate chat "what changes?"',
        "--cached": 'git diff --cached | herdmate chat "what changes?"',
    },
}
"""What does what other programs have an option for, by our command."""


def _not_taken(word: str, options: Sequence[str], command: str) -> str:
    if not word.startswith("-"):
        return f"unexpected argument {word!r}"
    if otherwise := _OTHERWISE.get(command, {}).get(word):
        return f"there is no option {word!r}; run `{otherwise}`"
    name = word.partition("=")[0]
    other = _OTHER_OPTIONS.get(name)
    near = other if other in options else meant(name, options)
    return f"there is no option {word!r}" + (f"; did you mean {near}?" if near else "")


def _listed(action: argparse.Action) -> list[str]:
    """The choices that a page shows; some commands have further names that only we use."""
    if isinstance(action, argparse._SubParsersAction):
        return [item.dest for item in action._choices_actions]
    return [str(choice) for choice in action.choices or ()]


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


_NONE = argparse.SUPPRESS
_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--model",), {"metavar": "MODEL", "default": _NONE, "help": "a name, a path, or auto"}),
    (
        ("--set",),
        {"metavar": "KEY=VALUE", "action": Set, "default": _NONE, "dest": "set_here",
         "help": "a setting for this command, such as engine.threads=4"},
    ),
    (
        ("--context",),
        {"metavar": "TOKENS", "type": _count, "default": _NONE, "help": "the model's context"},
    ),
    (
        ("--max-tokens",),
        {"metavar": "TOKENS", "type": _count, "default": _NONE, "help": "the longest answer"},
    ),
    (("-q", "--quiet"), {"action": "store_true", "default": _NONE, "help": "tell only errors"}),
    (
        ("-v", "--verbose"),
        {"action": "store_true", "default": _NONE,
         "help": "log what happens, and answers that are refused"},
    ),
    (("--no-color",), {"action": "store_true", "default": _NONE, "help": "no colours"}),
    (
        ("--log-level",),
        {"choices": ("debug", "info", "warning", "error"), "metavar": "LEVEL", "default": _NONE,
         "help": "debug, info, warning or error; only debug shows code"},
    ),
)  # fmt: skip
