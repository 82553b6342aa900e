"""What of the model's text is worth showing: rules in a visible order.

Each rule takes the text and the place it is meant for and gives back what it leaves of it; ``""``
is nothing. ``limit_`` rules find the end of the completion and also tell while the text is still
coming that it has come. Only text is looked at, never the syntax tree, which may have moved on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from herdmate.assist.indentation import in_spaces, in_tabs, step_of
from herdmate.assist.place import Place, indentation, is_telling, place_of
from herdmate.context.languages import line_comment
from herdmate.context.lexical import (
    LONG_QUOTES,
    PROSE,
    brackets,
    opens_block,
    trailing_comment,
    unclosed,
)
from herdmate.text import Cursor

Rule = Callable[[str, Place], str]


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
    place = _place(cursor)
    text = _finished(raw, place, multiline)
    behind = place.line_suffix.rstrip()
    if _is_closed_ahead(behind, multiline):
        over = _finished(raw, _without_closers(place, behind), multiline)
        if _goes_over(over, text, behind):
            return Shown(over, len(behind))
    return Shown(text.replace("\n", place.line_end)) if text else None


def is_whole(raw: str, cursor: Cursor, multiline: bool) -> bool:
    """Can generation stop here, because what comes next would be cut off anyway?

    To be asked at each piece of the answer; it takes a fraction of a millisecond.
    """
    place = _place(cursor)
    text = _apply(BEFORE if multiline else (*BEFORE, trim_to_cursor_line), raw, place)
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
    if not _is_closed_ahead(place.line_suffix.rstrip(), multiline):
        # ``}`` may go on as ``} else {``.
        limits.append((limit_to_brackets, complete if "}" in text[len(complete) :] else settled))
    return any(rule(known, place) != known for rule, known in limits)


# --- rules, in their order


def remove_carriage_returns(text: str, place: Place) -> str:
    r"""The model was shown ``\n`` only; where it writes ``\r\n`` all the same, that is one too."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def trim_leading_line_end(text: str, place: Place) -> str:
    """On a blank line, and where code follows on the line, the completion begins in this line."""
    if not place.line_prefix.strip():
        return _split_lead(text)[1]
    if place.line_suffix.strip(_CLOSERS):
        return text.lstrip() if text.lstrip(" \t").startswith("\n") else text
    return text


def trim_repeated_indentation(text: str, place: Place) -> str:
    """A line that is indented already, as the line above asks, is not indented again."""
    indent, above = place.line_prefix, "".join(place.above[:1])
    if not indent or indent.strip():
        return text
    deeper = indentation(indent) - indentation(above)
    if _opens(place.head, place):
        # Where the editor has not indented the block's first line, the model does that.
        return text.lstrip(" \t") if deeper > 0 else text
    return text.lstrip(" \t") if deeper == 0 else text.removeprefix(indent)


def trim_repeated_space(text: str, place: Place) -> str:
    """Behind a space no other space follows."""
    return text.lstrip(" ") if place.line_prefix[-1:] == " " and place.line_prefix.strip() else text


def trim_to_cursor_line(text: str, place: Place) -> str:
    """A single line is part of the cursor's line, where anything at all follows on that."""
    lead, rest = _split_lead(text)
    return rest.lstrip(" \t") if lead and place.line_suffix.strip() else text


def mend_indentation(text: str, place: Place) -> str:
    """Lines are indented by tabs where the code around is, by spaces where it has spaces."""
    first, end, more = text.partition("\n")
    around = _code_around(place)
    told = [line[:1] for line in around if line.startswith(("\t", "  "))]
    if not end or not told:
        return text
    # What follows in the same block, at its real depth, tells the model's own unit.
    lines = more.split("\n")
    if told[0] == "\t" and any(line.startswith("  ") for line in lines):
        return first + end + "\n".join(in_tabs(lines))
    if told[0] == " " and any(line.startswith("\t") for line in lines):
        return first + end + "\n".join(in_spaces(lines, step_of(around)))
    return text


