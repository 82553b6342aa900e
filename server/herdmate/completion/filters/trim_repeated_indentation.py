"""Drop leading indentation that the cursor's line already has."""

from __future__ import annotations

from herdmate.completion.cursor_context import (
    CursorContext,
    indent_unit,
    indentation,
    opens_body,
)
from herdmate.text import indent_of


def trim_repeated_indentation(text: str, context: CursorContext) -> str:
    """Drop leading indentation that the cursor's line already has."""
    indent, above = context.line_prefix, "".join(context.above[:1])
    if not indent or indent.strip():
        return text
    if context.line_suffix.strip() and _completes_level(text, context):
        return text
    deeper = indentation(indent) - indentation(above)
    if opens_body(context.head, context):
        # If the editor has not indented the block's first line, the model does.
        return text.lstrip(" \t") if deeper > 0 else _in_whole_levels(text, context)
    return text.lstrip(" \t") if deeper == 0 else text.removeprefix(indent)


def _completes_level(text: str, context: CursorContext) -> bool:
    """Does a text add what the cursor's line lacks to be as deep as a line nearby?"""
    near = {indentation(line) for line in (*context.above, *context.below)}
    whole = context.line_prefix + indent_of(text)
    return indentation(whole) in near and indentation(context.line_prefix) not in near


def _in_whole_levels(text: str, context: CursorContext) -> str:
    """The first line of a block as deep as one level, where the model indents it by part of one.

    Spaces are joined with the word behind them in some vocabularies, which costs the model one.
    """
    wanted = indent_of(context.head) + (indent_unit(context) or "    ")
    said = text[: len(text) - len(text.lstrip(" "))]
    deeper = indentation(context.line_prefix + said) - indentation(context.head)
    step = indentation(wanted) - indentation(context.head)
    if not said or deeper % step == 0 or not wanted.startswith(context.line_prefix):
        return text
    return wanted[len(context.line_prefix) :] + text[len(said) :]
