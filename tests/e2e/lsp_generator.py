"""Messages that a client could send, made from the types of the Language Server Protocol 3.18.

Each method's parameters are made once as the specification has them, and then with every field
broken in turn: missing, of another type, or with a number or text at the end of what there is.
"""

from __future__ import annotations

import collections.abc
import copy
import enum
import typing
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from types import UnionType
from typing import Any

import attrs
from lsprotocol import types

MISSING = object()

Path = tuple[str | int, ...]

_DEPTH = 4  # from there on what is optional is left out
_ENDS = {types.SHUTDOWN, types.EXIT}  # these are tested by themselves

ODD: tuple[Any, ...] = (
    MISSING, None, True, False, 0, -1, 2**31, 2**32, 2**53 + 1, -(2**63), 10**400, 1.5, 2.0, -0.0,
    1e308, "", "text", "5", "\0", "../" * 40, "x" * 5000, "\ud83d", "😀", [], [[]], [None], ["a"],
    [5] * 50, {}, {"a": {}}, {"": None}, {"jsonrpc": "2.0", "id": 7, "method": "exit"},
    {"line": 0, "character": 0}, {"uri": "file:///a"}, {"__class__": "x", "type_name": "def"},
)  # fmt: skip

_TEXTS = ("", "python", "name", "quickfix", "refactor", "é😀", "a\r\nb\n", "utf-8", "**/*.py")
_URIS = (
    "file:///project/shop.py", "file:///project/shop.py", "file:///never/opened.py", "untitled:One",
    "file://host/share/a.py", "vscode-remote://ssh-remote%2Bbox/a.py", "file:///%zz%00%ff", "http://[",
    "vscode-notebook-cell:/a.ipynb#W0sZ", "herdmate:/gone.md", "nothing", "",
)  # fmt: skip
_ANY: tuple[Any, ...] = (None, True, 3, "text", [1, "a", None], {"a": {"b": [1]}}, 1.5, {})


def methods() -> list[str]:
    """Those that a client may send, but for the ones that end the server."""
    to_server = ("clientToServer", "both")
    return [
        method
        for method in types.METHOD_TO_TYPES
        if method not in _ENDS and types.message_direction(method) in to_server
    ]


def is_request(method: str) -> bool:
    return "id" in attrs.fields_dict(types.METHOD_TO_TYPES[method][0])


def generated(random: Random, often: set[str]) -> Iterator[tuple[str, Any]]:
    """A round of methods with parameters, or with ``MISSING``; some methods come more ``often``."""
    for method in methods():
        for _ in range(4 if method in often else 1):
            valid = _value(random, _params_type(method), "", 0)
            yield method, valid
            for path in paths(valid):
                yield method, broken(valid, path, random.choice(ODD))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where there is something that can be broken, the whole first."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[key], (*path, key))


def broken(value: Any, path: Path, odd: Any) -> Any:
    """The value with something odd at one place."""
    if not path:
        return odd
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    if odd is not MISSING:
        inner[path[-1]] = odd
    else:
        del inner[path[-1]]
    return changed


def _params_type(method: str) -> Any:
    fields = attrs.fields_dict(types.METHOD_TO_TYPES[method][0])
    return fields["params"].type if "params" in fields else type(None)


def _value(random: Random, type_: Any, name: str, depth: int) -> Any:
    """A value as JSON has it; ``name`` is the field's, which says more than a text's type."""
    origin, inside = typing.get_origin(type_), typing.get_args(type_)
    if isinstance(type_, str | typing.ForwardRef):
        return _value(random, _by_name(getattr(type_, "__forward_arg__", type_)), name, depth)
    if type_ is type(None):
        return None
    if origin in (typing.Union, UnionType):
        return _value(random, random.choice(inside), name, depth)
    if origin is typing.Literal:
        return random.choice(inside)
    if origin is tuple:
        return [_value(random, item, name, depth + 1) for item in inside if item is not Ellipsis]
    if origin is collections.abc.Sequence:
        count = random.randrange(3) if depth < _DEPTH else 0
        return [_value(random, inside[0], name, depth + 1) for _ in range(count)]
    if origin is collections.abc.Mapping:
        return {random.choice(_TEXTS): _value(random, inside[1], name, depth + 1)}
    if isinstance(type_, type) and attrs.has(type_):
        return _object(random, type_, depth)
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        return random.choice(list(type_)).value
    return _leaf(random, type_, name)


def _object(random: Random, type_: type, depth: int) -> dict[str, Any]:
    made = {}
    for field in attrs.fields(type_):
        is_optional = field.default is not attrs.NOTHING
        if not is_optional or (depth < _DEPTH and random.random() < 0.5):
            made[_camel(field.name)] = _value(random, field.type, field.name, depth + 1)
    return made


def _leaf(random: Random, type_: Any, name: str) -> Any:
    if type_ is str:
        return random.choice(_URIS if "uri" in name or name == "document" else _TEXTS)
    if type_ is bool:
        return random.random() < 0.5
    if type_ is int:
        return random.choice((0, 1, 2, 5, 40, 2**31 - 1))
    if type_ is float:
        return random.random()
    return copy.deepcopy(random.choice(_ANY))


@lru_cache
def _by_name(name: str) -> Any:
    return types.ALL_TYPES_MAP[name]


def _camel(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in others)