def indent_body(text: str, place: Place) -> str:
    """What stands in a block is indented deeper than the line that opens it."""
    head = place.head
    lines = text.split("\n")
    level = indentation(lines[0])
    if place.line_prefix or level > indentation(head) or not _opens(head, place):
        return text
    if not lines[0].strip() or lines[0].lstrip()[0] in _ENDS or _GOES_ON.match(lines[0]):
        return text
    if place.language == "yaml" and lines[0].startswith("- "):
        return text  # as deep as its key or deeper, both are right
    lead = head[: len(head) - len(head.lstrip())]
    unit = "\t" if lead[:1] == "\t" else " " * step_of(_code_around(place))
    margin = len(lines[0]) - len(lines[0].lstrip())
    for at, line in enumerate(lines):
        if line.strip():
            if indentation(line) < level:
                break
            lines[at] = lead + unit + line[margin:]
    return "\n".join(lines)


def limit_to_code(text: str, place: Place) -> str:
    """What the model says to a reader, or to itself, is no code: fences and control words."""
    has_fences = place.language == "markdown" or place.is_in_long_string
    found = (_CONTROL if has_fences else _NO_CODE).search(text)
    return text[: found.start()] if found else text


def limit_to_line(text: str, place: Place) -> str:
    """One line: the first that is not blank. A line end before it stays."""
    lead, rest = _split_lead(text)
    return lead + rest.partition("\n")[0]


def limit_to_block(text: str, place: Place) -> str:
    """The block that the cursor is in or that its line opens, told by indentation.

    It ends before a line that is indented less than it. At its own level, what follows a body ends
    it, except ``else`` and the like; at the top level, so does what follows a blank line. A line
    that only closes it is its last one.
    """
    lines = text.split("\n")
    head = next((at for at, line in enumerate(lines) if line.strip()), 0)
    base = indentation(place.line_prefix + ("" if place.line_prefix.strip() else lines[0]))
    has_body = bool(place.line_prefix.strip()) and (head == 0 or indentation(lines[head]) > base)
    if head and not has_body:
        base = min(base, indentation(lines[head]))
    for at, line in enumerate(lines[head + 1 :], start=head + 1):
        level = indentation(line)
        if not line.strip() or level > base or (level == base and _GOES_ON.match(line)):
            continue
        if level < base or has_body:
            return "\n".join(lines[: at + bool(_CLOSES.match(line))])
        if base == 0 and not lines[at - 1].strip():
            return "\n".join(lines[:at])
    return text


def limit_to_gap(text: str, place: Place) -> str:
    """The completion ends where it arrives at the line that follows the cursor's.

    The last line may have been cut off by the limit of tokens while it repeated that line.
    """
    lines = text.split("\n")
    for at, line in enumerate(lines[1:], start=1):
        if not line.strip() or not place.below:
            continue
        cut_off = at == len(lines) - 1 and is_telling(line) and place.below[0].startswith(line)
        # What is opened may be closed behind the cursor already.
        closed = unclosed("\n".join(lines[:at]), place.language) <= place.closers_left
        if (line.rstrip() == place.below[0] or cut_off) and closed:
            return "\n".join(lines[:at])
    return text


def limit_to_brackets(text: str, place: Place) -> str:
    """A bracket is closed only if the completion opened it or nothing behind the cursor closes it.

    Auto-closed brackets are the common case. ``} else {`` opens again what it closes.
    """
    allowed = place.closers_missing
    if allowed is None:
        return text
    depth = 0
    for at, char in brackets(text, place.language):
        if char == "}" and _reopens(text[at + 1 :], place.language):
            continue
        depth += 1 if char in "([{" else -1
        if depth < -allowed:
            return text[:at]
    return text


def limit_repeated_lines(text: str, place: Place) -> str:
    """The same line, or the same two to four lines, three times in a row are given once."""
    lines = text.split("\n")
    said = [(place.line_prefix + lines[0]).strip(), *(line.strip() for line in lines[1:])]
    for period in range(1, 5):
        for at in range(len(said) - 3 * period + 1):
            block = said[at : at + period]
            if said[at + period : at + 3 * period] == block * 2 and any(map(is_telling, block)):
                return "\n".join(lines[: at + period])
    return text


