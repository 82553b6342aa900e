"""The settings for one command, from all sources, and its options among them."""

from __future__ import annotations

import argparse
import os

from herdmate.cli.parser import Parser
from herdmate.cli.terminal import tell
from herdmate.cli.user_settings import UserSettings, user_settings
from herdmate.cli.wording import in_terminal
from herdmate.settings import Settings, keys

_OPTIONS = (
    ("model", "--model", "model"),
    ("engine.contextTokens", "--context", "context"),
    ("completion.maxTokens", "--max-tokens", "max_tokens"),
)
"""Settings with options of their own, and where the parser leaves them."""


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings in force for a command.

    Wrong options end it; a mistake elsewhere is told, and what the next source says is used.
    """
    return found_settings(arguments).settings


def refuse_wrong_options(arguments: argparse.Namespace) -> None:
    """End a command whose options set what does not exist, whether it uses settings or not."""
    for fault in user_settings({}, _options(arguments)).faults:
        if fault.startswith("--"):
            _parser(arguments).error(in_terminal(fault))


def found_settings(arguments: argparse.Namespace) -> UserSettings:
    """The same with their sources."""
    options = _options(arguments)
    found = user_settings(os.environ, options)
    for fault in found.faults:
        if fault.startswith("--"):
            _parser(arguments).error(in_terminal(fault))
        tell(f"herdmate: {in_terminal(fault)}")
    return found


def _options(arguments: argparse.Namespace) -> list[tuple[str, str, str]]:
    """All options that set something: key, text, and how it was written."""
    given = [*getattr(arguments, "set_first", ()), *getattr(arguments, "set_here", ())]
    found: list[tuple[str, str, str]] = []
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            _parser(arguments).error(f"write --set KEY=VALUE, not {text!r}")
        key = key.strip().removeprefix("herdmate.")
        exact = {known.lower(): known for known in keys()}.get(key.lower(), key)
        found.append((exact, value, f"--set {key}"))
    for key, option, name in _OPTIONS:
        if (chosen := getattr(arguments, name, None)) is not None:
            found.append((key, str(chosen), option))
    return found


def _parser(arguments: argparse.Namespace) -> Parser:
    parser: Parser = arguments.parser
    return parser
