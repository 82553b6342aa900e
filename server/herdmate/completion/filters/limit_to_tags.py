"""Close an element only if the completion opened it, where another one is closed behind it."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext

_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]{0,60})(?:[^<>]{0,400}[^<>/])?(/?)>")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)


def limit_to_tags(text: str, context: CursorContext) -> str:
    """Close an element only if the completion opened it, where another one is closed behind it."""
    if not context.line_suffix.lstrip().startswith("</"):
        return text
    depth = 0
    for tag in _TAG.finditer(text):
        if tag[3] or tag[2].lower() in _VOID:
            continue
        depth += -1 if tag[1] else 1
        if depth < 0:
            return text[: tag.start()]
    return text
