"""No completion breaks a file: the surrounding code is parsed with it before it is shown."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from herdmate.completion.amendments import (
    closed_on_request,
    separated,
    with_comment_ended,
    with_open_ended,
)
from herdmate.completion.broken_code import harmless
from herdmate.completion.continuations import closed_off, continuations, is_bare_head
from herdmate.completion.open_tags import ways_to_end_tag
from herdmate.completion.postprocess import Shown
from herdmate.completion.syntax_judge import Judge, SyntaxCheck, TooMuchCode
from herdmate.context import lexical, syntax, syntax_queries
from herdmate.context.languages import BRACES
from herdmate.context.lexical import LONG_QUOTES, balance, before_unopened, unclosed
from herdmate.context.open_strings import string_closers
from herdmate.text import Cursor, Document, Edit, Span, line_ending, line_start, with_line_feeds
from herdmate.threads import computed

LARGEST = 40_000
"""The most code around the cursor that is parsed, in characters: about 20 milliseconds."""

_WAYS = 3
"""In how many ways a part of a completion is tried before it is given up, at least."""

_MOST_TRIED = 4
"""How many lines from the end are tried as places to close what a completion leaves open."""

_WITHOUT = frozenset({"sql"})
"""Languages whose grammars reject much valid code."""


def syntax_check_at(cursor: Cursor, is_asked: bool = False) -> SyntaxCheck | None:
    """The check for a cursor; ``None`` if nothing can be said about the syntax there.

    Call it before the first ``await``: it reads the document's tree.
    """
    document = cursor.document
    if document.language in _WITHOUT:
        return None
    if document.supposed is not None:
        real, edit = document.supposed
        check = _supposing(_check_at(Cursor(real, edit.span.start)), edit)
    else:
        check = _check_at(cursor)
    if check is None or not is_asked:
        return check
    return replace(check, is_asked=True, is_misread=_is_misread(document, cursor.offset))


def _is_misread(document: Document, offset: int) -> bool:
    """Does the grammar see errors in other items than those around the cursor?"""
    tree = syntax.tree_of(document if document.supposed is None else document.supposed[0])
    if tree is None or document.supposed is not None:
        return False
    return syntax_queries.has_error_outside(
        tree, syntax_queries.items_around(tree, document.text, offset)
    )


def _check_at(cursor: Cursor) -> SyntaxCheck | None:
    document, offset = cursor.document, cursor.offset
    if (tree := syntax.tree_of(document)) is None:
        return None
    text = document.text
    span = syntax_queries.items_around(tree, text, offset)
    if span.end - span.start > LARGEST:
        return _members_around(document, offset, span)
    is_all = len(text) == span.end - span.start
    whole = None if is_all or len(text) > LARGEST else (text[:offset], text[offset:])
    before, after = text[span.start : offset], text[offset : span.end]
    return SyntaxCheck(document.language, before, after, whole, _is_stub(document))


def _supposing(check: SyntaxCheck | None, edit: Edit) -> SyntaxCheck | None:
    """The check as it is after an edit at its cursor."""
    if check is None:
        return None

    def edited(before: str, after: str) -> tuple[str, str]:
        return before + edit.new_text, after[edit.span.end - edit.span.start :]

    before, after = edited(check.before, check.after)
    whole = edited(*check.whole) if check.whole is not None else None
    return replace(check, before=before, after=after, whole=whole)


def _members_around(document: Document, offset: int, item: Span) -> SyntaxCheck | None:
    """The method around a cursor in a long class, and its neighbours, as a class of their own.

    Python only; ``None`` if no blank lines separate the methods, or these are too long as well.
    """
    body = re.search(r"\n([ \t]+)\S", document.text[item.start : offset])
    if document.language != "python" or body is None:
        return None
    member = re.compile(rf"(?<=\n\n){body[1]}(?=@|def\b|async def\b|class\b)")
    starts = [found.start() for found in member.finditer(document.text, item.start, item.end)]
    at = bisect_right(starts, offset)
    low, high = starts[max(at - 2, 0) : at], starts[at + 1 : at + 2]
    end = high[0] if high else item.end
    if not low or end - low[0] > LARGEST:
        return None
    before, after = document.text[low[0] : offset], document.text[offset:end]
    return SyntaxCheck(document.language, f"class _:\n{before}", after, is_stub=_is_stub(document))


async def sound(shown: Shown, check: SyntaxCheck | None) -> Shown:
    """The part of ``shown`` that breaks nothing: see ``sound_part``.

    If a text that replaces brackets after the cursor breaks the code, what fills them is kept.

    Asks the parser process on a thread: tens of milliseconds, a second for hostile code, longer if
    the process must be started.
    """
    if check is None or not shown.text:
        return shown
    text = await computed(sound_part, shown.text, check, shown.reach)
    if text or not shown.reach:
        return replace(shown, text=_with_line_ends(text, check))
    inside = before_unopened(shown.text, check.language)
    text = await computed(sound_part, inside, check) if inside.strip() else ""
    return Shown(_with_line_ends(text, check))


def _with_line_ends(text: str, check: SyntaxCheck) -> str:
    """The text with the code's line ends also where lines were added to it."""
    end = line_ending(check.before + check.after)
    return text if end == "\n" else with_line_feeds(text).replace("\n", end)


