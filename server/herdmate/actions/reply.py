"""The code in a model's reply: the right block, complete, indented like the code it replaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from herdmate.actions.comments import with_aligned_stars, with_kept_comments
from herdmate.actions.omissions import leaves_out
from herdmate.actions.place_form import in_form
from herdmate.actions.prose_losses import PROSE_WITH_FENCES, loses_prose
from herdmate.actions.unchanged_lines import lines_with_ends, with_unchanged_lines
from herdmate.actions.ways_on import (
    SELECT_LESS,
    SELECT_MORE,
    TRY_LARGER,
    WRITE_LARGER,
    WRITE_LESS,
)
from herdmate.context.file_header import joined, split
from herdmate.context.indentation import in_place
from herdmate.context.languages import line_comment
from herdmate.errors import RefusedError
from herdmate.text import BYTE_ORDER_MARK, LINE_BREAK, with_line_feeds

_IMPORT = re.compile(r"(?<!\s)\s*(from\s+[\w.]+\s+)?import\s+(?=[\w*(])")
_HOLDER = re.compile(r"([a-z]+ )*(class|interface|impl|struct|trait|module|namespace|object)\b")
_SENTENCE = re.compile(r"[A-Z][\w'’-]*(,? [\w'’`()./-]+){2,}[.:!]( |$)")
_LONGEST_REASONS = 600
_OPENING = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,}(?!~))[^\n`]*\n", re.MULTILINE)
_BARE_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_SHEBANG = re.compile(r"#!(?!\[).*\n(?P<code>[\s\S]*)")
_SCRIPT = re.compile(r"<script\b[^>\n]*>\n(?P<code>[\s\S]*)\n</script>\Z")
_MOST_READINGS = 20
_MOST_READ = 1_000_000  # characters of all readings together
_MOST_BLOCKS = 50
_UNLIKE = 0.3
"""Below this likeness, a block is an example or chatter, not a version of the original."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the code of a reply goes.

    ``rows_in_strings``: the rows of the original, from 0, that begin inside a string literal.
    ``may_remove``: the action may remove parts of the text. ``has_header``: the original itself
    begins with imports, or at the top of its file, so imports in the reply belong there. ``above``:
    the text above the original, in which a block of code may be open. ``is_only_text``: nothing
    else will check which definitions the code has.
    """

    language: str = ""
    rows_in_strings: frozenset[int] = frozenset()
    may_remove: bool = False
    has_header: bool = True
    above: str = ""
    is_only_text: bool = False


@dataclass(frozen=True, slots=True)
class ReplyCode:
    """The code of a reply, and import statements that stood above it but belong elsewhere."""

    code: str
    imports: tuple[str, ...] = ()


_ANYWHERE = Place()


def code_of(
    reply: str, original: str, finished: bool, line_end: str | None = None,
    clean: Callable[[str], str] = lambda code: code, place: Place = _ANYWHERE,
) -> ReplyCode:  # fmt: skip
    """The code of a reply, ready to replace ``original`` exactly.

    ``finished``: the model ended the reply on its own. ``line_end`` is the file's; without it, the
    first one in ``original`` is used. ``clean`` removes what the caller knows is not part of the
    code. What a file has only once, such as its package, is dropped where a reply repeats it.
    Raises ``RefusedError`` if the reply is cut off, has no code, has unrelated code, or leaves
    parts of the code out.
    """
    reply, rows, imports = with_line_feeds(reply), place.rows_in_strings, tuple[str, ...]()
    mark = BYTE_ORDER_MARK if original.startswith(BYTE_ORDER_MARK) else ""
    original = original.removeprefix(mark)
    if place.language in PROSE_WITH_FENCES:
        code = _without_mark(_prose_of(reply, original, finished, place))
        placed = _with_hard_breaks(in_place(code, original, line_end, rows, is_prose=True), code)
    else:
        code, imports = _code_of(reply, original, finished, clean, place)
        code = in_form(_without_mark(code), original, place.language)
        placed = in_place(code, original, line_end, rows)
    whole = with_unchanged_lines(placed, original, rows, code.strip("\n"))
    if place.language not in PROSE_WITH_FENCES and not place.may_remove:
        whole = with_kept_comments(whole, original, place.language, rows)
        if line_comment(place.language) != "#":  # elsewhere, stars are patterns
            whole = with_aligned_stars(whole, original)
    return ReplyCode(mark + whole, imports)


def code_in(reply: str, original: str, language: str) -> str:
    """The block of a reply that is meant as the new code, also if it is cut off or incomplete."""
    reply = with_line_feeds(reply)
    blocks = _blocks(reply, " {0,3}")[0] or _unfenced(reply, original)
    return _likest(blocks, original, language) if blocks else ""


def _without_mark(code: str) -> str:
    """The code without a byte order mark, which belongs only at the start of a file."""
    return code.strip("\n").removeprefix(BYTE_ORDER_MARK)


def _code_of(
    reply: str, original: str, finished: bool, clean: Callable[[str], str], place: Place
) -> tuple[str, tuple[str, ...]]:
    """The code in a reply about code, and the imports above it."""
    blocks, is_open = _blocks(reply, " {0,3}")
    if not finished and (is_open or not blocks):
        raise _refusal("cut_off")
    blocks = blocks or _unfenced(reply, original) or _blocks(reply, "[ \t]*")[0]
    if not blocks:
        raise _refusal("words")
    code, imports = _headed(clean(_likest(blocks, original, place.language)), original, place)
    code = _without_holder(_without_idle_imports(code, original), original)
    if _is_other(code, original):
        raise _refusal("other_code")
    if leaves_out(code, original, place.is_only_text and not place.may_remove):
        raise _refusal("left_out")
    return code, imports


def _headed(code: str, original: str, place: Place) -> tuple[str, tuple[str, ...]]:
    """The code as it belongs in the original's place, and the imports that do not."""
    code = code.strip("\n")
    for around in (_SHEBANG, _SCRIPT):
        if (found := around.match(code)) and not around.match(original.strip("\n")):
            code = found["code"]
    imports, once, rest = split(code, place.language)
    if not place.has_header:
        return rest, imports
    if not set(once) - set(LINE_BREAK.split(original)):
        return code, ()
    return "\n".join([*imports, "", rest] if imports else [rest]), ()


