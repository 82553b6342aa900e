"""Keep the lines up to the code below, the last of them with as many brackets closed as opened."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext
from herdmate.context.lexical import brackets, code_language, depth_after
from herdmate.context.line_kinds import without_strings


def limit_to_balance(text: str, context: CursorContext) -> str:
    """Keep the lines up to the code below, the last of them with as many brackets closed as opened.

    Unlike the block around the cursor, they may end that block and begin another one.
    """
    lines = limit_to_arrival(text, context).split("\n")
    depths = _depths("\n".join(lines), context)
    least, most = -(context.closers_missing or 0), context.closers_left
    whole = (at for at in reversed(range(len(lines))) if least <= depths[at] <= most)
    return "\n".join(lines[: next(whole, -1) + 1])


def limit_to_arrival(text: str, context: CursorContext) -> str:
    """Stop where the text arrives at the line below the cursor's with all its brackets closed."""
    lines, below = text.split("\n"), "".join(context.below[:1])
    if not below:
        return text
    depths = _depths(text, context)
    for at, line in enumerate(lines[1:], start=1):
        if line.rstrip() == below and depths[at - 1] == 0:
            return "\n".join(lines[:at])
    return text


def _depths(text: str, context: CursorContext) -> list[int]:
    """How many more brackets are opened than closed, at the end of each line."""
    code = without_strings(text, context.language, context.code.inside)
    depth, found, at = 0, list[int](), 0
    for place, char in brackets(code, code_language(context.language)):
        found += [depth] * text.count("\n", at, place)
        depth, at = depth_after(char, depth), place
    return found + [depth] * (text.count("\n", at) + 1)
