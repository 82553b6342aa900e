"""Drop a completion whose first line repeats the line below."""

from __future__ import annotations

from herdmate.completion.cursor_context import CursorContext, first_line, is_telling, split_lead


def drop_repeat_of_next_line(text: str, context: CursorContext) -> str:
    """Drop a completion whose first line repeats the line below.

    If it has more lines, they must repeat the lines below as well.
    """
    first, below = first_line(text, context).rstrip(), "".join(context.below[:1])
    is_same = first == below or (is_telling(first) and first.strip() == below.strip())
    more = [line.rstrip() for line in split_lead(text)[1].split("\n")[1:] if line.strip()]
    goes_on_alike = all(map(str.__eq__, more, context.below[1:]))
    return "" if is_same and goes_on_alike else text
