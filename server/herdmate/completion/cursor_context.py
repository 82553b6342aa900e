"""What the rules of ``postprocess`` know about the cursor's surroundings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from herdmate.completion.open_head import open_head
from herdmate.context.code_lines import CodeLines, code_lines
from herdmate.context.indentation import step_of
from herdmate.context.languages import LANGUAGES, line_comment
from herdmate.context.lexical import (
    LONG_QUOTES,
    PROSE,
    balance,
    opens_block,
    trailing_comment,
)
from herdmate.context.line_kinds import Kind, line_kinds
from herdmate.text import BYTE_ORDER_MARK, Cursor, indent_of, line_ending, with_line_feeds

_REACH = 4000
"""Characters examined on either side of the cursor."""

_MOST_BELOW = 40
"""Lines below the cursor with which a completion is compared."""

WITH_LONE_CLOSERS = frozenset({"shellscript"})
"""Languages that close brackets they never opened, as in ``case x in a) ...``."""


@dataclass(frozen=True, slots=True)
class CursorContext:
    r"""The text around a cursor, with ``\n`` as its only line ending, and facts derived from it.

    ``above`` and ``below`` are the nearest non-blank lines, nearest first, without trailing
    whitespace. ``closers_missing`` counts the brackets that are open at the cursor and not closed
    after it, ``None`` if that cannot be determined; ``closers_left`` counts those closed after it
    but not open. ``line_end`` is the document's own. ``head`` is the line directly above, ``""`` if
    that is blank. ``is_in_long_string``: the cursor is in a multi-line string.
    ``code`` shows how the surrounding code is indented. ``scope`` is the least indentation of what
    is inside the function around the cursor, if the cursor is in a block of it; else ``None``.
    """

    line_prefix: str
    line_suffix: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    closers_missing: int | None
    closers_left: int
    line_end: str
    language: str
    head: str
    is_in_long_string: bool
    code: CodeLines
    scope: int | None = None
    open_head: tuple[str, ...] = ()


def cursor_context(cursor: Cursor) -> CursorContext:
    """The context of a cursor."""
    text, offset = cursor.document.text, cursor.offset
    low, high = max(offset - _REACH, 0), min(offset + _REACH, len(text))
    before = with_line_feeds(text[low:offset].removeprefix(BYTE_ORDER_MARK)).split("\n")
    after = with_line_feeds(text[offset:high]).split("\n")
    if low and len(before) > 1:
        before = before[1:]
    above, below = before[-2::-1], after[1:]
    language = cursor.document.language
    balanced = None
    if language not in WITH_LONE_CLOSERS and language in LANGUAGES and language not in PROSE:
        balanced = _balance(
            before, after, language, reaches_start=not low, reaches_end=high == len(text)
        )
    behind = after[0].strip()
    may_be_open = not behind.strip(")") and (balanced is None or balanced[0] + len(behind) > 0)
    next_line = next(filter(str.strip, below), "")
    known, code = "\n".join(before), code_lines(before, after, language)
    return CursorContext(
        line_prefix=before[-1],
        line_suffix=after[0],
        above=tuple(line.rstrip() for line in above if line.strip())[:3],
        below=tuple(line.rstrip() for line in below if line.strip())[:_MOST_BELOW],
        closers_missing=None if balanced is None else balanced[0],
        closers_left=0 if balanced is None else balanced[1],
        line_end=line_ending(text),
        language=language,
        head=above[0].rstrip() if above else "",
        is_in_long_string=any(known.count(quotes) % 2 for quotes in LONG_QUOTES),
        code=code,
        scope=_scope(before, below, language),
        open_head=open_head(before, next_line, language) if may_be_open else (),
    )


def indentation(line: str) -> int:
    """A line's indentation in columns, with tab stops every four."""
    return len(indent_of(line).expandtabs(4))