def sound_part(text: str, check: SyntaxCheck | None, reach: int = 0) -> str:
    """As many leading lines of a completion as break nothing; ``""`` if none do.

    Prefers fewer lines if these leave no error at all; blocks that the text leaves open are closed.
    If the user's own code is unfinished, the lines must be a start that can be completed, with any
    closers they lack added; if it is broken elsewhere, they must not make it worse. In large code,
    not all lines are tried, but the first one always is.
    """
    if check is None or not text:
        return text
    parts = _leading_lines(text)
    if reach:  # what replaces characters after the cursor has to contain them
        parts = [part for part in parts if _is_in(check.after[:reach], part)]
    if not parts:
        return ""
    some = _spread(parts, Judge(check, reach).affordable(text) // _WAYS)
    for tried in dict.fromkeys((tuple(parts), some, tuple(parts[-1:]))):
        with contextlib.suppress(TooMuchCode):
            judge = Judge(check, reach, times=2 if len(tried) == 1 else 1)
            if found := _sound_part(tried, judge):
                return found
            break
    with contextlib.suppress(TooMuchCode):
        if (ended := with_comment_ended(check)) is not None:
            return _sound_part(parts[:_MOST_TRIED], Judge(ended, reach))
        return harmless(some, Judge(check, reach), _was_sound(check))
    return ""


def _sound_part(parts: Sequence[str], judge: Judge) -> str:
    check = judge.check
    if judge.is_sound(parts[0]):
        return parts[0]
    was_sound = _was_sound(check)
    if not judge.reach and (ended := _string_ended(parts[-1], judge)):
        return ended
    if ended := _with_ends(parts, judge):
        return ended
    if fewer := _fewer(parts, judge):
        return fewer
    if was_sound:
        return _closed(parts, judge)
    if mended := next((done for part in parts if (done := _to_go_on_from(part, judge))), ""):
        return mended
    later = next((part for part in parts if _is_sound_once_closed(part, judge)), "")
    return later or _closed(parts, judge)


def _fewer(parts: Sequence[str], judge: Judge) -> str:
    """The first of the parts that is sound, be it with a comma behind it."""
    for at, part in enumerate(parts):
        if at and judge.is_sound(part):
            return part
        item = separated(part) if at < _MOST_TRIED and not judge.reach else ""
        if item and judge.is_sound(item):
            return item
    return ""


def _closed(parts: Sequence[str], judge: Judge) -> str:
    """What the user asked for, with what it lacks to be sound."""
    if not judge.check.is_asked or judge.reach:
        return ""
    some = parts if len(parts) <= _MOST_TRIED else (*parts[: _MOST_TRIED - 1], parts[-1])
    ways = (way for part in some for way in closed_on_request(part, judge.check))
    return next((way for way in ways if judge.is_sound(way)), "")


def _string_ended(text: str, judge: Judge) -> str:
    """A text with the string in which it began closed, if it leaves that open; else ``""``."""
    check = judge.check
    line = check.before[line_start(check.before, len(check.before)) :]
    quotes, brackets = string_closers(line + text, check.language)
    if not quotes or "\n" in text or not string_closers(line, check.language)[0]:
        return ""
    if is_bare_head(check.before + text + quotes + brackets, check.language):
        return _to_go_on_from(text + quotes, judge)
    ends = dict.fromkeys((quotes, quotes + brackets, quotes + brackets + ";"))
    return next((text + end for end in ends if judge.is_sound(text + end)), "")


def _with_ends(parts: Sequence[str], judge: Judge) -> str:
    """The first of the parts that is sound once the blocks that it has opened are closed."""
    check = judge.check
    line = check.before[line_start(check.before, len(check.before)) :]
    if ended := next((way for way in with_open_ended(parts[0], check) if judge.is_sound(way)), ""):
        return ended
    for part in parts[:_MOST_TRIED]:
        ended = _docstring_ended(part, check) or closed_off(line, part, check.language)
        if ended and judge.is_sound(ended):
            return ended
        if ended and check.language in BRACES and judge.is_sound(ended + ";"):
            return ended + ";"
    return ""


def _docstring_ended(text: str, check: SyntaxCheck) -> str:
    """Python text that ends inside a multi-line string that it has begun, with it closed."""
    if check.language != "python" or "\n" not in text:
        return ""
    for quotes in LONG_QUOTES:
        if text.count(quotes) % 2 and not check.before.count(quotes) % 2:
            return text.rstrip() + quotes
    return ""


def _is_sound_once_closed(text: str, judge: Judge) -> bool:
    """Does a text lack nothing but what closes the blocks that were open at the cursor?"""
    check = judge.check
    if check.language not in BRACES or unclosed(text, check.language):
        return False
    after = check.after[judge.reach :]
    missing, _ = balance(check.before + text, after, check.language)
    return bool(missing) and judge.is_sound(text + "\n" + "\n".join(missing))


def _to_go_on_from(text: str, judge: Judge) -> str:
    """The text, with closers it lacks, if some continuation makes the code valid; else ``""``."""
    check = judge.check
    line = check.before[line_start(check.before, len(check.before)) :] + text
    for shown, behind, whole in () if judge.reach else ways_to_end_tag(text, check):
        if judge.is_sound(whole, behind):
            return shown
    if unclosed(text.rstrip(" ([{"), check.language):
        return ""
    if check.is_stub and line.lstrip().startswith(("def ", "async def ")):
        for end in (" ...", ": ..."):
            if judge.is_sound(text + end):
                return text + end
    if check.language == "python":
        for quotes in LONG_QUOTES:
            is_open = (check.before + text).count(quotes) % 2
            if is_open and judge.is_sound(text + quotes):
                return text + quotes
    closers = lexical.closers(line, check.language)
    if not text.rstrip().endswith("{"):  # a block begins here, so no other ending is meant
        if closers and line.rstrip()[-1:] not in _GOES_ON and (ended := _ended(text, judge)):
            return ended
        # Rather than leave the line broken, drop the start of another item.
        short = text.rstrip(" ,([")
        if short and short != text and (ended := _ended(short, judge)):
            return ended
    ends = continuations(line, closers, check.language)
    return text if any(judge.is_sound(text + end) for end in ends) else ""


def _ended(text: str, judge: Judge) -> str:
    """The text plus what closes its line's brackets, if that makes the code valid; else ``""``."""
    check = judge.check
    line = check.before[line_start(check.before, len(check.before)) :] + text
    closers = lexical.closers(line, check.language)
    ends = ["", closers] if closers else [""]
    if not _HEADER.match(line):  # ``while (a);`` is not what is meant
        ends.append(closers + ";")
    return next((text + end for end in ends if judge.is_sound(text + end)), "")


_HEADER = re.compile(r"\s*(?:[})]\s*)?(?:if|else|for|foreach|while|switch|catch|using|lock|do)\b")
_GOES_ON = ",([{=+-*/%&|<>:?.\\"


def _is_in(some: str, text: str) -> bool:
    """Is ``some`` a subsequence of a text?"""
    left = iter(text)
    return all(char in left for char in some)


def _was_sound(check: SyntaxCheck) -> bool:
    """Is the code valid as it is, and not by accident? Half of a word being typed can be a name."""
    is_in_word = check.before[-1:].isalnum() and not check.after[:1].isalnum()
    return not is_in_word and check.is_sound_with("")


def _leading_lines(text: str) -> list[str]:
    """The text, then the text with ever fewer of its lines, down to the first."""
    parts = []
    while text:
        parts.append(text)
        text = text[: max(text.rfind("\n"), 0)].rstrip()
    return parts


def _spread(parts: list[str], most: int) -> tuple[str, ...]:
    """At most so many of the parts, but at least the first and the last, evenly spread."""
    most, last = max(most, 2), len(parts) - 1
    if last < most:
        return tuple(parts)
    return tuple(parts[at * last // (most - 1)] for at in range(most))


def _is_stub(document: Document) -> bool:
    return document.language == "python" and document.uri.endswith(".pyi")
