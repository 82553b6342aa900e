"""Stop where the completion arrives at the line below the cursor's."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext, is_telling
from herdmate.context.lexical import unclosed


def limit_to_gap(text: str, context: CursorContext) -> str:
    """Stop where the completion arrives at the line below the cursor's.

    The token limit may have cut off the last line while it was repeating that line. Where that
    line is as common as ``do {`` or ``/**``, the next one decides.
    """
    lines = text.split("\n")
    for at, line in enumerate(lines[1:], start=1):
        if not line.strip() or not context.below:
            continue
        cut_off = at == len(lines) - 1 and is_telling(line) and context.below[0].startswith(line)
        # Open brackets may already be closed after the cursor.
        closed = unclosed("\n".join(lines[:at]), context.language) <= context.closers_left
        is_there = line.rstrip() == context.below[0] and _goes_on_alike(lines[at:], context)
        if (is_there or cut_off) and closed:
            return "\n".join(lines[:at])
    return text


_ENDS = re.compile(r"\s*(?:[)\]};,]|end\b|fi\b|done\b|esac\b|</)")


def _goes_on_alike(lines: list[str], context: CursorContext) -> bool:
    """Is the first line certainly the one below the cursor's, by itself or by what follows it?"""
    if is_telling(lines[0]) or _ENDS.match(lines[0]) or len(context.below) < 2:
        return True
    at = next((at for at in range(1, len(lines)) if lines[at].strip()), 0)
    if not at:
        return len(lines) == 1  # a line that has ended goes on with another one
    is_last, line = at == len(lines) - 1, lines[at].rstrip()
    return context.below[1].startswith(line) if is_last else context.below[1] == line
