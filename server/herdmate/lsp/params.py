"""Parameters as lsprotocol's types, read from arbitrary JSON.

On its own, lsprotocol reads ``null`` as the string "None", 1.5 as 1 and true as a number.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, TypeVar

import attrs
import cattrs
from lsprotocol import types
from pygls.protocol import default_converter

_T = TypeVar("_T")

_AS_THEY_ARE = {types.INITIALIZED, types.SHUTDOWN, types.EXIT}
"""Methods whose parameters are not parsed: some clients send an empty ``[]`` instead of ``{}``."""


_EITHER: tuple[tuple[Any, ...], ...] = (
    (int | str, int, str),
    (int | str | None, int, str, type(None)),
    (types.LanguageKind | str, str),
    (types.CodeActionKind | str, str),
    (types.CodeActionKind | str | None, str, type(None)),
)
"""Unions for which lsprotocol accepts anything, each followed by the types it may hold."""


class UnreadableError(ValueError):
    """The parameters do not match the method."""


def strict_converter() -> cattrs.Converter:
    """lsprotocol's converter, made strict about strings, numbers and booleans."""
    converter: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _whole_number)
    converter.register_structure_hook(bool, _boolean)
    converter.register_structure_hook(float, _number)
    for union, *kinds in _EITHER:
        converter.register_structure_hook(union, partial(_either, tuple(kinds)))
    return converter


def params_from_json(converter: cattrs.Converter, method: str, value: Any) -> Any:
    """The parameters of a message from the client; plain JSON for our own methods.

    Raises ``UnreadableError``.
    """
    type_ = params_type(method)
    return value if type_ is None else structured(converter, value, type_)


def structured(converter: cattrs.Converter, value: Any, type_: type[_T]) -> _T:
    """JSON as a value of one of lsprotocol's types; raises ``UnreadableError``."""
    try:
        return converter.structure(value, type_)
    except Exception as error:  # lsprotocol's hooks raise anything
        sentence = f"The parameters are not valid {type_.__name__}."
        raise UnreadableError(sentence) from error


@lru_cache
def params_type(method: str) -> Any:
    """The type of a method's parameters; ``None`` if it has none or the method is our own."""
    if method in _AS_THEY_ARE or method not in types.METHOD_TO_TYPES:
        return None
    return types.METHOD_TO_TYPES[method][2]


def is_request(method: str) -> bool:
    """Is this method of the specification a request?"""
    return "id" in attrs.fields_dict(types.METHOD_TO_TYPES[method][0])


def _text(value: Any, type_: type[_T]) -> _T:
    """A string, or a member of a string enumeration."""
    if not isinstance(value, str):
        raise TypeError("not a string")
    return type_(value)  # type: ignore[call-arg]


def _whole_number(value: Any, type_: type[_T]) -> _T:
    """A whole number; in JSON, 2.0 is 2."""
    is_whole = value.is_integer() if isinstance(value, float) else isinstance(value, int)
    if not is_whole or isinstance(value, bool):
        raise TypeError("not a whole number")
    return type_(value)  # type: ignore[call-arg]


def _either(kinds: tuple[type, ...], value: Any, _type: object) -> Any:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError("none of the allowed types")
    return value


def _number(value: Any, _type: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError("not a number")
    return float(value)


def _boolean(value: Any, _type: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value