def is_telling(line: str) -> bool:
    """Is a line too distinctive to be repeated by accident? ``}`` and ``end`` are not."""
    return len(re.findall(r"\w", line)) >= 5


GOES_ON = re.compile(
    r"\s*(?:[)\]}]+\s*)?(?:else|elif|elsif|elseif|except|finally|catch|rescue|ensure|case|when|default)\b"
)

CLOSING_TAG = re.compile(r"\s*</[\w.:-]{0,100}>[\s)\]};,]*")
"""What an editor inserts after ``<div>``."""

ENDS = ")]}>\"'`;:,"


def split_lead(text: str) -> tuple[str, str]:
    """A text's leading blank lines, and the rest."""
    start = text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1
    return text[:start], text[start:]


def first_line(text: str, context: CursorContext) -> str:
    """The first line that the completion produces, with the text around the cursor on it."""
    lead, rest = split_lead(text)
    line, _, more = rest.partition("\n")
    return ("" if lead else context.line_prefix) + line + ("" if more else context.line_suffix)


def opens_body(line: str, context: CursorContext) -> bool:
    """Does a line open something that continues on the lines below?"""
    line = line[: trailing_comment(line, context.language)].rstrip()
    is_open = context.language not in PROSE and line.endswith(("(", "["))
    return is_open or opens_block(line, context.language)


def indent_unit(context: CursorContext) -> str:
    """One level of the surrounding code's indentation: a tab or spaces; ``""`` if unknown."""
    near = context.code.nearest
    mark = next((line[0] for line in near if line.startswith(("\t", "  "))), "")
    if context.language == "makefile":
        return "\t"
    in_spaces = [line for line in context.code.in_order if not line.startswith("\t")]
    step = step_of(in_spaces) if mark == " " else 0
    return mark if not step else " " * step if step > 1 else ""  # one space is no level


def kinds_of_lines(text: str, context: CursorContext) -> list[Kind]:
    """What each line of a completion begins in; lines inside strings must not be indented."""
    return line_kinds(text, context.language, context.code.inside).kinds


_FUNCTION = re.compile(r"\s*(?:async\s+)?def\s")


def _scope(before: list[str], below: list[str], language: str) -> int | None:
    """See ``CursorContext``. In Python the function's head tells it, elsewhere the code below."""
    level = here = indentation(before[-1] or next(filter(str.strip, before[-2::-1]), ""))
    for line in before[-2::-1] if language == "python" else ():
        if line.strip() and indentation(line) < level:
            level = indentation(line)
            if _FUNCTION.match(line):
                return level + 1
    known = indentation(next(filter(str.strip, below), ""))
    return known if 0 < known < here else None


def _balance(
    before: list[str], after: list[str], language: str, *, reaches_start: bool, reaches_end: bool
) -> tuple[int, int] | None:
    """Brackets open at the cursor that are not closed after it, in the top-level item around it;
    and brackets closed after it that are not open."""
    begins = partial(_begins_item, language=language)
    first = next((at for at in reversed(range(len(before))) if begins(before[at])), None)
    last = next((at for at in range(1, len(after)) if begins(after[at])), None)
    if (first is None and not reaches_start) or (last is None and not reaches_end):
        return None
    known = "\n".join(before[first or 0 :]), "\n".join(after[:last])
    missing, left = balance(*known, language)
    return len(missing), left


_WITH_DIRECTIVES = frozenset({"c", "cpp", "objective-c", "csharp"})
_NO_ITEM = re.compile(r"#|\w+:(?!:)")
"""A directive or a label, which stands at the margin inside a function too."""


def _begins_item(line: str, language: str) -> bool:
    """Does this line begin a top-level item? Comments at the margin can be anywhere."""
    if not line[:1].strip() or line[0] in ")]}":
        return False
    if line.startswith(("/*", line_comment(language) or "/*")):
        return False
    return language not in _WITH_DIRECTIVES or _NO_ITEM.match(line) is None
