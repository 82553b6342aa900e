"""Keep the rest of a head that began above the cursor, and its body."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.completion.statement import Statement
from herdmate.context.line_kinds import lines_in_strings


def limit_to_open_head(text: str, context: CursorContext) -> str:
    """Keep the rest of a head that began above the cursor, and its body."""
    head, *above = context.open_head
    statement, lines = Statement(head, "", context.language, 0), text.split("\n")
    for line in filter(str.strip, (*above, context.line_prefix + lines[0])):
        statement.take(line)
    strings, kept = lines_in_strings(text, context.language, context.code.inside), 1
    for at, line in enumerate(lines[1:], start=1):
        if line.strip():
            behind = strings.get(at)
            if not statement.goes_on_with(line, is_string=behind is not None):
                return "\n".join(lines[:kept])
            statement.take(line, behind)
            kept = at + 1
        elif statement.is_ended and at < len(lines) - 1:
            return "\n".join(lines[:kept])
    return text