def limit_loop(text: str, place: Place) -> str:
    """A few characters that end the text ten times in a row are given once."""
    for size in range(2, 41):
        run = size
        while run < len(text) and text[len(text) - run - 1] == text[len(text) - run - 1 + size]:
            run += 1
        if run >= max(10 * size, 40) and re.search(r"\w", text[-size:]):
            end = len(text) - run + size
            return text[:end] + re.split(r"\s", text[end : end + size])[0]
    return text


def trim_trailing_comments(text: str, place: Place) -> str:
    """Behind code stands a comment only where one does in the lines around."""
    prefix, language = place.line_prefix, place.language
    if language in _EXPLAINED or place.is_in_long_string or any(q in text for q in LONG_QUOTES):
        return text
    around = (prefix, *place.above, *place.below)
    if any(trailing_comment(line, language) is not None for line in around):
        return text
    first, *more = text.split("\n")
    lines = [_without_comment(prefix + first, language)[len(prefix) :]]
    return "\n".join((*lines, *(_without_comment(line, language) for line in more)))


def trim_overlap_with_suffix(text: str, place: Place) -> str:
    """The end of the completion does not repeat what follows on the cursor's line."""
    behind = place.line_suffix.rstrip()
    for size in range(min(len(behind), len(text)), 0, -1):
        rest, repeated = text[:-size], behind[:size]
        if not text.endswith(repeated) or _cuts_word(rest, repeated, behind[size:]):
            continue
        # What the completion needs itself to close something is no repetition.
        opens = unclosed(rest, place.language) > 0 and any(char in ")]}" for char in repeated)
        opens = opens or (">" in repeated and rest.count("<") > rest.count(">"))
        quotes = any(char in repeated and rest.count(char) % 2 for char in "\"'`")
        if not opens and not quotes:
            return rest
    return text


def drop_repeat_of_next_line(text: str, place: Place) -> str:
    """What stands below already is not offered again."""
    first, below = _first_line(text, place).rstrip(), "".join(place.below[:1])
    is_same = first == below or (is_telling(first) and first.strip() == below.strip())
    return "" if is_same else text


def drop_repeat_of_line_above(text: str, place: Place) -> str:
    """What stands above already is not offered again."""
    first = _first_line(text, place).rstrip()
    return "" if is_telling(first) and first in place.above[:1] else text


def drop_comment_noise(text: str, place: Place) -> str:
    """A comment that says only that something is to be written is nothing."""
    line = _first_line(text, place).strip()
    is_mark = not line.startswith("#") or line_comment(place.language) == "#"
    return "" if is_mark and "\n" not in text and _NOISE.fullmatch(line) else text


def drop_too_short(text: str, place: Place) -> str:
    """One sign is not worth a look, unless it ends something."""
    short = text.strip()
    return "" if len(short) == 1 and not short.isalnum() and short not in _ENDS else text


def remove_trailing_whitespace(text: str, place: Place) -> str:
    """Nothing that cannot be seen, unless something follows on the line."""
    return text if place.line_suffix.strip() else text.rstrip()


def drop_blank(text: str, place: Place) -> str:
    """Only spaces and line ends are nothing."""
    return text if text.strip() else ""


def limit_to_secret(text: str, place: Place) -> str:
    """Stars that stand for a secret, as the model has seen them elsewhere, are nobody's code."""
    for stars in _STARS.finditer(text):
        if not _is_decoration(text, stars, place):
            return text[: text.rfind("\n", 0, stars.start()) + 1]
    return text


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


# --- what the rules ask

_CLOSERS = " \t)]}>\"'`;:,"
_CLOSES = re.compile(r"\s*(?:[)\]}]+[;,]*|end|fi|done|esac|</[\w.:-]*>)\s*$")
_GOES_ON = re.compile(
    r"\s*(?:[)\]}]+\s*)?(?:else|elif|elsif|elseif|except|finally|catch|rescue|ensure|case|when|default)\b"
)
_LAST_WORD = re.compile(r"(?<!\w)\w+\Z")
_ENDS = ")]}>\"'`;:,"
_AUTO_CLOSED = frozenset(")]}>\"'`")
_CONTROL = re.compile(r"<\|[a-z_]+\|>|▁?<(?:PRE|SUF|MID|EOT)>")
_NO_CODE = re.compile(rf"^[ \t]*```.*|{_CONTROL.pattern}", re.MULTILINE)
_EXPLAINED = PROSE | {"toml", "dockerfile", "makefile", "sql", "lua"}
"""Languages in which lines are often explained behind them."""
_NOISE = re.compile(
    r"(?:#|//|--|/\*|<!--)\W*(?:(?:todo|fixme)\W*)?(?:(?:your|add|write|put|insert|implement|the|rest|"
    r"of|code|here|this|function|method|logic|remaining|existing)\W*)*",
    re.IGNORECASE,
)


