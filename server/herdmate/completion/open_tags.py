"""What ends a tag, and the value of its attribute, in which a completion ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.context.lexical import closers
from herdmate.context.open_strings import string_closers

_TAGGED = frozenset(
    {"html", "xml", "vue", "svelte", "astro", "php", "javascript", "javascriptreact"}
    | {"typescriptreact"}
)
_BEGINS = re.compile(r"<([A-Za-z][\w.:-]{0,60})(?=[\s/>]|\Z)")
_NOTABLE = re.compile(r"[\"'{>]")
_ABOVE = 2000
"""Characters before the cursor in which the tag may begin."""


def ways_to_end_tag(text: str, check: SyntaxCheck) -> Iterator[tuple[str, int, str]]:
    """Ways to show a text that ends in a tag, each with what has to be sound as the whole tag.

    Between the two is how many characters after the cursor the latter replaces: those that end the
    value of an attribute. None where the text ends elsewhere.
    """
    if check.language not in _TAGGED:
        return
    code = check.before[-_ABOVE:] + text
    if (found := _last_tag(code)) is None:
        return
    name, value = found
    if value is None:  # its end is the text's
        yield from ((text, 0, f"{text}{end}</{name}>") for end in ("", "\n"))
        return
    ends = _value_ends(value)
    if ends and ("\n" in text or text.rstrip().endswith(("(", "[", "{", ","))):
        return
    lacks = next(size for size in range(len(ends) + 1) if check.after.startswith(ends[size:]))
    shown, reach = text + ends[:lacks], len(ends) - lacks
    for end in (">", " />", f"></{name}>", f">\n</{name}>"):
        yield shown, reach, text + ends + end


def _last_tag(code: str) -> tuple[str, str | None] | None:
    """The name of the tag in which code ends, and the value that is open there, ``""`` if none is.

    ``None`` for the value if the tag's end is the code's, and for all if it ends elsewhere.
    """
    at = 0
    while (tag := _BEGINS.search(code, at)) is not None:
        at = tag.end()
        while (mark := _NOTABLE.search(code, at)) is not None and mark[0] != ">":
            at = _value_end(code, mark.start())
            if at < 0:
                return tag[1], code[mark.start() :]
        if mark is None:
            return tag[1], ""
        at = mark.end()
        if at == len(code):
            return None if code.endswith("/>") else (tag[1], None)
    return None


def _value_end(code: str, start: int) -> int:
    """Where a value ends that begins with a quote or a brace; -1 if it does not."""
    if code[start] != "{":
        return code.find(code[start], start + 1) + 1 or -1
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] == "{") - (code[at] == "}")
        if not depth:
            return at + 1
    return -1


def _value_ends(value: str) -> str:
    if value[:1] != "{":
        return value[:1]
    return "".join(string_closers(value, "javascript")) or closers(value, "javascript")
