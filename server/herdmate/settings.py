"""The user's settings: the source of truth for names, types, defaults and meaning.

Each dataclass field is followed by its docstring, and each number has its ``Range``.
``extension/package.json`` repeats them for VS Code and a test compares the two. In JSON a field is
written in camelCase (``maxTokens``).
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from herdmate.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that a setting accepts, from ``least`` to ``most``; ``whole`` ones only, or any.

    ``also``: numbers that mean something in llama.cpp or Ollama, with the values they stand for.
    """

    least: int
    most: int
    also: tuple[tuple[int, int], ...] = ()
    whole: bool = True

    @property
    def lowest(self) -> int:
        """The lowest number that is accepted."""
        return min([self.least, *(number for number, _ in self.also)])


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """Ghost text."""

    enabled: bool = True
    """Show ghost text while typing."""

    model: str = ""
    """Model for ghost text; `auto`: a quick one; `same`: `model`; empty: `auto` if `model` is."""

    remote_url: str = ""
    """Address of a remote server for ghost text alone; `completion.model` is then a name on it."""

    disabled_in: tuple[str, ...] = ()
    """Language ids and file globs where ghost text appears only on request."""

    scopes: tuple[Literal["code", "comments", "strings"], ...] = ("code", "comments", "strings")
    """Where ghost text appears while typing; elsewhere only on request."""

    multiline: Literal["auto", "always", "never"] = "auto"
    """Whether ghost text may span several lines; `auto` decides from the code around the cursor."""

    max_tokens: Annotated[int, Range(1, 4096, also=((-1, 4096),))] = 64
    """Maximum tokens per suggestion, six times that on request or as it grows; -1: what fits."""

    prefix_tokens: Annotated[int, Range(1, 131_072)] = 512
    """Number of tokens before the cursor that the model sees."""

    suffix_tokens: Annotated[int, Range(0, 131_072)] = 128
    """Number of tokens after the cursor that the model sees."""

    delay: Annotated[int, Range(0, 60_000)] = 20
    """Delay after a keystroke, in milliseconds; longer within a word if the model is slow."""

    time_box: Annotated[int, Range(0, 600_000)] = 500
    """Milliseconds until completed lines are shown (VS Code, Neovim: at once); 0 waits for all."""

    confidence: Annotated[float, Range(0, 1, whole=False)] = 0.03
    """Minimum probability of a line shown while typing (next word: its fifth root); 0 shows all."""

    alternatives: Annotated[int, Range(1, 8)] = 3
    """Suggestions to ask for where one is shown and more are requested; 1 asks for none."""

    prefill: bool = True
    """Let the model read ahead: the open file, what follows ghost text, and selected lines."""

    related: bool = True
    """Include code from other files that the code at the cursor refers to or resembles."""

    reuse_suffix: bool = True
    """Reuse the cached suffix while typing: faster, slightly less exact."""


