"""Keep a line and, where it opens a block or a bracket, all that follows up to its end."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, split_lead
from herdmate.completion.statement import Statement
from herdmate.context.line_kinds import lines_in_strings


def limit_to_statement(text: str, context: CursorContext) -> str:
    """Keep a line and, where it opens a block or a bracket, all that follows up to its end."""
    lead, rest = split_lead(text)
    language, prefix = context.language, context.line_prefix
    closed_behind = sum(char in ")]}" for char in context.line_suffix)
    if lead:
        statement = Statement(prefix, prefix, language, closed_behind)
        if statement.goes_on_with(rest.partition("\n")[0]):
            lead, rest = "", text
        else:
            prefix = ""
    lines = rest.split("\n")
    statement = Statement(prefix + lines[0], prefix, language, closed_behind)
    strings, above = lines_in_strings(text, language, context.code.inside), lead.count("\n")
    kept = 1
    for at, line in enumerate(lines[1:], start=1):
        if line.strip():
            behind = strings.get(at + above)
            if not statement.goes_on_with(line, is_string=behind is not None):
                break
            statement.take(line, behind)
            kept = at + 1
        elif statement.is_ended and at < len(lines) - 1:
            break
    else:
        return text
    return lead + "\n".join(lines[:kept])
