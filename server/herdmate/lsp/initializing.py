"""The parameters of ``initialize``, as far as anything can be made of them.

No session ever begins where they are refused, so what is odd in them is left out instead.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import attrs
from lsprotocol import types


def readable(params: types.InitializeParams) -> types.InitializeParams:
    """The same without what pygls could not read."""
    folders = [item for item in params.workspace_folders or () if is_uri(item.uri)]
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
    """Can this be taken apart as a URI?"""
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
    except ValueError:  # a relative one
        return None
