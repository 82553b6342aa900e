"""Reading the parameters of ``initialize`` leniently.

Refusing them would prevent the session altogether, so malformed members are dropped instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import cattrs
from lsprotocol import types

from herdmate.lsp.params import UnreadableError, structured
from herdmate.lsp.uri_spelling import plain_uri


def params_of_initialize(converter: cattrs.Converter, value: Any) -> types.InitializeParams:
    """The parameters that a client sent, without the members that violate the specification.

    Raises ``UnreadableError`` if they are not an object or lack capabilities.
    """
    try:
        return readable(structured(converter, value, types.InitializeParams))
    except UnreadableError:
        able = value.get("capabilities") if isinstance(value, dict) else None
        if not isinstance(able, dict):
            raise
    less = {**value, "processId": value.get("processId"), "capabilities": _able(converter, able)}
    empty: dict[str, Any] = {"processId": None, "capabilities": {}}
    good = _good(converter, less, types.InitializeParams, empty)
    return readable(structured(converter, {**empty, **good}, types.InitializeParams))


def _able(converter: cattrs.Converter, value: dict[str, Any]) -> dict[str, Any]:
    """The valid capabilities; a malformed group keeps its valid members."""
    fields = {"textDocument": types.TextDocumentClientCapabilities,
              "workspace": types.WorkspaceClientCapabilities,
              "window": types.WindowClientCapabilities,
              "general": types.GeneralClientCapabilities}  # fmt: skip
    for name, type_ in fields.items():
        if isinstance(group := value.get(name), dict):
            value = {**value, name: _good(converter, group, type_, {})}
    return _good(converter, value, types.ClientCapabilities, {})


def _good(
    converter: cattrs.Converter, value: dict[str, Any], type_: type[Any], others: dict[str, Any]
) -> dict[str, Any]:
    """The members that can be read, each tried on its own with ``others``."""
    found = {}
    for name, member in value.items():
        try:
            structured(converter, {**others, name: member}, type_)
        except UnreadableError:
            continue
        found[name] = member
    return found


def readable(params: types.InitializeParams) -> types.InitializeParams:
    """The parameters without values that pygls cannot handle."""
    folders = [
        attrs.evolve(item, uri=plain_uri(item.uri))
        for item in params.workspace_folders or ()
        if is_uri(item.uri)
    ]
    root = params.root_uri if params.root_uri and is_uri(params.root_uri) else None
    return attrs.evolve(
        params,
        capabilities=attrs.evolve(
            params.capabilities, general=_general(params.capabilities.general)
        ),
        root_uri=root or _uri_of(params.root_path),
        root_path=None,
        workspace_folders=folders,
    )


def is_uri(value: str) -> bool:
    """Can this be parsed as a URI with a scheme?"""
    try:
        return bool(urlsplit(value).scheme)
    except ValueError:
        return False


def _general(
    general: types.GeneralClientCapabilities | None,
) -> types.GeneralClientCapabilities | None:
    if general is None or general.position_encodings is None:
        return general
    names = [name for name in general.position_encodings if isinstance(name, str)]
    return attrs.evolve(general, position_encodings=names)


def _uri_of(path: str | None) -> str | None:
    try:
        return Path(path).as_uri() if path else None
    except ValueError:  # a relative path
        return None
