"""Parsing what was opened, to its end."""

from __future__ import annotations

import time

from herdmate.lsp.documents import Documents

_SECONDS = 60.0  # the machine may be busy


def parse_all(documents: Documents) -> None:
    """Take turns until nothing is left to parse."""
    end = time.monotonic() + _SECONDS
    while (rest := documents.parse_on()) is not None:
        assert time.monotonic() < end, "it is never parsed"
        time.sleep(rest)
