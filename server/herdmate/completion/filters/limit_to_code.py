"""Stop at fences and control words: they address a reader or the model, and are not code."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import CursorContext, kinds_of_lines

_CONTROL = re.compile(r"<\|[a-z_]+\|>|▁?<(?:PRE|SUF|MID|EOT)>")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*", re.MULTILINE)
_WITH_FENCES = frozenset(
    {"markdown", "mdx", "quarto", "rmd", "juliamarkdown", "asciidoc", "restructuredtext", "typst"}
    | {"djot", "pandoc", "vimwiki", "latex", "git-commit", "plaintext", "prompt", "instructions"}
    | {"chatagent", "chatmode", "elm-literate", "literate haskell"}
)
"""Languages for prose, in which a fence encloses code."""


def limit_to_code(text: str, context: CursorContext) -> str:
    """Stop at fences and control words: they address a reader or the model, and are not code.

    A fence inside a comment or a string is part of that.
    """
    if (control := _CONTROL.search(text)) is not None:
        text = text[: control.start()]
    if holds_fences(context):
        return text
    kinds: list[str] = []
    for fence in _FENCE.finditer(text):
        if fence.start() == 0 and context.line_prefix.strip():
            continue  # after something else on its line
        kinds = kinds or list(kinds_of_lines(text, context))
        if kinds[text.count("\n", 0, fence.start())] == "code":
            return text[: fence.start()]
    return text


def holds_fences(context: CursorContext) -> bool:
    """Is the cursor in prose, or in a string of several lines?"""
    return context.language in _WITH_FENCES or context.is_in_long_string
