"""How much of the model's text to show, and when generation can stop: the rules, in order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from herdmate.completion.cursor_context import (
    WITH_LONE_CLOSERS,
    CursorContext,
    cursor_context,
    indentation,
    is_telling,
)
from herdmate.completion.filters.close_string import close_string
from herdmate.completion.filters.drop_blank import drop_blank
from herdmate.completion.filters.drop_comment_noise import drop_comment_noise
from herdmate.completion.filters.drop_repeat_of_line_above import drop_repeat_of_line_above
from herdmate.completion.filters.drop_repeat_of_next_line import drop_repeat_of_next_line
from herdmate.completion.filters.drop_too_short import drop_too_short
from herdmate.completion.filters.indent_body import indent_body
from herdmate.completion.filters.limit_loop import limit_loop
from herdmate.completion.filters.limit_repeated_lines import limit_repeated_lines
from herdmate.completion.filters.limit_to_balance import limit_to_arrival, limit_to_balance
from herdmate.completion.filters.limit_to_block import limit_to_block
from herdmate.completion.filters.limit_to_brackets import limit_to_brackets
from herdmate.completion.filters.limit_to_code import limit_to_code
from herdmate.completion.filters.limit_to_gap import limit_to_gap
from herdmate.completion.filters.limit_to_line import limit_to_line
from herdmate.completion.filters.limit_to_open_head import limit_to_open_head
from herdmate.completion.filters.limit_to_scope import limit_to_scope
from herdmate.completion.filters.limit_to_secret import limit_to_secret
from herdmate.completion.filters.limit_to_statement import limit_to_statement
from herdmate.completion.filters.limit_to_suffix import limit_to_suffix
from herdmate.completion.filters.limit_to_tags import limit_to_tags
from herdmate.completion.filters.mend_indentation import mend_indentation
from herdmate.completion.filters.remove_carriage_returns import remove_carriage_returns
from herdmate.completion.filters.remove_trailing_whitespace import remove_trailing_whitespace
from herdmate.completion.filters.trim_leading_line_end import trim_leading_line_end
from herdmate.completion.filters.trim_overlap_with_suffix import trim_overlap_with_suffix
from herdmate.completion.filters.trim_repeated_indentation import trim_repeated_indentation
from herdmate.completion.filters.trim_repeated_prefix import trim_repeated_prefix
from herdmate.completion.filters.trim_repeated_space import trim_repeated_space
from herdmate.completion.filters.trim_to_bracket import trim_to_bracket
from herdmate.completion.filters.trim_to_cursor_line import trim_to_cursor_line
from herdmate.completion.filters.trim_trailing_comments import trim_trailing_comments
from herdmate.completion.filters.unwrap_fence import unwrap_fence
from herdmate.completion.open_head import has_body
from herdmate.completion.shape import Shape
from herdmate.context.lexical import PROSE, brackets, is_quote_open
from herdmate.text import Cursor

Rule = Callable[[str, CursorContext], str]


@dataclass(frozen=True, slots=True)
class Shown:
    """Text worth showing. It replaces ``reach`` characters after the cursor: brackets and quotes
    that it contains itself.

    ``logprobs`` has, as far as known, the places in the text at which the model's tokens end and
    their log-probabilities; see ``confidence``.
    """

    text: str
    reach: int = 0
    logprobs: tuple[tuple[int, float], ...] = field(default=(), compare=False)


def finish(
    raw: str,
    cursor: Cursor,
    shape: Shape,
    context: CursorContext | None = None,
    is_asked: bool = False,
    is_ended: bool = False,
) -> Shown | None:
    """The completion to show, with the document's line endings, or ``None`` if nothing is left.

    ``raw`` is everything the model has said; ``shape`` is the result of ``shape_at``. ``context``
    is the cursor's, for callers that ask about every piece of an answer. ``is_asked``: the user
    asked for it, so what would only disturb is shown too if there is nothing else. ``is_ended``:
    the model has ended by itself.
    """
    context = context or cursor_context(cursor)
    if shape == "rest" and not is_ended and not _arrives(raw, context):
        shape = "block"
    text = _finished(raw, context, shape)
    if is_asked and not text:
        text = _apply(AFTER_IF_ASKED, _begun(raw, context, shape), context)
    behind = context.line_suffix.rstrip()
    if _is_closed_ahead(context, shape) and _closes(_begun(raw, context, shape), context):
        over = _finished(raw, _without_closers(context, behind), shape)
        if _goes_over(over, text, context):
            return Shown(over.replace("\n", context.line_end), len(behind))
    return Shown(text.replace("\n", context.line_end)) if text else None


def is_whole(raw: str, cursor: Cursor, shape: Shape, context: CursorContext | None = None) -> bool:
    """Can generation stop here, because anything more would be cut off anyway?

    Meant to be called for each piece of the answer; it takes a fraction of a millisecond.
    """
    context = context or cursor_context(cursor)
    behind = context.line_suffix.rstrip()
    if not _is_closed_ahead(context, shape):
        return _is_whole(raw, context, shape)
    # It may fill the brackets, or close them itself and go on.
    if _closes(_begun(raw, context, shape), context):
        context = _without_closers(context, behind)
    return _is_whole(raw, context, shape, is_over=True)


def _is_whole(raw: str, context: CursorContext, shape: Shape, is_over: bool = False) -> bool:
    text = _apply(_before(shape), raw, context)
    # The last word may still grow, and only finished lines can be compared.
    settled = _LAST_WORD.sub("", text)
    complete = text[: text.rfind("\n") + 1]
    if shape in ("statement", "block", "rest") and not _WORD.search(settled, len(complete)):
        settled = complete  # ``<`` may become ``</div>``
    limits: list[tuple[Rule, str]] = [
        (limit_loop, settled),
        (limit_to_code, complete),
        (limit_to_tags, settled),
        (limit_repeated_lines, complete),
    ]
    if shape == "all":
        limits.append((limit_to_arrival, complete))
    else:
        limit = _limit(shape, context)
        limits += [(limit, settled), (limit_to_gap, complete)]
        if shape == "rest" and limit is not limit_to_open_head:
            limits.append((_limit_to_near, settled))
    if not is_over and shape != "all":
        last = text[len(complete) :]
        # ``}`` may continue as ``} else {``, and ``')`` as the string ``') and'``.
        may_go_on = "}" in last or is_quote_open(last if complete else context.line_prefix + last)
        limits.append((limit_to_brackets, complete if may_go_on else settled))
    return any(rule(known, context) != known for rule, known in limits)


BEFORE: tuple[Rule, ...] = (
    remove_carriage_returns,
    trim_leading_line_end,
    trim_repeated_indentation,
    trim_repeated_space,
    trim_repeated_prefix,
    mend_indentation,
    indent_body,
)


AFTER: tuple[Rule, ...] = (
    limit_to_secret,
    limit_to_code,
    limit_to_gap,
    limit_to_brackets,
    limit_to_tags,
    limit_repeated_lines,
    limit_loop,
    trim_trailing_comments,
    trim_overlap_with_suffix,
    drop_repeat_of_next_line,
    drop_repeat_of_line_above,
    drop_comment_noise,
    remove_trailing_whitespace,
    close_string,
    drop_too_short,
    drop_blank,
)


_DISTURBING = (
    trim_trailing_comments,
    drop_repeat_of_next_line,
    drop_repeat_of_line_above,
    drop_comment_noise,
    drop_too_short,
)


AFTER_IF_ASKED: tuple[Rule, ...] = tuple(rule for rule in AFTER if rule not in _DISTURBING)

_AFTER_ALL: tuple[Rule, ...] = tuple(
    rule for rule in AFTER_IF_ASKED if rule not in (limit_to_brackets, limit_to_gap)
)


_LAST_WORD = re.compile(r"(?<!\w)\w+\Z")


_OPENERS = {")": "(", "]": "[", "}": "{", ">": "<"}

_AUTO_CLOSED = frozenset(")]}>\"'`")


_WORD = re.compile(r"\w")

_LIMITS: dict[Shape, Rule] = {
    "line": limit_to_line,
    "gap": limit_to_suffix,
    "statement": limit_to_statement,
    "block": lambda text, context: (
        limit_to_statement if context.line_prefix.strip() else limit_to_block
    )(text, context),
    "rest": lambda text, context: (limit_to_block if context.scope is None else limit_to_scope)(
        text, context
    ),
    "all": limit_to_balance,
}


def _limit(shape: Shape, context: CursorContext) -> Rule:
    is_open = shape in ("statement", "block", "rest") and _is_open(context)
    if is_open and shape == "rest" and not has_body(context.open_head[0], context.language):
        is_open = False  # what stands behind a call is wanted too
    return limit_to_open_head if is_open else _LIMITS[shape]


def _is_open(context: CursorContext) -> bool:
    """Is the cursor in brackets that began above, with nothing below that belongs to their line?"""
    head, below = "".join(context.open_head[:1]), "".join(context.below[:1])
    return bool(head) and indentation(below) <= indentation(head)


def _arrives(raw: str, context: CursorContext) -> bool:
    """Has the model gone on to the code below the cursor?"""
    text = _apply(BEFORE, raw, context)
    is_certain = bool(context.below) and is_telling(context.below[0])
    return is_certain and limit_to_gap(text, context) != text


_FAR = 600
"""Characters after the block in which the model has to end, so that they are shown too."""


def _limit_to_near(text: str, context: CursorContext) -> str:
    """Keep the block alone once the model has gone far beyond it."""
    block = limit_to_block(text, context)
    return block if len(text) - len(block) > _FAR else text


def _before(shape: Shape) -> tuple[Rule, ...]:
    if shape == "all":
        return (remove_carriage_returns, unwrap_fence, *BEFORE)
    if shape in ("block", "rest"):
        return BEFORE
    return (*BEFORE, trim_to_cursor_line if shape in ("line", "gap") else trim_to_bracket)


def _begun(raw: str, context: CursorContext, shape: Shape) -> str:
    return _limit(shape, context)(_apply(_before(shape), raw, context), context)


def _finished(raw: str, context: CursorContext, shape: Shape) -> str:
    rules = _AFTER_ALL if shape == "all" else AFTER
    return _apply(rules, _begun(raw, context, shape), context)


def _is_closed_ahead(context: CursorContext, shape: Shape) -> bool:
    """Can a completion continue past the closers after the cursor?"""
    behind = context.line_suffix.rstrip()
    is_begun = shape == "block" and context.line_prefix.strip() != ""
    return (
        (shape in ("line", "statement") or is_begun)
        and bool(behind)
        and (set(behind) <= _AUTO_CLOSED)
    )


def _closes(text: str, context: CursorContext) -> bool:
    """Does a text itself close what is closed after the cursor?"""
    code, language = text, context.language
    if language not in PROSE:
        code = "".join(char for _, char in brackets(text, language))
    return all(
        code.count(char) > code.count(_OPENERS[char])
        if char in ")]}"
        else text.count(">") > text.count("<")
        if char == ">"
        else text.count(char) % 2
        for char in context.line_suffix.rstrip()
    )


def _without_closers(context: CursorContext, behind: str) -> CursorContext:
    missing = context.closers_missing
    closers = sum(char in ")]}" for char in behind)
    missing = None if missing is None else missing + closers
    return replace(context, line_suffix="", closers_missing=missing)


def _goes_over(over: str, text: str, context: CursorContext) -> bool:
    """Does a completion itself close what is closed after the cursor, and then continue?"""
    behind = context.line_suffix.rstrip()
    closes_quote = any(char in "\"'`" and text.count(char) % 2 for char in behind)
    # Brackets limit what comes before them; ``>`` does not, and shell's may have no opener.
    is_unlimited = ">" in behind or context.language in WITH_LONE_CLOSERS
    inside = text.rstrip()
    is_more = over.startswith(inside) and (over != inside or is_unlimited)
    if over == text + behind or not (is_more or closes_quote):
        return False
    at = -1
    return all((at := over.find(char, at + 1)) >= 0 for char in behind)


def _apply(rules: tuple[Rule, ...], text: str, context: CursorContext) -> str:
    for rule in rules:
        text = rule(text, context)
    return text
