"""The available actions: one TOML file each, built in, the user's own, or a workspace's."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from herdmate import bounded_read
from herdmate.errors import PromptError
from herdmate.prompting.template import placeholders
from herdmate.user_folders import config_folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST = 64 * 1024  # bytes of a file
_MOST_FILES = 200  # per folder
_LONGEST_TITLE = 200
_LONGEST_SHOWN = 200  # characters of a wrong value

_MOST_DOTS = 200  # in a key: the time to parse TOML grows with their square
_BEFORE_A_KEY = re.compile(r"[=\n\[{,]")

PLACEHOLDERS = (
    *("language", "language_name", "path", "before", "code", "after", "context", "enclosing"),
    *("conventions", "documentation", "diagnostics", "symbol", "selected"),
    *("testing", "opening", "module", "test_path", "names"),
    *("instruction", "fence"),
)
"""What a template can mention.

``language`` is the language id (for fences), ``language_name`` what people call it; ``path`` the
file's name; ``code`` what the action works on, ``before`` and ``after`` the code around it,
``enclosing`` the definition that it is part of, ``context`` what it refers to elsewhere;
``conventions`` the file's conventions, ``documentation`` how the language documents code;
``diagnostics`` what is wrong with the code, ``symbol`` the word at the cursor, ``selected`` the
selection if the action works on more; ``testing`` what tests are written with, ``opening`` the
imports that they begin with for that, ``test_path`` the file that they go into, ``module`` what
that file imports; ``names`` the local variables in the code, for which the model then gives only
better names; ``instruction`` the user's own words; ``fence`` a fence that none of this code can
close.
"""

_MOST_TOKENS = 16_384
"""The limit for an answer, whatever a prompt file says."""

NEEDS = (
    *("code", "selection", "definition", "function", "loop", "symbol"),
    *("diagnostic", "diagnostics"),
)
"""What an action can require in order to be offered.

``code``: a language that is neither prose nor data; ``selection``: selected code; ``definition``,
``function``, ``loop``: one in or around what the action works on; ``symbol``: a name under the
cursor; ``diagnostic``: one reported there, and the action is offered for each; ``diagnostics``:
several, and the action is offered once for all of them.
"""


CHANGES = (
    "body",
    "documentation",
    "types",
    "names",
    "signatures",
    "new_definitions",
    "definitions",
)
"""What an action can declare that it changes.

