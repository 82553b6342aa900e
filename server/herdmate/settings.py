"""The user's settings: the truth about names, types, defaults and meaning.

Each dataclass field is followed by its docstring. ``extension/package.json`` repeats them for VS
Code and a test compares the two. In JSON a field is written in camelCase (``maxTokens``).
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from herdmate.errors import SettingsError


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """Ghost text."""

    enabled: bool = True
    """Give ghost text while typing."""

    disabled_in: tuple[str, ...] = ()
    """Language ids and globs of files in which there is no ghost text unless asked for."""

    multiline: Literal["auto", "always", "never"] = "auto"
    """Whether ghost text may span several lines: `auto` lets the code around the cursor decide."""

    max_tokens: int = 64
    """The most tokens that one completion may have."""

    prefix_tokens: int = 512
    """How many tokens before the cursor the model may see."""

    suffix_tokens: int = 128
    """How many tokens after the cursor the model may see."""

    delay: int = 75
    """Milliseconds at least after a key before the model is asked; more where that is slow."""

    time_box: int = 2000
    """Milliseconds until the whole lines that are there are shown, the rest follows; 0 waits."""

    alternatives: int = 1
    """How many completions an explicit request brings; each makes it slower."""

    prefill: bool = True
    """Let the model read ahead: the file, what follows ghost text, and selected lines."""

    related: bool = True
    """Let the model see definitions of other files that the code at the cursor names."""

    reuse_suffix: bool = True
    """Keep what follows the cursor as it was read before the last words; sooner, less exact."""


@dataclass(frozen=True, slots=True)
class RefactorSettings:
    """Refactorings."""

    preview: Literal["auto", "always", "never"] = "auto"
    """Show a change before it is made: `auto` does where callers may have to change too."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the model is run."""

    context_tokens: int = 4096
    """Size of the model's context in tokens; memory grows with it."""

    threads: int = 0
    """Processor threads; 0 takes as many as were measured to be best."""

    gpu_layers: int = -1
    """Layers of the model kept on the GPU; -1 takes what was tuned, or all that fit, 0 none."""

    weights: Literal["auto", "repacked", "mapped"] = "auto"
    """How weights are kept: `repacked` decodes faster, `mapped` loads at once; `auto` measures."""

    kv_type: Literal["f16", "q8_0"] = "f16"
    """Numbers of the model's cache; `q8_0` halves its memory and changes answers a little."""

    unload_after: int = 30
    """Minutes without a request until the model leaves memory until the next; 0 keeps it."""

    lock_memory: bool = False
    """Keep the model from being swapped out."""


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """A model on another machine, in place of one on this.

    Its key is in `HERDMATE_API_KEY`, and is sent to the origin in `HERDMATE_API_KEY_ORIGIN`
    (`https://host:8000`) or that you agree to, over https or to this machine alone.
    """

    url: str = ""
    """Address of a server whose model to use, such as `http://127.0.0.1:1234`; empty for none."""

    model: str = ""
    """The model's name at that server; empty takes its first."""

    api: Literal["auto", "openai", "llama-server", "ollama"] = "auto"
    """The API that the server speaks; `auto` asks it."""

    fallback: bool = False
    """Use the model of this machine where the server does not answer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. The defaults are right for a laptop without a GPU."""

    model: str = "auto"
    """A name from `herdmate models list`, the path of a GGUF file, or `auto`."""

    trust_workspace: bool = False
    """Read prompt files from `.herdmate/prompts` of the workspace."""

    stats: bool = True
    """Count what becomes of ghost text, on this machine only: `herdmate stats` shows it."""

    completion: CompletionSettings = field(default_factory=CompletionSettings)
    refactor: RefactorSettings = field(default_factory=RefactorSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    remote: RemoteSettings = field(default_factory=RemoteSettings)


_SETTINGS_OF_THE_EDITOR_ONLY = frozenset({"server", "trace"})
"""Sections that VS Code's extension reads itself (`herdmate.server.command`, `herdmate.trace`)."""


def settings_from_json(value: Mapping[str, Any]) -> tuple[Settings, tuple[SettingsError, ...]]:
    """Settings from what an editor sent, and one error for each entry that could not be used.

    A wrong entry never hides the others: its default stays in force.
    """
    errors: list[SettingsError] = []
    known = {name: item for name, item in value.items() if name not in _SETTINGS_OF_THE_EDITOR_ONLY}
    return _from_json(Settings(), known, "", errors), tuple(errors)


def camel_case(name: str) -> str:
    """``max_tokens`` as JSON writes it: ``maxTokens``."""
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


_T = TypeVar("_T")


def _from_json(default: _T, value: Mapping[str, Any], path: str, errors: list[SettingsError]) -> _T:
    names = {camel_case(item.name): item.name for item in fields(default)}  # type: ignore[arg-type]
    hints = get_type_hints(type(default))
    changes: dict[str, Any] = {}
    for key, entry in value.items():
        if key not in names:
            errors.append(SettingsError(_unknown(path + key, [path + name for name in names])))
            continue
        current = getattr(default, names[key])
        if is_dataclass(current) and isinstance(entry, Mapping):
            changes[names[key]] = _from_json(current, entry, f"{path}{key}.", errors)
        elif entry is None:
            continue
        elif (wrong := _mismatch(hints[names[key]], entry)) is not None:
            errors.append(
                SettingsError(f"Setting herdmate.{path}{key} must be {wrong}, not {entry!r}.")
            )
        else:
            changes[names[key]] = tuple(entry) if isinstance(entry, list) else entry
    return replace(default, **changes)  # type: ignore[type-var]


def _mismatch(hint: Any, entry: Any) -> str | None:
    """What ``entry`` should have been, or ``None`` where it is right."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return None if entry in choices else "one of " + ", ".join(map(str, choices))
    if get_origin(hint) is types.UnionType:  # pragma: no cover - no such setting yet
        return None
    if is_dataclass(hint):
        return "a group of settings"
    if hint is int and (isinstance(entry, bool) or not isinstance(entry, int)):
        return "a whole number"
    if hint is bool and not isinstance(entry, bool):
        return "true or false"
    if get_origin(hint) is tuple:
        is_list = isinstance(entry, list | tuple) and all(isinstance(item, str) for item in entry)
        return None if is_list else "a list of texts"
    if hint is str and not isinstance(entry, str):
        return "a text"
    return None


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean herdmate.{near[0]}?" if near else ""
    return f"There is no setting herdmate.{name}.{hint}"
