"""What a completion lacks beside the code around it: separators, the end of a block or comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from herdmate.completion.continuations import closed_off, end_of, is_bare_head
from herdmate.completion.syntax_judge import SyntaxCheck
from herdmate.context.languages import BRACES
from herdmate.context.lexical import balance, closers, opens_block
from herdmate.context.line_kinds import end_of_comment, line_kinds, without_strings
from herdmate.context.open_strings import string_closers
from herdmate.text import indent_of, line_end, line_start, with_line_feeds

_ABOVE = 4000
"""Characters before the cursor that show whether it is in a comment."""

_ENDS_ITEM = re.compile(r"[\w)\]}\"'`>]\Z")


def separated(text: str) -> str:
    """The text as an item before others; ``""`` if it does not look like one."""
    return text + "," if _ENDS_ITEM.search(text) else ""


def closed_on_request(text: str, check: SyntaxCheck) -> Iterator[str]:
    """Ways to complete a text that breaks the code around it and that the user asked for.

    It may repeat what follows on the line, be a head without its block, or lack what closes its
    last line, a semicolon, or the end of a head whose body is below. A head that lacks its block
    gets no semicolon. It may also go on from an ``if`` that is not there.
    """
    yield from _closed_on_request(text, check)
    if (found := _ELSE_IF.match(text)) is not None and not _before(check).strip():
        first = text[: found.start(1)] + "if" + text[found.end(1) :]
        yield first
        yield from _closed_on_request(first, check)


_ELSE_IF = re.compile(r"\s*(elif|elsif|elseif|else[ \t]+if)\b")


def _closed_on_request(text: str, check: SyntaxCheck) -> Iterator[str]:
    yield from _without_overlap(text, check.after[: line_end(check.after, 0)])
    line = _line(text, check)
    if opens_block(line, check.language) and (end := end_of(line, check.language)):
        yield f"{text.rstrip()}\n{line[: len(line) - len(line.lstrip())]}{end}"
    known = text.rstrip(" ,")
    line = _line(known, check)
    quotes, brackets = string_closers(line, check.language)
    closed = known + (quotes + brackets or closers(line, check.language))
    ends = ["", ",", *((":",) if check.language == "python" else ())]
    if check.language in BRACES and is_bare_head(_before(check) + closed, check.language):
        ends = [" {", f" {{\n{indent_of(line)}}}"]
    elif check.language in BRACES:
        ends += [";", " {"]
    for end in ends:
        if closed + end != text:
            yield closed + end
        if block := closed_off(_before(check), closed + end, check.language):
            yield block


def _without_overlap(text: str, behind: str) -> Iterator[str]:
    """The text without an end that repeats what follows on its line, if only from inside a word."""
    for size in range(min(len(behind), len(text) - 1), 0, -1):
        if text.endswith(behind[:size]):
            yield text[:-size]


def with_open_ended(text: str, check: SyntaxCheck) -> Iterator[str]:
    """Ways to end the block comment or long string that a text has begun and in which it ends."""
    before = with_line_feeds(check.before[-_ABOVE:])
    if check.language == "python" or line_kinds(before, check.language).inside is not None:
        return
    line, text = _before(check), text.rstrip()
    known = line_kinds(line + text, check.language)
    if (inside := known.inside) is None or not inside.end:
        return
    opened = (line + text)[: known.strings[-1][0] if known.strings else 0].rpartition("\n")[2]
    indent = indent_of(opened or line)
    if inside.kind == "comment":
        lead = (line + text).rpartition("\n")[2].partition("*")[0]
        is_starred = "\n" in text and not lead.strip()
        yield text + (f"\n{lead}{inside.end}" if is_starred else f" {inside.end}")
        return
    may_indent = inside.end == '"""' or check.language in _INDENT_ENDS
    ends = [inside.end]
    if may_indent and inside.end.startswith(("\n", '"""')):
        ends.insert(0, f"\n{indent}{inside.end.lstrip()}")
    brackets = closers(without_strings(line + text, check.language), check.language)
    is_head = is_bare_head(check.before + text + inside.end + brackets, check.language)
    ways = ["", brackets, brackets + ";"]
    if is_head:
        ways[1:] = [f"{brackets} {{\n{indent}}}"] if check.is_asked else []
    for end in ends:
        yield from dict.fromkeys(text + end + more for more in ways)


_INDENT_ENDS = frozenset({"ruby", "php"})
"""Languages in which the word that ends a heredoc may be indented."""


def with_comment_ended(check: SyntaxCheck) -> SyntaxCheck | None:
    """The check for code whose block comment, open at the cursor, is ended behind it.

    ``None`` if the cursor is in none.
    """
    end = end_of_comment(with_line_feeds(check.before[-_ABOVE:]), check.language)
    if not end or end in check.after:
        return None
    if not check.after.strip():  # nothing ends what is open around the comment either
        missing, _ = balance(check.before, "", check.language)
        end += "\n" + "\n".join(missing)
    whole = (check.whole[0], end + check.whole[1]) if check.whole is not None else None
    return replace(check, after=end + check.after, whole=whole)


def _line(text: str, check: SyntaxCheck) -> str:
    """The last line of the text, with what stands before the cursor on it."""
    return (_before(check) + text).rpartition("\n")[2]


def _before(check: SyntaxCheck) -> str:
    return check.before[line_start(check.before, len(check.before)) :]
