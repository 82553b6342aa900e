"""The table of families and chat formats: two files of ours, and one that the user can add.

``families.toml`` in the user's configuration folder is read once, before the first model is loaded;
what is wrong in it is reported like a mistake in a prompt file, and its other entries still count.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

from herdmate import bounded_read
from herdmate.errors import PromptError
from herdmate.generation import THOUGHTS
from herdmate.prompting.library import checked_toml, or_else, shown
from herdmate.prompting.notation import NOTHING, Format, parse
from herdmate.user_folders import config_folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Order = Literal["spm", "psm"]
"""Suffix-prefix-middle or prefix-suffix-middle."""

_PLACES = ("prefix", "suffix", "files", "own", "path", "language", "repository", "code", "text")
_LARGEST = 64 * 1024  # bytes of the user's file
_LONGEST_NAME = 100
_MOST_TOLD = 5  # mistakes in the user's file
_OURS = ("chat_formats.toml", "families.toml")
_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Infill:
    """A format for infilling; see ``families.toml``. ``order`` is the one that is used."""

    name: str
    order: Order
    psm: Format = NOTHING
    spm: Format = NOTHING
    repository: Format = NOTHING
    file: Format = NOTHING
    last: Format = NOTHING
    own: Format = NOTHING
    names_own: bool = False
    end: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()

    def form(self, order: Order | None = None) -> Format:
        """The format in an order; the one that is used, if it has no other."""
        wanted = self.psm if (order or self.order) == "psm" else self.spm
        return wanted if wanted.parts else self.psm if self.psm.parts else self.spm

    @property
    def pieces(self) -> tuple[str, ...]:
        """The control pieces without which the format cannot be written."""
        return self.form().pieces

    @property
    def knows_files(self) -> bool:
        """Was the model trained to see several files?"""
        return bool(self.file.parts)


@dataclass(frozen=True, slots=True)
class Chat:
    """A format for conversations; see ``chat_formats.toml``."""

    name: str
    opening: Format
    system: Format
    answer: Format
    next: Format
    reply: Format
    begun: str = ""
    end: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    strip: bool = False
    dummy_space: bool = False

    @property
    def pieces(self) -> tuple[str, ...]:
        """Its control pieces."""
        forms = (self.opening, self.system, self.answer, self.next, self.reply)
        return tuple(dict.fromkeys(piece for form in forms for piece in form.pieces))


@dataclass(frozen=True, slots=True)
class Entry:
    """One family; see ``families.toml``. Patterns match names as ``flat`` makes them."""

    name: str
    title: str = ""
    when: Mapping[str, Any] | None = None
    infill: str = ""
    infill_unless: str = ""
    chat: str = ""
    template_first: bool = False
    follows: str | None = None
    bos: bool | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a chat template contains, and what follows: a format's name, or a reply's beginning."""

    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    chat: str = ""
    reply: Format = NOTHING

    def fits(self, template: str) -> bool:
        """Does the template have all that it must, and nothing that it must not?"""
        return all(text in template for text in self.has) and not any(
            text in template for text in self.lacks
        )


@dataclass(frozen=True, slots=True)
class Table:
    """All entries, the user's first."""

    families: tuple[Entry, ...]
    infills: Mapping[str, Infill]
    chats: Mapping[str, Chat]
    templates: tuple[Sign, ...]
    thinking: tuple[Sign, ...]

    @property
    def pieces(self) -> tuple[str, ...]:
        """Every control piece that the engine has to look up in a vocabulary."""
        found: dict[str, None] = {}
        for infill in self.infills.values():
            forms = (infill.psm, infill.spm, infill.repository, infill.file, infill.last)
            found |= dict.fromkeys(piece for form in forms for piece in form.pieces)
            found |= dict.fromkeys(infill.end)
        for chat in self.chats.values():
            found |= dict.fromkeys((*chat.pieces, *chat.end))
        for sign in self.thinking:
            found |= dict.fromkeys(sign.reply.pieces)
        for entry in self.families:
            found |= dict.fromkeys((entry.when or {}).get("has", ()))
            found |= dict.fromkeys((entry.when or {}).get("lacks", ()))
        found |= dict.fromkeys(tag for pair in THOUGHTS for tag in pair)
        return tuple(piece for piece in found if piece not in ("bos", "eos"))


def flat(name: str) -> str:
    """A model's name without what people write differently."""
    return re.sub(r"[\s_-]", "", name.lower())


@cache
def family_table() -> tuple[Table, tuple[PromptError, ...]]:
    """The table, and one error for each entry of the user's file that could not be used."""
    errors: list[PromptError] = []
    raw = [_user_entries(errors)]
    folder = Path(__file__).parent
    raw += [tomllib.loads((folder / name).read_text("utf-8")) for name in _OURS]
    table = _table(raw, errors)
    if (left := len(errors) - _MOST_TOLD) > 0:
        errors[_MOST_TOLD:] = [PromptError(f"{user_file().name}: {left} more entries are wrong.")]
    return table, tuple(errors)


def user_file() -> Path:
    """Where users put families of their own."""
    return config_folder() / "families.toml"