@dataclass(frozen=True, slots=True)
class RefactorSettings:
    """Refactorings."""

    preview: Literal["auto", "always", "never"] = "auto"
    """Review changes first; `auto`: all in VS Code, elsewhere if callers may have to change too."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How to run the model."""

    context_tokens: Annotated[int, Range(256, 1_048_576, also=((0, 0),))] = 4096
    """Size of the context, in tokens; a larger one needs more memory; 0 uses the model's own."""

    threads: Annotated[int, Range(0, 512, also=((-1, 0),))] = 0
    """CPU threads; 0 or -1 uses the fastest measured count."""

    gpu_layers: Annotated[int, Range(-1, 10_000)] = -1
    """Layers to keep on the GPU; -1 uses the tuned number or as many as fit, 0 keeps none there."""

    weights: Literal["auto", "repacked", "mapped"] = "auto"
    """Layout of the weights: `repacked` runs faster, `mapped` loads faster, `auto` measures."""

    kv_type: Literal["f16", "q8_0"] = "f16"
    """Precision of the KV cache; `q8_0` halves its memory and changes answers slightly."""

    unload_after: Annotated[int, Range(0, 525_600, also=((-1, 0),))] = 30
    """Unload the model after this many idle minutes; 0 or -1 keeps it loaded."""

    lock_memory: bool = False
    """Prevent the model from being swapped out."""

    adapters: tuple[str, ...] = ()
    """Paths of LoRA adapters (GGUF) that fit the model; `PATH:0.5` adds half of one."""


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """A model on another machine, instead of one on this machine.

    Its key is in `HERDMATE_API_KEY`, that of `completion.remoteUrl` in
    `HERDMATE_COMPLETION_API_KEY`. A key is sent only over https or to this machine, and only to the
    origin in the variable with `_ORIGIN` added (`https://host:8000`) or one that you agree to.
    """

    url: str = ""
    """Address of a remote server, such as `http://127.0.0.1:1234`; empty uses this machine."""

    model: str = ""
    """Name of the model on the remote server; empty uses the first one."""

    api: Literal["auto", "openai", "llama-server", "ollama"] = "auto"
    """API that the remote server speaks; `auto` detects it."""

    fallback: bool = False
    """Use a model on this machine if the remote server does not answer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. The defaults are right for a laptop without a GPU."""

    model: str = "auto"
    """A name from `herdmate models list`, the path of a GGUF file, or `auto`."""

    trust_workspace: bool = False
    """Read prompt files from `.herdmate/prompts` in the workspace."""

    stats: bool = True
    """Keep usage counts of ghost text, on this machine only; `herdmate stats` shows them."""

    completion: CompletionSettings = field(default_factory=CompletionSettings)
    refactor: RefactorSettings = field(default_factory=RefactorSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    remote: RemoteSettings = field(default_factory=RemoteSettings)


SETTINGS_OF_THE_EDITOR_ONLY = frozenset({"server", "setup", "trace"})
"""Sections that VS Code's extension reads itself (`herdmate.server.command`, `herdmate.trace`)."""

MOST_CHARACTERS = 4096
"""The longest string that is accepted: as long as the longest path on Linux."""

MOST_ENTRIES = 1000
"""The longest list that is accepted."""

_MOST_TOLD = 3
"""How many mistakes are reported at once; the others follow when these are fixed."""


def settings_from_json(value: Mapping[str, Any]) -> tuple[Settings, tuple[SettingsError, ...]]:
    """Settings from what an editor sent, and an error for each entry that could not be used.

    A wrong entry never hides the others: its default stays in force. If there are many errors,
    only the first few are reported, with a note that there are more.
    """
    known = {name: item for name, item in value.items() if name not in SETTINGS_OF_THE_EDITOR_ONLY}
    told = list(islice(_problems(Settings(), known, ""), _MOST_TOLD + 1))
    told[_MOST_TOLD:] = ["Other Herdmate settings are invalid too."] * (len(told) > _MOST_TOLD)
    return _from_json(Settings(), known), tuple(map(SettingsError, told))


def camel_case(name: str) -> str:
    """``max_tokens`` as JSON writes it: ``maxTokens``."""
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def names(group: object) -> dict[str, str]:
    """The fields of a group of settings by their names in JSON."""
    return {camel_case(item.name): item.name for item in fields(group)}  # type: ignore[arg-type]


def keys() -> tuple[str, ...]:
    """All settings by their full names in JSON: ``model``, ``engine.contextTokens``."""
    found: list[str] = []
    for key, name in names(Settings()).items():
        group = getattr(Settings(), name)
        found += [f"{key}.{inner}" for inner in names(group)] if is_dataclass(group) else [key]
    return tuple(found)


def default_of(key: str) -> Any:
    """The default of the setting with this full name. Raises ``KeyError`` if there is none."""
    value: Any = Settings()
    for part in key.split("."):
        value = getattr(value, names(value)[part])
    return value


def fault_of(key: str, value: Any) -> str | None:
    """What is wrong with an entry under a full name, as a sentence; ``None`` if it is valid."""
    group, _, name = key.partition(".")
    nested = {group: {name: value}} if name else {group: value}
    told = next(_problems(Settings(), nested, ""), None)
    return told if told is None else told.replace("; its default is used.", ".")


_T = TypeVar("_T")


def _from_json(default: _T, value: Mapping[str, Any]) -> _T:
    hints = get_type_hints(type(default), include_extras=True)
    changes: dict[str, Any] = {}
    for key, name in names(default).items():
        entry, current = value.get(key), getattr(default, name)
        if is_dataclass(current) and isinstance(entry, Mapping):
            changes[name] = _from_json(current, entry)
        elif entry is not None and _mismatch(hints[name], entry) is None:
            changes[name] = _taken(hints[name], entry)
    return replace(default, **changes)  # type: ignore[type-var]


def _problems(default: object, value: Mapping[str, Any], path: str) -> Iterator[str]:
    known = names(default)
    hints = get_type_hints(type(default), include_extras=True)
    for key, name in known.items():
        entry, current = value.get(key), getattr(default, name)
        if is_dataclass(current) and isinstance(entry, Mapping):
            yield from _problems(current, entry, f"{path}{key}.")
        elif entry is not None and (wanted := _mismatch(hints[name], entry)) is not None:
            told = f"The setting herdmate.{path}{key} must be {wanted}, not {_shown(entry)}"
            yield f"{told}; its default is used."
    for key in value:
        if key not in known:
            yield _unknown(path, str(key), list(known))


def _mismatch(hint: Any, entry: Any) -> str | None:
    """What ``entry`` should have been, or ``None`` if it is valid."""
    if get_origin(hint) is Annotated:
        return _not_in_range(get_args(hint)[1], entry)
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        is_choice = isinstance(entry, str) and entry in choices
        return None if is_choice else "one of " + ", ".join(map(str, choices))
    if is_dataclass(hint):
        return "a group of settings"
    if hint is bool:
        return None if isinstance(entry, bool) else "true or false"
    if get_origin(hint) is tuple:
        return _no_texts(entry) or _no_choices(get_args(hint)[0], entry)
    return _no_text(entry)


def _not_in_range(numbers: Range, entry: Any) -> str | None:
    is_whole = isinstance(entry, int) or (isinstance(entry, float) and entry.is_integer())
    is_fraction = isinstance(entry, float) and not numbers.whole
    among = (is_whole or is_fraction) and not isinstance(entry, bool)
    others = [number for number, _ in numbers.also]
    if among and (numbers.least <= entry <= numbers.most or entry in others):
        return None
    also = "".join(f" or {number}" for number in others)
    kind = "whole number" if numbers.whole else "number"
    return f"a {kind} from {numbers.least} to {numbers.most}{also}"


def _no_texts(entry: Any) -> str | None:
    if not isinstance(entry, list | tuple) or not all(isinstance(item, str) for item in entry):
        return "a list of strings"
    if len(entry) > MOST_ENTRIES:
        return f"a list of at most {MOST_ENTRIES} strings"
    wrong = filter(None, map(_no_text, entry))
    return next((f"a list of strings, each {words}" for words in wrong), None)


def _no_choices(hint: Any, entries: Any) -> str | None:
    choices = get_args(hint)
    if not choices or set(entries) <= set(choices):
        return None
    return "a list of " + ", ".join(map(str, choices))


def _no_text(entry: Any) -> str | None:
    if not isinstance(entry, str):
        return "a string"
    if len(entry) > MOST_CHARACTERS:
        return f"a string of at most {MOST_CHARACTERS} characters"
    # Neither file systems nor terminals accept these, nor half of a surrogate pair.
    is_odd = any(unicodedata.category(char) in ("Cc", "Cs") for char in entry)
    return "a string without control characters" if is_odd else None


def _taken(hint: Any, entry: Any) -> Any:
    """A valid entry, converted to the field's type."""
    if get_origin(hint) is Annotated:
        kind, numbers = get_args(hint)
        number = kind(entry)
        return dict(numbers.also).get(number, number)
    return tuple(entry) if isinstance(entry, list) else entry


_MOST_SHOWN = 40
"""Characters of the user's own text that a message repeats."""


def _shown(entry: Any) -> str:
    """An entry as in JSON, but short and on one line whatever it is."""
    if isinstance(entry, str):
        return f'"{_short(entry)}"'
    if isinstance(entry, bool):
        return str(entry).lower()
    if isinstance(entry, int) and entry.bit_length() > 64:  # Python may refuse to write it out
        return "a very long number"
    if isinstance(entry, int | float):
        return str(entry)
    return "a list" if isinstance(entry, list | tuple) else "an object"


def _short(text: str) -> str:
    kept = text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
    return "".join(char if char.isprintable() else "�" for char in kept)


def _unknown(path: str, key: str, known: list[str]) -> str:
    # A key much longer than every name resembles none of them, and takes long to compare.
    near = difflib.get_close_matches(key, known, n=1) if len(key) <= _MOST_SHOWN else []
    hint = f"; did you mean herdmate.{path}{near[0]}?" if near else "."
    return f"There is no setting herdmate.{path}{_short(key)}{hint}"
