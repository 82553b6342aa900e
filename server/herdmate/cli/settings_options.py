"""The settings for one command, from all sources, and its options among them."""

from __future__ import annotations

import argparse
import os
from typing import Any

from herdmate.cli.parser import Parser
from herdmate.cli.terminal import tell
from herdmate.cli.user_settings import UserSettings, user_settings
from herdmate.cli.wording import in_terminal
from herdmate.errors import ModelError, SettingsError, UsageError
from herdmate.roles import for_ghost_text
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
    for key, text, _ in _options(arguments):
        try:
            refuse_no_address(key, text)
        except SettingsError as error:
            raise UsageError(str(error)) from error


def refuse_no_address(key: str, value: Any) -> None:
    """Raise ``SettingsError`` if a setting that is a server's address would be none."""
    if key not in ("remote.url", "completion.remoteUrl") or not value:
        return
    from herdmate.engine.remote.endpoint import endpoint_of  # imports what asks servers

    try:
        endpoint_of(str(value))
    except SettingsError as error:
        said = str(error)
        raise SettingsError(said if key == "remote.url" else for_ghost_text(said)) from error


def found_settings(arguments: argparse.Namespace) -> UserSettings:
    """The same with their sources. Raises ``ModelError`` for a model that no one here knows."""
    options = _options(arguments)
    found = user_settings(os.environ, options)
    for fault in found.faults:
        if fault.startswith("--"):
            _parser(arguments).error(in_terminal(fault))
        tell(f"herdmate: {in_terminal(fault)}")
    _check_place(arguments, found)
    return found


def _check_place(arguments: argparse.Namespace, found: UserSettings) -> None:
    """End a command whose model cannot be where its options say."""
    model, url = found.entry("model"), found.entry("remote.url")
    if not model.origin.startswith("--"):
        return
    on_server = f"--set remote.model={model.value}"
    if url.value and not found.settings.remote.fallback:
        _parser(arguments).error(
            f"{model.origin} is a model on this machine, which --set remote.url leaves out; for "
            f"one on the server, write {on_server}"
        )
    remote = user_settings(os.environ).settings.remote
    if url.origin == model.origin and remote.url:
        from herdmate.models.choose import refuse_unknown  # reads the disk

        try:
            refuse_unknown(str(model.value))
        except ModelError as error:
            raise ModelError(f"{error} For one on {remote.url}, write {on_server}.") from error


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
    origins = {key: option for key, _, option in found}
    if "model" in origins and "remote.url" not in origins:  # it is a model on this machine
        found.append(("remote.url", "", origins["model"]))
    return found


def _parser(arguments: argparse.Namespace) -> Parser:
    parser: Parser = arguments.parser
    return parser
