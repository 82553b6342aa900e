"""File names that reveal what an empty file is for."""

from __future__ import annotations

import re

from herdmate.context.languages import as_comment
from herdmate.printable import printable
from herdmate.text import Document, name_in

_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}(?![a-z])")
_COMMON = (
    "untitled new file temp tmp test tests main index app foo bar baz script scratch example code"
    " sample demo init mod lib util utils helper helpers types common base data"
)
_SAYS_NOTHING = frozenset(_COMMON.split())
_LONGEST = 100


def telling_name(document: Document) -> str:
    """A file's name if it reveals what the file is for; ``""`` if not.

    Also ``""`` in a language that has no comment to put the name in.
    """
    name = name_in(document.uri).rpartition("/")[2][:_LONGEST]
    words = {word.lower() for word in _WORD.findall(name.partition(".")[0])}
    is_telling = words - _SAYS_NOTHING and as_comment(name, document.language)
    return printable(name) if is_telling else ""
