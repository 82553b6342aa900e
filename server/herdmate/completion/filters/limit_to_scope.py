"""Keep what is inside the function around the cursor, or at least as deep as the code below it."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, indentation, kinds_of_lines


def limit_to_scope(text: str, context: CursorContext) -> str:
    """Keep what is inside the function around the cursor, or at least as deep as the code below it.

    Lines that begin inside a string do not count.
    """
    lines = text.split("\n")
    head = next((at for at, line in enumerate(lines) if line.strip()), 0)
    kinds = kinds_of_lines(text, context)
    for at, line in enumerate(lines[head + 1 :], start=head + 1):
        if line.strip() and kinds[at] != "string" and indentation(line) < (context.scope or 0):
            return "\n".join(lines[:at])
    return text