def _prose_of(reply: str, original: str, finished: bool, place: Place) -> str:
    """The text in a reply about prose."""
    texts, is_open = _readings(reply)
    if not finished and is_open:
        raise _refusal("cut_off")
    if not texts:
        raise _refusal("words")
    text = max(texts, key=lambda text: _likeness(text, original))
    if _is_other(text, original):
        raise _refusal("other_code")
    if loses_prose(text, original, place.may_remove, place.language, place.above):
        raise _refusal("left_out")
    return text


def _is_other(code: str, original: str) -> bool:
    """Do two pieces of code have not a single word in common?"""
    words = set(re.findall(r"\w+", original))
    return len(words) > 3 and words.isdisjoint(re.findall(r"\w+", code))


_REFUSALS = {
    "cut_off": "The model's answer was cut off",
    "words": "The model answered in words instead of code",
    "other_code": "The model answered with unrelated code",
    "left_out": "The model left parts of the code out",
}


_WAYS_ON = {"words": TRY_LARGER, "other_code": SELECT_MORE}


def _refusal(why: str) -> RefusedError:
    way_on = _WAYS_ON.get(why, SELECT_LESS)
    return RefusedError(f"{_REFUSALS[why]}, {way_on}", "" if why == "cut_off" else why)


def new_code_of(reply: str, finished: bool, whole: Callable[[str], str] = lambda _: "") -> str:
    """The longest block of a reply, for a new file.

    ``whole`` returns the usable part of a block that was cut off, ``""`` if there is none. Raises
    ``RefusedError`` if there is none, or if the reply has no code; a shorter one may do.
    """
    blocks, is_open = _blocks(with_line_feeds(reply), " {0,3}")
    if not finished and is_open and blocks and (text := whole(blocks[-1].strip("\n"))):
        return text
    if not finished and (is_open or not blocks):
        raise RefusedError(f"{_REFUSALS['cut_off']}, {WRITE_LESS}", "too_long")
    if not blocks:
        raise RefusedError(f"{_REFUSALS['words']}, {WRITE_LARGER}", "words")
    return max(blocks, key=len).strip("\n") + "\n"


def reasons_of(reply: str) -> str:
    """What a reply says after its last block of code, cut to a length that can be shown."""
    _, fence, rest = with_line_feeds(reply).rstrip("`~\n ").rpartition("\n```")
    said = rest.partition("\n")[2].strip() if fence else ""
    return said if len(said) <= _LONGEST_REASONS else said[: _LONGEST_REASONS - 1].rstrip() + "…"


def _blocks(reply: str, indent: str) -> tuple[list[str], bool]:
    """The non-blank fenced blocks, and whether the last one was never closed."""
    opening = re.compile(rf"^{indent}(?P<fence>`{{3,}}|~{{3,}}(?!~))[^\n`]*\n", re.MULTILINE)
    blocks: list[str] = []
    at = 0
    while len(blocks) < _MOST_BLOCKS and (start := opening.search(reply, at)) is not None:
        end = _closing(reply, start.end(), indent, re.escape(start["fence"]))
        block = reply[start.end() : end.start() if end else len(reply)]
        block = opening.sub("", block, count=1) if opening.match(block) else block  # opened twice
        blocks += [block] if block.strip() else []
        if end is None:
            return blocks, True
        at = end.end()
    return blocks, False


