"""The user's settings outside editors: a file, the environment, and the command line.

From weakest to strongest: the defaults, ``config.toml`` in the user's configuration folder (or the
file that ``HERDMATE_CONFIG`` names), environment variables (``HERDMATE_REMOTE_URL`` for
``remote.url``), and options. All have the names that the settings have in editors.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from herdmate.bounded_read import read_text
from herdmate.errors import SettingsError, reason_of
from herdmate.prompting.library import parsed_toml
from herdmate.settings import (
    SETTINGS_OF_THE_EDITOR_ONLY,
    Settings,
    default_of,
    fault_of,
    keys,
    settings_from_json,
)
from herdmate.user_folders import config_folder, expanded

LARGEST = 64 * 1024
"""Bytes of the file; a larger one is not read."""

_MOST_TOLD = 3
"""How many mistakes in the file are told at once."""

_PREFIX = "HERDMATE_"
_LONGEST = 80  # characters of a variable's name that are compared


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting's value and where it comes from: a path, a variable, an option, ``default``."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What the user set, by full name, and one sentence for each entry that cannot be used."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def nested(self) -> dict[str, Any]:
        """The values as an editor would send them."""
        found: dict[str, Any] = {}
        for key, entry in self.entries.items():
            group, _, name = key.rpartition(".")
            (found.setdefault(group, {}) if group else found)[name] = entry.value
        return found

    @property
    def settings(self) -> Settings:
        """All settings; the defaults for those that the user did not set."""
        return settings_from_json(self.nested)[0]

    def entry(self, key: str) -> Entry:
        """A setting's value in force."""
        return self.entries.get(key) or Entry(default_of(key), "default")


def user_settings(
    environment: Mapping[str, str], options: Sequence[tuple[str, str, str]] = ()
) -> UserSettings:
    """The settings from all sources; ``options`` are key, text and how the option is written."""
    entries: dict[str, Entry] = {}
    faults: list[str] = []
    for found in (_of_file(config_file()), _of_environment(environment), _of_options(options)):
        for item in found:
            if isinstance(item, str):
                faults.append(item)
            else:
                entries[item[0]] = item[1]
    return UserSettings(entries, tuple(faults))


def config_file() -> Path:
    """The file with the user's settings, whether it exists or not."""
    named = os.environ.get("HERDMATE_CONFIG")
    return Path(expanded(named)).absolute() if named else config_folder() / "config.toml"


def variable_of(key: str) -> str:
    """The environment variable for a setting: ``HERDMATE_ENGINE_CONTEXT_TOKENS``."""
    return _PREFIX + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).replace(".", "_").upper()


def value_from_text(key: str, text: str) -> Any:
    """A setting's value as one writes it on a command line. Raises ``SettingsError``.

    Lists are separated by commas, or in JSON.
    """
    default = default_of(key) if key in keys() else ""
    value: Any = text
    if isinstance(default, bool):
        value = _TRUTHS.get(text.strip().lower(), text)
    elif isinstance(default, int | float):
        value = _number(text)
    elif isinstance(default, tuple):
        value = _list(text)
    if (fault := fault_of(key, value)) is not None:
        raise SettingsError(fault)
    return value


def text_of(value: Any) -> str:
    """A setting's value as ``value_from_text`` takes it."""
    if isinstance(value, str):
        return value
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


_Found = Iterator["tuple[str, Entry] | str"]


def _of_file(path: Path) -> _Found:
    try:
        values = parsed_toml(read_text(path, LARGEST, errors="strict"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        yield (
            f"{path} cannot be read ({reason_of(error)}); correct it with `herdmate config edit`. "
            "Until then, it is ignored."
        )
        return
    known, wrong = frozenset(keys()), 0
    for key, value in _flat(values):
        fault = fault_of(key, value) if key in known or wrong < _MOST_TOLD else ""
        if fault is None:
            yield key, Entry(value, str(path))
        elif key.partition(".")[0] not in SETTINGS_OF_THE_EDITOR_ONLY:
            wrong += 1
            if wrong <= _MOST_TOLD:
                yield f"{path}: {fault}"
    if wrong > _MOST_TOLD:
        yield f"{path}: {wrong - _MOST_TOLD} more settings in it are wrong."


def _of_environment(environment: Mapping[str, str]) -> _Found:
    for key in keys():
        name = variable_of(key)
        if not environment.get(name):
            continue
        try:
            yield key, Entry(value_from_text(key, environment[name]), name)
        except SettingsError as error:
            yield f"{name}: {error}"

    names = {variable_of(key).removeprefix(_PREFIX): key for key in keys()}
    for name in environment:
        said = name.removeprefix(_PREFIX)
        if not name.startswith(_PREFIX) or said in names or not environment[name]:
            continue
        ends = [known for known in names if known.endswith(f"_{said}")]
        near = ends or difflib.get_close_matches(said[:_LONGEST], names, n=1, cutoff=0.8)
        if near:  # others, such as HERDMATE_HOME, are no settings
            yield f"There is no setting {name}; did you mean {_PREFIX}{near[0]}?"


def _of_options(options: Sequence[tuple[str, str, str]]) -> _Found:
    for key, text, option in options:
        try:
            yield key, Entry(value_from_text(key, text), option)
        except SettingsError as error:
            yield f"{option}: {error}"


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    groups = {key.partition(".")[0] for key in keys() if "." in key}
    for key, value in values.items():
        if isinstance(value, Mapping) and key in groups:
            yield from ((f"{key}.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _list(text: str) -> Any:
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return [part.strip() for part in text.split(",") if part.strip()]
