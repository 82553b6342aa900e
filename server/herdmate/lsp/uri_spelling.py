"""One spelling for each URI: clients write ``c%3A`` for ``c:``, or ``file://localhost/`` for
``file:///``, and not consistently.

The server keeps everything about a document under the spelling that it was opened with. Messages
get that spelling as they come in, so nothing else has to compare URIs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

_NAMES = ("uri", "document")
"""Members that hold a URI; notebooks name their cells by ``document``."""

_WITHOUT_URIS = ("contentChanges", "changes")
"""Members that can be long and hold no URI."""

_NEEDLESS = re.compile(r"(?:%(?![01][0-9a-f]|23|25|2f|3f|7f)[0-9a-f]{2})+", re.IGNORECASE)
"""Escapes that do not change a URI's meaning."""

_ESCAPE = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ON_DISK = re.compile(
    r"\A(file:|vscode-notebook-cell:)(?://([^/?#]*))?(/[a-z]:(?![^/])|(?=/))", re.IGNORECASE
)


def plain_uri(uri: str) -> str:
    """The same for all spellings of a URI; a path on disk can still be read from it."""
    plain = _NEEDLESS.sub(lambda run: unquote(run[0], errors="surrogateescape"), uri)
    plain = _ESCAPE.sub(lambda escape: escape[0].upper(), plain)
    plain = _SCHEME.sub(lambda scheme: scheme[0].lower(), plain, count=1)
    return _ON_DISK.sub(_plain_start, plain, count=1)


def with_uris(params: Any, named: Callable[[str], str]) -> Any:
    """A message's parameters as JSON, with each URI replaced by what ``named`` returns.

    Spellings of a URI that nobody knows yet become one within the message.
    """
    first: dict[str, str] = {}

    def renamed(uri: str) -> str:
        return first.setdefault(plain_uri(uri), named(uri))

    return _replaced(params, renamed)


def _plain_start(found: re.Match[str]) -> str:
    host = (found[2] or "").lower()
    return f"{found[1]}//{'' if host == 'localhost' else host}{found[3].lower()}"


def _replaced(value: Any, renamed: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, renamed) for item in value]
    if isinstance(value, dict):
        return {name: _member(name, item, renamed) for name, item in value.items()}
    return value


def _member(name: str, value: Any, renamed: Callable[[str], str]) -> Any:
    if name in _NAMES and isinstance(value, str):
        return renamed(value)
    return value if name in _WITHOUT_URIS else _replaced(value, renamed)