def _readings(reply: str) -> tuple[list[str], bool]:
    """What the text in a reply may be, and whether its block was never closed.

    A text for people has fenced blocks of its own, whose fences look like the one that ends it.
    """
    if (start := _OPENING.search(reply)) is None:
        return [], False
    fences = list(_BARE_FENCE.finditer(reply, start.end()))
    long_enough = [fence for fence in fences if len(fence["fence"]) >= len(start["fence"])]
    ends = [fence.start() for fence in long_enough or fences]
    is_open = not ends or bool(reply[ends[-1] :].strip("`~ \t\n"))
    most = min(max(_MOST_READ // len(reply) // 2, 1), _MOST_READINGS)
    if len(ends) > 2 * most:
        ends = ends[:most] + ends[-most:]
    is_surely_closed = not is_open and len(long_enough) > 0 and len(start["fence"]) > 3
    ends += [] if is_surely_closed else [len(reply)]
    found = [reply[start.end() : end] for end in ends]
    if reply[: start.start()].strip():  # perhaps the text itself, without a fence around it
        found.append(reply)
    return [text for text in found if text.strip()], is_open


def _closing(reply: str, at: int, indent: str, fence: str) -> re.Match[str] | None:
    """The closing fence: on its own line, else before words, else right after the last line."""
    for pattern in (
        rf"^{indent}{fence}[`~]*[ \t]*$",
        rf"^{indent}{fence}(?=[ \t]+\S)",
        rf"(?<=[^\s`~]){fence}\s*\Z",
    ):
        if (found := re.compile(pattern, re.MULTILINE).search(reply, at)) is not None:
            return found
    return None


def _unfenced(reply: str, original: str) -> list[str]:
    """The code of a reply without fences, if it begins like the original and resembles it."""
    code = reply.split("\n```")[0].strip("\n")
    paragraphs = code.split("\n\n")
    while len(paragraphs) > 1 and _SENTENCE.match(paragraphs[-1]):
        del paragraphs[-1]
    code = "\n\n".join(paragraphs)
    is_code = code.split()[:1] == original.split()[:1] and _likeness(code, original) >= _UNLIKE
    return [code] if code and is_code else []


def _likest(blocks: list[str], original: str, language: str) -> str:
    """The intended block: the one most like the original.

    Chatty replies include small examples and the unchanged code; some give each function its own
    block, and then all of them together are the best match.
    """
    if len(blocks) == 1:
        return blocks[0]
    same = original.split()
    changed = [block for block in blocks if block.split() != same]
    if any(_likeness(block, original) > 0.5 for block in changed):
        blocks = changed
    parts = [block.strip("\n") for block in blocks if _likeness(block, original) >= _UNLIKE]
    whole = joined(parts, language)
    best = max(blocks, key=lambda block: _likeness(block, original))
    return whole if _likeness(whole, original) > _likeness(best, original) + 0.05 else best


def _likeness(block: str, original: str) -> float:
    """How much two pieces of code share, 0 to 1, in any order (Dice coefficient of tokens)."""
    one, other = (Counter(re.findall(r"\w+|[^\w\s]", text)) for text in (block, original))
    return 2 * (one & other).total() / max(one.total() + other.total(), 1)


def _with_hard_breaks(placed: str, code: str) -> str:
    """The text with the two trailing spaces that mean a line break in Markdown."""
    lines, raw = lines_with_ends(placed), code.strip("\n").split("\n")
    return "".join(
        line.rstrip() + ("  " if old.endswith("  ") and old.strip() else "") + end
        for (line, end), old in zip(lines, raw, strict=False)
    )


def _without_idle_imports(code: str, original: str) -> str:
    """The code without unused Python imports at the top, which models like to add."""
    lines, theirs = code.strip("\n").split("\n"), LINE_BREAK.split(original)
    kept: list[str] = []
    while lines and (not lines[0].strip() or _IMPORT.match(lines[0])):
        statement = [lines.pop(0)]
        while lines and "".join(statement).count("(") > "".join(statement).count(")"):
            statement.append(lines.pop(0))
        rest = "\n".join(lines)
        names = re.findall(r"\w+", _IMPORT.sub("", " ".join(statement)))
        is_used = any(re.search(rf"\b{name}\b", rest) for name in names)
        if statement[0] in theirs or is_used or (kept and not statement[0].strip()):
            kept += statement
    return "\n".join([*kept, *lines])


def _without_holder(code: str, original: str) -> str:
    """The code without a class that the model put around a method, but that was never selected.

    Only if the original is indented, and so really is inside something.
    """
    first, _, rest = code.strip("\n").partition("\n")
    body = rest.rstrip("\n").split("\n")
    if not original[:1].isspace() or _HOLDER.match(original.strip()) or not _HOLDER.match(first):
        return code
    if body[-1].strip() in ("}", "};", "end") and not body[-1][:1].isspace():
        del body[-1]
    is_inside = all(line[:1].isspace() for line in body if line.strip())
    return "\n".join(body) if body and is_inside else code
