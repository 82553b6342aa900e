"""What would end code that is not finished: brackets, blocks, whole statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from herdmate.completion.cursor_context import indentation
from herdmate.context.languages import BRACES
from herdmate.context.lexical import (
    PROSE,
    closers,
    code_language,
    opens_block,
)

_MOST_LINES = 400
"""Lines above the last one in which what they leave open is looked for."""

_BLOCKS = {
    "shellscript": ("\n:\nfi", "\n:\ndone", "\n:\n}"),
    "ruby": ("\nend",),
    "lua": ("\nend",),
    "julia": ("\nend",),
    "elixir": ("\nend",),
}
"""What ends a block that a line has opened, by language."""

_ENDS = {"ruby": "end", "lua": "end", "julia": "end", "elixir": "end", "crystal": "end"}
_SHELL_ENDS = {"then": "fi", "else": "fi", "do": "done"}
_TAG = re.compile(r"\s*<([A-Za-z][\w.:-]{0,60})(?:\s[^<>]{0,400})?>\s*\Z")
_WITHOUT_CLOSERS = frozenset({"python", "yaml"}) | (
    PROSE - {"html", "xml", "vue", "svelte", "astro"}
)


def continuations(line: str, open_brackets: str, language: str) -> Iterator[str]:
    """Possible continuations that would complete a line that leaves brackets open."""
    if line.rstrip().endswith(":"):
        yield " pass"
    yield from _BLOCKS.get(language, ())
    if language in BRACES:
        yield open_brackets + " {}"
    if open_brackets:
        yield open_brackets
        yield open_brackets + ": pass"
        yield open_brackets + ";"


def closed_off(line_prefix: str, text: str, language: str) -> str:
    """A text that ends within the blocks that it has opened, with the lines that end these.

    ``line_prefix`` stands before it on its first line. ``""`` if it opens none, its last line opens
    something itself, or nothing ends a block but its indentation.
    """
    lines = (line_prefix + text).split("\n")
    last = lines[-1]
    if len(lines) == 1 or not last.strip() or language in _WITHOUT_CLOSERS:
        return ""
    if closers(last, code_language(language)) or opens_block(last, language):
        return ""
    ends: list[str] = []
    level = indentation(last)
    for line in reversed(lines[-_MOST_LINES:-1]):
        if line.strip() and indentation(line) < level:
            level = indentation(line)
            if end := _end_of(line, language):
                ends.append(line[: len(line) - len(line.lstrip())] + end)
    return text.rstrip() + "\n" + "\n".join(ends) if ends else ""


def _end_of(line: str, language: str) -> str:
    """What ends all that a line opens; ``""`` if it opens nothing."""
    end = ""
    if language in _ENDS and opens_block(line, language):
        end = _ENDS[language]
    elif language == "shellscript":
        end = next((end for word, end in _SHELL_ENDS.items() if line.rstrip().endswith(word)), "")
    elif found := _TAG.match(line):
        end = f"</{found[1]}>"
    return end + closers(line, code_language(language))