def _user_entries(errors: list[PromptError]) -> dict[str, Any]:
    path = user_file()
    try:
        values = checked_toml(path, bounded_read.read_text(path, _LARGEST, errors="strict"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        errors.append(PromptError(f"{path.name} cannot be read: {error}."))
        return {}
    except PromptError as error:
        errors.append(error)
        return {}
    for key in sorted(values.keys() - _KINDS.keys()):
        errors.append(PromptError(f"{path.name}: there is no [[{key}]]{or_else(key, _KINDS)}"))
    return values


def _table(raw: Iterable[Mapping[str, Any]], errors: list[PromptError]) -> Table:
    found: dict[str, list[Any]] = {key: [] for key in _KINDS}
    for values in raw:
        for key, kind in _KINDS.items():
            entries = values.get(key, [])
            for entry in entries if isinstance(entries, list) else [entries]:
                try:
                    found[key].append(_entry(kind, entry))
                except ValueError as error:
                    end = "" if str(error).endswith("?") else "."
                    errors.append(PromptError(f"{user_file().name}: [[{key}]]: {error}{end}"))
    infills = {item.name: item for item in reversed(found["infill"])}
    chats = {item.name: item for item in reversed(found["chat"])}
    known = _Known(infills, chats, errors)
    return Table(
        tuple(
            entry for entry in found["family"] if known.has(entry.name, entry.infill, entry.chat)
        ),
        infills,
        chats,
        tuple(sign for sign in found["template"] if known.has("[[template]]", "", sign.chat)),
        tuple(found["thinking"]),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    infills: Mapping[str, Infill]
    chats: Mapping[str, Chat]
    errors: list[PromptError]

    def has(self, name: str, infill: str, chat: str) -> bool:
        """Do the formats that an entry names exist? If not, that is an error."""
        for said, kind, formats in (
            (infill, "infill", self.infills),
            (chat, "chat", self.chats),
        ):
            if said and said not in formats:
                hint = or_else(said, formats)
                self.errors.append(
                    PromptError(
                        f"{user_file().name}: {shown(name)}: there is no {kind} format "
                        f"{shown(said)}{hint}"
                    )
                )
                return False
        return True


_KINDS: Mapping[str, type[Any]] = {
    "infill": Infill, "family": Entry, "chat": Chat, "template": Sign, "thinking": Sign,
}  # fmt: skip


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _entry(kind: type[_E], values: Any) -> _E:
    """One entry, checked; raises ``ValueError`` that says what is wrong."""
    if not isinstance(values, dict):
        raise ValueError("it must be a table")
    plain: Any = kind
    hints = _hints(plain)
    for key in values:
        if key not in hints:
            raise ValueError(f"there is no key {shown(key)}{or_else(key, hints)}".rstrip("."))
    for item in fields(plain):
        is_needed = item.name in ("name", "opening", "system", "answer", "next", "reply", "order")
        if item.name not in values and is_needed and kind is not Sign:
            raise ValueError(f"the key {item.name!r} is missing")
    made: _E = kind(**{key: _value(key, hints[key], value) for key, value in values.items()})
    _check(made)
    return made


def _value(key: str, hint: Any, value: Any) -> Any:
    if hint is Format:
        if not isinstance(value, str):
            raise ValueError(f"{key} must be a string, not {shown(value)}")
        return parse(value, _PLACES)
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise ValueError(f"{key} must be a list of strings, not {shown(value)}")
        return tuple(value)
    if key == "order":
        if value not in ("psm", "spm"):
            raise ValueError(f"order must be 'psm' or 'spm', not {shown(value)}")
        return value
    if key == "when":
        return _conditions(value)
    wanted: Any = bool if hint in (bool, bool | None) else str
    if not isinstance(value, wanted):
        words = "true or false" if wanted is bool else "a string"
        raise ValueError(f"{key} must be {words}, not {shown(value)}")
    if key in ("follows", "infill_unless"):
        _pattern(key, value)
    return value


def _conditions(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ValueError("`when` must have at least one condition")
    for key, given in value.items():
        if key == "name":
            _pattern(key, given)
        elif key not in ("architecture", "has", "lacks"):
            raise ValueError(f"`when` cannot contain {shown(key)}")
        elif not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            raise ValueError(f"{key} must be a list of strings, not {shown(given)}")
    return value


def _pattern(key: str, value: Any) -> None:
    try:
        re.compile(value)
    except (re.error, TypeError, RecursionError) as error:
        raise ValueError(f"{key} is not a regular expression ({error})") from error


def _check(entry: Any) -> None:
    """Check what the types of the keys do not cover; raises ``ValueError``."""
    name = getattr(entry, "name", "x")
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"name must be one line of at most {_LONGEST_NAME} characters")
    if isinstance(entry, Infill):
        for order in ("psm", "spm"):
            form: Format = getattr(entry, order)
            if form.parts and not {"prefix", "suffix"} <= set(form.places):
                raise ValueError(f"{entry.name}: {order} must have {{prefix}} and {{suffix}}")
        if not entry.form().parts:
            raise ValueError(f"{entry.name}: psm or spm is missing")
    elif isinstance(entry, Chat) and entry.system.places != ("text",):
        raise ValueError(f"{entry.name}: system must have {{text}} once")
    elif isinstance(entry, Entry) and entry.when is None:
        raise ValueError(f"{entry.name}: the key 'when' is missing")
    elif isinstance(entry, Sign) and not entry.has:
        raise ValueError("`has` must name at least one text")
