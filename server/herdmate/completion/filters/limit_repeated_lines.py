"""Keep one copy of a line, or of two to four lines, repeated three times in a row.

Items of a list, which end with a comma, are repeated in good code too: five times at most.
"""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, is_telling


def limit_repeated_lines(text: str, context: CursorContext) -> str:
    """Keep one copy of a line, or of two to four lines, repeated three times in a row."""
    lines = text.split("\n")
    said = [(context.line_prefix + lines[0]).strip(), *(line.strip() for line in lines[1:])]
    for period in range(1, 5):
        for at in range(len(said) - 3 * period + 1):
            block = said[at : at + period]
            copies = 6 if all(line.endswith(",") for line in block) else 3
            rest = said[at + period : at + copies * period]
            if rest == block * (copies - 1) and any(map(is_telling, block)):
                return "\n".join(lines[: at + period])
    return text