def _place(cursor: Cursor) -> Place:
    """The same cursor is asked for at each piece of an answer, and hashing it would read it all."""
    global _last
    if _last is None or _last[0] is not cursor:
        _last = cursor, place_of(cursor)
    return _last[1]


_last: tuple[Cursor, Place] | None = None


def _finished(raw: str, place: Place, multiline: bool) -> str:
    text = _apply(BEFORE if multiline else (*BEFORE, trim_to_cursor_line), raw, place)
    text = limit_to_block(text, place) if multiline else limit_to_line(text, place)
    return _apply(AFTER, text, place)


_STARS = re.compile(r"\*{6,}")


def _is_decoration(text: str, stars: re.Match[str], place: Place) -> bool:
    """Is a run of stars one of a banner, as the code around has too?"""
    if (place.line_prefix + text[: stars.start()]).endswith(('"', "'", "`", "=", ":", "@")):
        return False
    around = (*place.above, place.line_prefix, place.line_suffix, *place.below)
    return any(stars[0][:6] in line for line in around)


def _is_closed_ahead(behind: str, multiline: bool) -> bool:
    """May the completion of one line go on behind what closes ahead of it?"""
    return not multiline and bool(behind) and set(behind) <= _AUTO_CLOSED


def _without_closers(place: Place, behind: str) -> Place:
    missing = place.closers_missing
    closers = sum(char in ")]}" for char in behind)
    missing = None if missing is None else missing + closers
    return replace(place, line_suffix="", closers_missing=missing)


def _goes_over(over: str, text: str, behind: str) -> bool:
    """Does a completion close itself what is closed behind the cursor, and then go on?"""
    closes_quote = any(char in "\"'`" and text.count(char) % 2 for char in behind)
    if over.endswith(behind) or not ((over.startswith(text) and over != text) or closes_quote):
        return False
    at = -1
    return all((at := over.find(char, at + 1)) >= 0 for char in behind)


def _apply(rules: tuple[Rule, ...], text: str, place: Place) -> str:
    for rule in rules:
        text = rule(text, place)
    return text


def _split_lead(text: str) -> tuple[str, str]:
    """The blank lines that a text begins with, and the rest."""
    start = text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1
    return text[:start], text[start:]


def _first_line(text: str, place: Place) -> str:
    """The first line that the completion makes, whole."""
    lead, rest = _split_lead(text)
    line, _, more = rest.partition("\n")
    return ("" if lead else place.line_prefix) + line + ("" if more else place.line_suffix)


def _opens(line: str, place: Place) -> bool:
    """Does what stands below a line belong into it?"""
    is_open = place.language not in PROSE and line.endswith(("(", "["))
    return is_open or opens_block(line, place.language)


def _code_around(place: Place) -> list[str]:
    """The lines around in their order, without those of comments such as this one's in C."""
    around = [*reversed(place.above), place.line_prefix, *place.below]
    return [line for line in around if not line.lstrip().startswith("*")]


def _without_comment(line: str, language: str) -> str:
    at = trailing_comment(line, language)
    return line if at is None else line[:at].rstrip()


def _reopens(rest: str, language: str) -> bool:
    """Does the line open a bracket again that it closed just before?"""
    return unclosed(rest.partition("\n")[0], language) > 0


def _cuts_word(rest: str, repeated: str, behind: str) -> bool:
    """Would a word be cut in two, on either side of what is repeated?"""
    return bool(re.search(r"\w\Z", rest) and re.match(r"\w", repeated)) or bool(
        re.search(r"\w\Z", repeated) and re.match(r"\w", behind)
    )
