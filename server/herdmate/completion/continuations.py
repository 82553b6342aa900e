"""What would complete unfinished code: brackets, blocks, whole statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from herdmate.completion.cursor_context import indentation
from herdmate.context.languages import BRACES
from herdmate.context.lexical import (
    PROSE,
    brackets,
    closers,
    code_language,
    depth_after,
    opens_block,
)
from herdmate.text import indent_of

_MOST_LINES = 400
"""How many lines above the last one are searched for what they leave open."""

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
_WITHOUT_CLOSERS = frozenset({"yaml"}) | (PROSE - {"html", "xml", "vue", "svelte", "astro"})


def continuations(line: str, open_brackets: str, language: str) -> Iterator[str]:
    """Possible continuations that would complete a line that leaves brackets open."""
    if line.rstrip().endswith(":"):
        yield " pass"
    if language == "python" and line.lstrip().startswith("#"):
        yield f"\n{line[: len(line) - len(line.lstrip())]}pass"
    yield from _BLOCKS.get(language, ())
    if line.rstrip().endswith("{"):
        yield open_brackets
    if language in BRACES:
        yield open_brackets + " {}"
        yield open_brackets + " {"
    if language == "python":
        yield open_brackets + ":"
    if open_brackets:
        yield open_brackets
        yield open_brackets + ": pass"
        yield open_brackets + ";"


def closed_off(line_prefix: str, text: str, language: str) -> str:
    """A text that ends inside blocks that it has opened, plus the lines that close them.

    ``line_prefix`` precedes it on its first line. ``""`` if it opens none, if its last line opens
    something itself, or if only indentation ends a block.
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
            if end := end_of(line, language):
                ends.append(line[: len(line) - len(line.lstrip())] + end)
    return text.rstrip() + "\n" + "\n".join(ends) if ends else ""


def end_of(line: str, language: str) -> str:
    """What closes everything that a line opens; ``""`` if it opens nothing."""
    end = ""
    if language in _ENDS and opens_block(line, language):
        end = _ENDS[language]
    elif language == "shellscript":
        end = next((end for word, end in _SHELL_ENDS.items() if line.rstrip().endswith(word)), "")
    elif found := _TAG.match(line):
        end = f"</{found[1]}>"
    return end + closers(line, code_language(language))


_HEAD = re.compile(
    r"^([ \t]*)(?:(?:\}[ \t]*)?(?:else[ \t]+)?"
    r"(if|elseif|for|foreach|switch|catch|try|using|lock|when|synchronized)|while)"
    r"(?:[ \t]+(?:await|constexpr))?[ \t]*(?=\()",
    re.MULTILINE,
)
_HEADS_OF: dict[str, frozenset[str]] = {
    "foreach": frozenset({"csharp", "php"}),
    "elseif": frozenset({"php"}),
    "try": frozenset({"java"}),
    "synchronized": frozenset({"java"}),
    "using": frozenset({"csharp"}),
    "lock": frozenset({"csharp"}),
    "when": frozenset({"kotlin"}),
}
"""The languages in which a word begins a head; in others it is called. The rest are in all."""

_UNBRACKETED = re.compile(r"\s*(?:\}\s*)?(?:else\s+)?(?:if|for|while|match|switch)\b[^{};]*\Z")
_WITHOUT_BRACKETS = frozenset({"go", "rust", "swift"})

_MOST_IN_HEAD = 2000
"""Characters."""


def is_bare_head(code: str, language: str) -> bool:
    """Does code end with a condition or the like whose block is missing?

    A semicolon behind it would be its block, as would be whatever stands below.
    """
    code = code[-_MOST_IN_HEAD:].rstrip(" ;")
    if language in _WITHOUT_BRACKETS:
        return _UNBRACKETED.match(code.rpartition("\n")[2]) is not None
    words = reversed([*_HEAD.finditer(code)])
    head = next((found for found in words if _is_head(found, code, language)), None)
    depth, code = 0, code[head.end() :] if head is not None else ""
    for at, char in brackets(code, code_language(language)):
        depth = depth_after(char, depth)
        if not depth:
            return not code[at + 1 :].strip()
    return False


def _is_head(found: re.Match[str], code: str, language: str) -> bool:
    """Does a word begin a head here, rather than a call or the end of ``do … while``?"""
    if (word := found[2]) is not None:
        return language in _HEADS_OF.get(word, (language,))
    for line in reversed(code[: found.start()].split("\n")):
        if indent_of(line) == found[1] and line.strip() not in ("", "{", "}"):
            return _DO.match(line) is None
        if line.strip() and len(indent_of(line)) < len(found[1]):
            return True
    return True


_DO = re.compile(r"\s*do\b")