``body``: what the code does inside; ``documentation``: comments and docstrings; ``types``: type
annotations; ``names``: names of local variables; ``signatures``: heads of functions and classes;
``new_definitions``: it adds definitions; ``definitions``: it adds, renames and removes them.
"""


@dataclass(frozen=True, slots=True)
class Action:
    """One prompt file.

    ``kind`` says what happens to the answer: it is shown, replaces the code, or is written to a new
    test file. The reply is made to begin with ``reply_start``. ``order`` sorts the list of actions.
    ``changes`` names what a rewrite may change (see ``CHANGES``); an answer that changes anything
    else is refused, and with ``keeps_behaviour`` one that surely does less than before. The action
    is offered in ``languages`` (in every language if empty) if its ``needs`` are met. It works on
    the selection or on the whole definition around it (``works_on``). ``reasons``: the user is
    shown what the model says after its code.
    ``in_parts``: code that is too long for the model can be worked on one part at a time.
    """

    name: str
    title: str
    kind: Literal["explain", "rewrite", "tests"]
    lsp_kind: str
    user: str
    system: str = ""
    reply_start: str = ""
    order: int = 100
    asks_instruction: bool = False
    max_tokens: int = 512
    temperature: float = 0.0
    changes: tuple[str, ...] = ("body", "documentation")
    keeps_behaviour: bool = False
    languages: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    works_on: Literal["selection", "definition"] = "selection"
    reasons: bool = False
    in_parts: bool = True


@dataclass(frozen=True, slots=True)
class Library:
    """Actions in the order in which they are offered.

    ``without_workspace`` are those to offer where no workspace is trusted.
    """

    actions: tuple[Action, ...]
    without_workspace: tuple[Action, ...] = ()

    def get(self, name: str) -> Action:
        """The action called ``name``. Raises a ``PromptError`` that names others."""
        for action in self.actions:
            if action.name == name:
                return action
        names = [action.name for action in self.actions]
        near = _like(name, names) if 1 < len(name) <= _LONGEST_TITLE else []
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}."
        raise PromptError(f"There is no action {shown(name)}; {hint}")


def _like(name: str, known: Iterable[str]) -> list[str]:
    """The known names most like another one, or those with a word that begins with it."""
    known = list(known)
    parts = [other for other in known if any(it.startswith(name) for it in other.split("_"))]
    return difflib.get_close_matches(name, known, n=1) or parts


def load_library(workspace_folders: Iterable[Path] = ()) -> tuple[Library, tuple[PromptError, ...]]:
    """All actions, and one error for each file or folder that could not be used.

    Later folders override earlier ones by name: built in, the user's, the workspace's (pass these
    only if the workspace is trusted).
    """
    found: dict[str, Action] = {}
    errors: list[PromptError] = []
    for folder in (builtin_folder(), user_folder()):
        _load_folder(folder, None, found, errors)
    without_workspace = _ordered(found)
    for folder in workspace_folders:
        _load_folder(folder, folder, found, errors)
    return Library(_ordered(found), without_workspace), tuple(errors)


def load_action(path: Path, within: Path | None = None) -> Action:
    """Read and check one file; raises a ``PromptError`` that says what to change.

    ``within``: links that lead out of this folder are not followed.
    """
    try:
        text = bounded_read.read_text(path, _LARGEST, within, errors="strict")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    values = checked_toml(path, text)
    values.setdefault("name", path.stem)
    _check_keys(path, values)
    action = Action(**{key: _frozen(value) for key, value in values.items()})
    for key in ("system", "user", "reply_start"):
        _check_placeholders(path, key, placeholders(values.get(key, "")))
    _check_sense(path, action)
    return action


def checked_toml(path: Path, text: str) -> dict[str, Any]:
    """What a file of the user's says; raises ``PromptError`` if it is not TOML."""
    try:
        return parsed_toml(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def parsed_toml(text: str) -> dict[str, Any]:
    """The values of a TOML text, in time that grows with its length alone.

    Raises ``ValueError``, also for overlong numbers, and ``RecursionError``.
    """
    if max(part.count(".") for part in _BEFORE_A_KEY.split(text)) > _MOST_DOTS:
        raise ValueError("a key in it has too many parts")
    return tomllib.loads(text)


def _unreadable(path: Path, error: Exception) -> PromptError:
    return PromptError(f"{path.name} cannot be read as TOML: {_in_a_line(str(error))}.")


def builtin_folder() -> Path:
    """Herdmate's own prompts: in the installed package, or beside the source tree."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "prompts"
    return installed if installed.is_dir() else package.parents[1] / "prompts"


def user_folder() -> Path:
    """Where users put their own actions."""
    return config_folder() / "prompts"


def _load_folder(
    folder: Path, within: Path | None, found: dict[str, Action], errors: list[PromptError]
) -> None:
    """Add a folder's actions to those found, in place of any with the same name."""
    for path in _files(folder, errors):
        try:
            action = load_action(path, within)
            found[action.name] = action
        except PromptError as error:
            errors.append(error)


def _ordered(found: Mapping[str, Action]) -> tuple[Action, ...]:
    return tuple(sorted(found.values(), key=lambda action: (action.order, action.name)))


def _check_keys(path: Path, values: Mapping[str, Any]) -> None:
    hints = get_type_hints(Action)
    for key, value in values.items():
        if key not in hints:
            raise PromptError(f"{path.name}: there is no key {shown(key)}{or_else(key, hints)}")
        if (wanted := _mismatch(hints[key], value)) is not None:
            raise PromptError(f"{path.name}: {key} must be {wanted}, not {shown(value)}.")
    for item in fields(Action):
        if item.name not in values and item.name in ("title", "kind", "lsp_kind", "user"):
            raise PromptError(f"{path.name}: the key {item.name!r} is missing.")


def _check_sense(path: Path, action: Action) -> None:
    """Check what the types of the keys do not cover; raises ``PromptError`` if it is wrong."""
    said = {*placeholders(action.system), *placeholders(action.user)}
    if "code" not in said:
        raise PromptError(f"{path.name}: `user` never mentions $code; add it.")
    said |= {*placeholders(action.reply_start)}
    if action.asks_instruction != ("instruction" in said):
        raise PromptError(
            f"{path.name}: $instruction and `asks_instruction = true` require each other; add the "
            "missing one or remove the other."
        )
    if not action.lsp_kind.startswith(("refactor.", "source.", "quickfix")):
        raise PromptError(
            f"{path.name}: lsp_kind must begin with refactor., source. or quickfix, not "
            f"{shown(action.lsp_kind)}; editors ignore other kinds."
        )
    if not 1 <= action.max_tokens <= _MOST_TOKENS or not 0 <= action.temperature <= 2:
        raise PromptError(
            f"{path.name}: max_tokens must be from 1 to {_MOST_TOKENS} and temperature from 0 to 2."
        )
    for key, text in (("name", action.name), ("title", action.title)):
        if not 0 < len(text) <= _LONGEST_TITLE or not text.isprintable():
            raise PromptError(
                f"{path.name}: {key} must be one line of at most {_LONGEST_TITLE} characters."
            )
    _check_choices(path, "changes", action.changes, CHANGES)
    _check_choices(path, "needs", action.needs, NEEDS)
    if unknown := set(placeholders(action.title)) - {"symbol", "diagnostics"}:
        raise PromptError(
            f"{path.name}: title can mention only $symbol and $diagnostics, not ${min(unknown)}."
        )


def _check_choices(path: Path, key: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Check a list that takes only known words; raises a ``PromptError`` that lists them."""
    for word in given:
        if word not in known:
            raise PromptError(
                f"{path.name}: {key} cannot contain {shown(word)}{or_else(word, known)} Choose "
                f"from {', '.join(known)}."
            )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _files(folder: Path, errors: list[PromptError]) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries if entry.name.isprintable())
            found = (folder / name for name in names if name.endswith(".toml"))
            return sorted(islice(found, _MOST_FILES))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        errors.append(PromptError(f"The folder {folder} cannot be read: {error.strerror}."))
        return []


def shown(value: Any) -> str:
    """A wrong value for a message, cut if it is long."""
    try:
        return _in_a_line(repr(value))
    except RecursionError:
        return "a value nested this deeply"


def _in_a_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"


def _check_placeholders(path: Path, key: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in PLACEHOLDERS:
            raise PromptError(
                f"{path.name}: {key} mentions ${_in_a_line(name)}, which is not a placeholder"
                f"{or_else(name, PLACEHOLDERS)}"
            )


def _mismatch(hint: Any, value: Any) -> str | None:
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return None if value in choices else " or ".join(map(repr, choices))
    if hint is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if is_number else "a number"
    if get_origin(hint) is tuple:
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return None if is_list else "a list of strings"
    names = {str: "a string", int: "a whole number", bool: "true or false"}
    is_right = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
    return None if is_right else names[hint]


def or_else(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a wrong name: a question whether a similar one was meant."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else "."
