"""The values in a Kubernetes manifest of kind ``Secret``."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from herdmate.redaction.places import Place

_KIND = re.compile(r"kind[\"']?[ \t]{0,4}:[ \t]{0,4}[\"']?Secret\b")
_NEXT_DOCUMENT = re.compile(r"^---(?![^\s#])", re.MULTILINE)
_DATA = re.compile(
    r"^([ \t]{0,40})(-[ ])?(?:data|stringData):[ \t]{0,8}(?:#[^\r\n]{0,200})?\r?\n"
    r"((?:\1(?(2)[ \t]{2})[ \t][^\r\n]*(?:\r?\n|\Z)|[ \t]*\r?\n){1,1000})",
    re.MULTILINE,
)
_ENTRY = re.compile(r"^[ \t]*(?:[\"']?[\w.-]{1,80}[\"']?:[ \t]{0,8})?([^\r\n]*)", re.MULTILINE)
_DATA_OF_JSON = re.compile(r"[\"'](?:data|stringData)[\"'][ \t]{0,4}:\s{0,8}\{([^{}]+)\}")
_ENTRY_OF_JSON = re.compile(r":\s{0,8}\"((?:[^\"\\\r\n]|\\.)+)\"")
_PART = re.compile(r"[^\s\"']{2,}")


def data_of_secrets_in(text: str) -> Iterator[Place]:
    """The places of the values of ``data`` and ``stringData`` in documents of kind ``Secret``.

    The kind can be far from them, so ``text`` has to be the whole text.
    """
    if "Secret" not in text:
        return
    kinds = [found.start() for found in _KIND.finditer(text)]
    if not kinds:
        return
    ends = [found.start() for found in _NEXT_DOCUMENT.finditer(text)]
    for data, group, entry in ((_DATA, 3, _ENTRY), (_DATA_OF_JSON, 1, _ENTRY_OF_JSON)):
        for found in data.finditer(text):
            if _is_in_one(kinds, found.start(), ends):
                for item in entry.finditer(text, *found.span(group)):
                    yield from (part.span() for part in _PART.finditer(text, *item.span(1)))


def _is_in_one(kinds: list[int], at: int, ends: list[int]) -> bool:
    """Is a kind in the same document as a place? Both lists are in order, without the last end."""
    document = bisect_right(ends, at)
    number = bisect_left(kinds, ends[document - 1] if document else 0)
    return number < len(kinds) and (document == len(ends) or kinds[number] < ends[document])
