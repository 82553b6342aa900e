"""What of the model's text is shown, and when generation can stop: the rules in their order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from herdmate.completion.cursor_context import CursorContext, cursor_context
from herdmate.completion.filters.drop_blank import drop_blank
from herdmate.completion.filters.drop_comment_noise import drop_comment_noise
from herdmate.completion.filters.drop_repeat_of_line_above import drop_repeat_of_line_above
from herdmate.completion.filters.drop_repeat_of_next_line import drop_repeat_of_next_line
from herdmate.completion.filters.drop_too_short import drop_too_short
from herdmate.completion.filters.indent_body import indent_body
from herdmate.completion.filters.limit_loop import limit_loop
from herdmate.completion.filters.limit_repeated_lines import limit_repeated_lines
from herdmate.completion.filters.limit_to_block import limit_to_block
from herdmate.completion.filters.limit_to_brackets import limit_to_brackets
from herdmate.completion.filters.limit_to_code import limit_to_code
from herdmate.completion.filters.limit_to_gap import limit_to_gap
from herdmate.completion.filters.limit_to_line import limit_to_line
from herdmate.completion.filters.limit_to_secret import limit_to_secret
from herdmate.completion.filters.mend_indentation import mend_indentation
from herdmate.completion.filters.remove_carriage_returns import remove_carriage_returns
from herdmate.completion.filters.remove_trailing_whitespace import remove_trailing_whitespace
from herdmate.completion.filters.trim_leading_line_end import trim_leading_line_end
from herdmate.completion.filters.trim_overlap_with_suffix import trim_overlap_with_suffix
from herdmate.completion.filters.trim_repeated_indentation import trim_repeated_indentation
from herdmate.completion.filters.trim_repeated_space import trim_repeated_space
from herdmate.completion.filters.trim_to_cursor_line import trim_to_cursor_line
from herdmate.completion.filters.trim_trailing_comments import trim_trailing_comments
from herdmate.text import Cursor

Rule = Callable[[str, CursorContext], str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is worth showing: a text that also takes the place of ``reach`` characters behind the
    cursor, which are brackets and quotes that it has itself."""

    text: str
    reach: int = 0


def finish(raw: str, cursor: Cursor, multiline: bool) -> Shown | None:
    """The completion to show, with the document's line ends, or ``None`` where nothing is left.

    ``raw`` is all that the model said; ``multiline`` is what ``wants_multiline`` answered.
    """
    context = _place(cursor)
    text = _finished(raw, context, multiline)
    behind = context.line_suffix.rstrip()
    if _is_closed_ahead(behind, multiline):
        over = _finished(raw, _without_closers(context, behind), multiline)
        if _goes_over(over, text, behind):
            return Shown(over, len(behind))
    return Shown(text.replace("\n", context.line_end)) if text else None


def is_whole(raw: str, cursor: Cursor, multiline: bool) -> bool:
    """Can generation stop here, because what comes next would be cut off anyway?

    To be asked at each piece of the answer; it takes a fraction of a millisecond.
    """
    context = _place(cursor)
    text = _apply(BEFORE if multiline else (*BEFORE, trim_to_cursor_line), raw, context)
    # The last word may go on, and only a line's end makes two lines equal.
    settled = _LAST_WORD.sub("", text)
    complete = text[: text.rfind("\n") + 1]
    limits = [
        (limit_to_block if multiline else limit_to_line, settled),
        (limit_loop, settled),
        (limit_to_code, complete),
        (limit_to_gap, complete),
        (limit_repeated_lines, complete),
    ]
    if not _is_closed_ahead(context.line_suffix.rstrip(), multiline):
        # ``}`` may go on as ``} else {``.
        limits.append((limit_to_brackets, complete if "}" in text[len(complete) :] else settled))
    return any(rule(known, context) != known for rule, known in limits)


BEFORE: tuple[Rule, ...] = (
    remove_carriage_returns,
    trim_leading_line_end,
    trim_repeated_indentation,
    trim_repeated_space,
    mend_indentation,
    indent_body,
)


AFTER: tuple[Rule, ...] = (
    limit_to_secret,
    limit_to_code,
    limit_to_gap,
    limit_to_brackets,
    limit_repeated_lines,
    limit_loop,
    trim_trailing_comments,
    trim_overlap_with_suffix,
    drop_repeat_of_next_line,
    drop_repeat_of_line_above,
    drop_comment_noise,
    remove_trailing_whitespace,
    drop_too_short,
    drop_blank,
)


_LAST_WORD = re.compile(r"(?<!\w)\w+\Z")


_AUTO_CLOSED = frozenset(")]}>\"'`")


def _place(cursor: Cursor) -> CursorContext:
    """The same cursor is asked for at each piece of an answer, and hashing it would read it all."""
    global _last
    if _last is None or _last[0] is not cursor:
        _last = cursor, cursor_context(cursor)
    return _last[1]


_last: tuple[Cursor, CursorContext] | None = None


def _finished(raw: str, context: CursorContext, multiline: bool) -> str:
    text = _apply(BEFORE if multiline else (*BEFORE, trim_to_cursor_line), raw, context)
    text = limit_to_block(text, context) if multiline else limit_to_line(text, context)
    return _apply(AFTER, text, context)


def _is_closed_ahead(behind: str, multiline: bool) -> bool:
    """May the completion of one line go on behind what closes ahead of it?"""
    return not multiline and bool(behind) and set(behind) <= _AUTO_CLOSED


def _without_closers(context: CursorContext, behind: str) -> CursorContext:
    missing = context.closers_missing
    closers = sum(char in ")]}" for char in behind)
    missing = None if missing is None else missing + closers
    return replace(context, line_suffix="", closers_missing=missing)


def _goes_over(over: str, text: str, behind: str) -> bool:
    """Does a completion close itself what is closed behind the cursor, and then go on?"""
    closes_quote = any(char in "\"'`" and text.count(char) % 2 for char in behind)
    if over.endswith(behind) or not ((over.startswith(text) and over != text) or closes_quote):
        return False
    at = -1
    return all((at := over.find(char, at + 1)) >= 0 for char in behind)


def _apply(rules: tuple[Rule, ...], text: str, context: CursorContext) -> str:
    for rule in rules:
        text = rule(text, context)
    return text
