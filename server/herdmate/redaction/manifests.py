"""The values in a Kubernetes manifest of kind ``Secret``."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from herdmate.redaction.places import Place

_NEAR = 1800
"""Characters between the kind and the data that are read."""

_KIND = re.compile(r"kind[\"']?[ \t]{0,4}:[ \t]{0,4}[\"']?Secret\b")
_DATA = re.compile(
    r"^([ \t]{0,40})(?:data|stringData):[ \t]{0,8}(?:#[^\r\n]{0,200})?\r?\n"
    r"((?:\1[ \t][^\r\n]*(?:\r?\n|\Z)){1,1000})",
    re.MULTILINE,
)
_ENTRY = re.compile(r"^[ \t]*(?:[\"']?[\w.-]{1,80}[\"']?:[ \t]{0,8})?([^\r\n]*)$", re.MULTILINE)
_DATA_OF_JSON = re.compile(r"[\"'](?:data|stringData)[\"'][ \t]{0,4}:\s{0,8}\{([^{}]{1,1500})\}")
_ENTRY_OF_JSON = re.compile(r":\s{0,8}\"([^\"\r\n]{1,1500})\"")
_PART = re.compile(r"[^\s\"']{2,}")


def data_of_secrets_in(text: str) -> Iterator[Place]:
    """The places of the values of ``data`` and ``stringData`` close to a kind of ``Secret``.

    They can reach far: the text has to be the whole one.
    """
    if "Secret" not in text:
        return
    kinds = [found.start() for found in _KIND.finditer(text)]
    if not kinds:
        return
    for data, group, entry in ((_DATA, 2, _ENTRY), (_DATA_OF_JSON, 1, _ENTRY_OF_JSON)):
        for found in data.finditer(text):
            if _is_near(kinds, found.start()):
                for item in entry.finditer(text, *found.span(group)):
                    yield from (part.span() for part in _PART.finditer(text, *item.span(1)))


def _is_near(kinds: list[int], at: int) -> bool:
    """Does one of the ordered places lie close to another?"""
    number = bisect_left(kinds, at - _NEAR)
    return number < len(kinds) and kinds[number] <= at + _NEAR
