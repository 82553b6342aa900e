"""Parsing what was opened, to its end."""

from __future__ import annotations

import time

from herdmate.context import syntax
from herdmate.lsp.documents import Documents

_SECONDS = 60.0  # the machine may be busy


def parse_all(documents: Documents) -> None:
    """Take turns until nothing is left to parse."""
    end = time.monotonic() + _SECONDS
    while (rest := documents.parse_on()) is not None:
        assert time.monotonic() < end, "it is never parsed"
        time.sleep(rest)


def refresh_until_fresh(documents: Documents, uri: str) -> syntax.SyntaxTree:
    """The tree of a long document with its last edits, as after a pause in typing."""
    for _ in range(100):  # the machine may be busy
        documents.refresh(uri)
        parse_all(documents)
        tree = documents.get(uri).document.tree
        assert isinstance(tree, syntax.SyntaxTree)
        if not tree.is_stale:
            return tree
    raise AssertionError("the edits are never parsed")
