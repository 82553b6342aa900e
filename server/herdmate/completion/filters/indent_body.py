"""Indent the body of a block deeper than the line that opens it."""

from __future__ import annotations

from herdmate.completion.cursor_context import (
    ENDS,
    GOES_ON,
    CursorContext,
    indent_unit,
    indentation,
    kinds_of_lines,
    opens_body,
)


def indent_body(text: str, context: CursorContext) -> str:
    """Indent the body of a block deeper than the line that opens it."""
    head = context.head
    lines = text.split("\n")
    level = indentation(lines[0])
    if context.line_prefix or level > indentation(head) or not opens_body(head, context):
        return text
    if not lines[0].strip() or lines[0].lstrip()[0] in ENDS or GOES_ON.match(lines[0]):
        return text
    if context.language == "yaml" and lines[0].startswith("- "):
        return text  # as deep as its key or deeper: both are valid
    lead = head[: len(head) - len(head.lstrip())]
    unit = "\t" if lead[:1] == "\t" else indent_unit(context) or "    "
    margin = len(lines[0]) - len(lines[0].lstrip())
    for at, (line, kind) in enumerate(zip(lines, kinds_of_lines(text, context), strict=True)):
        if line.strip() and kind != "string":
            if indentation(line) < level:
                break
            lines[at] = lead + unit + line[margin:]
    return "\n".join(lines)
