"""The part of a file that the model sees, within a token budget.

The start of a prefix is anchored: as the user types, it stays put for many lines and then moves in
one large step, because each move makes the engine evaluate the prefix again. This needs no state:
of the lines that would use between half and all of the budget, we pick the one with the roundest
number (96 over 104 over 101). It remains the roundest until it drops out of that range or a rounder
one comes in, after 16 lines or so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate, takewhile

from herdmate.context import syntax, syntax_queries
from herdmate.text import Cursor, Selection, Span, line_start, with_line_feeds, with_text

Cost = Callable[[str], int]
"""How many tokens a line has, including its ``\\n``."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the model sees around a cursor, with ``\\n`` as its only line ending.

    ``start`` is the offset in the document's text at which ``prefix`` begins.
    """

    prefix: str
    suffix: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A selection and what the model sees around it, with ``\\n`` as its only line ending.

    ``before`` can begin with the file's imports, followed by a blank line for the omitted lines.
    """

    before: str
    selected: str
    after: str


def gather(cursor: Cursor, prefix_tokens: int, suffix_tokens: int, cost: Cost) -> Window:
    """The lines around a cursor that fit: whole lines, nearest first, with an anchored start.

    Asks ``cost`` only for texts that ``reach`` returns. A line that is too long by itself is cut.
    """
    return fitting(lines_in_reach(cursor, prefix_tokens, suffix_tokens), cost)


def reach(cursor: Cursor, prefix_tokens: int, suffix_tokens: int) -> tuple[str, ...]:
    """All lines whose cost ``gather`` can ask for with these budgets, to count them in one call."""
    return lines_in_reach(cursor, prefix_tokens, suffix_tokens).texts


@dataclass(frozen=True, slots=True)
class LinesInReach:
    """The lines around a cursor that could fit, at most eight characters per token of a budget."""

    cursor: Cursor
    prefix_tokens: int
    suffix_tokens: int
    before: list[_Piece]
    after: list[str]

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines, each once."""
        return tuple(dict.fromkeys((*(piece.text for piece in self.before), *self.after)))


def lines_in_reach(cursor: Cursor, prefix_tokens: int, suffix_tokens: int) -> LinesInReach:
    """The lines to count and then to choose from."""
    before, after = _before(cursor, prefix_tokens), _after(cursor, suffix_tokens)
    return LinesInReach(cursor, prefix_tokens, suffix_tokens, before, after)


def fitting(lines: LinesInReach, cost: Cost) -> Window:
    """The window that ``gather`` finds, from lines that were taken from the text earlier."""
    start = _start(lines.before, lines.prefix_tokens, cost)
    prefix = "".join(piece.text for piece in lines.before[start:])
    return Window(
        prefix,
        "".join(lines.after[: _end(lines.after, lines.suffix_tokens, cost)]),
        _place_back(lines.cursor.document.text, lines.cursor.offset, len(prefix)),
    )


def around(selection: Selection, tokens: int, cost: Cost) -> Surroundings:
    """A selection with its context: ``before`` and ``after`` cost at most ``tokens``.

    The rest of the enclosing definition has priority, if it fits, then the imports, up to a quarter
    of the budget, then the lines above and below in turn. ``selected`` is always complete.
    """
    selection = _selection_with_line_feeds(selection)
    text, span = selection.document.text, selection.span
    above = _lines(text[_lowest(text, span.start, tokens) : span.start])[::-1]
    below = _lines(text[span.end : _highest(text, span.end, tokens)])
    costs = [cost(line) for line in above], [cost(line) for line in below]
    # The user may have typed since the selection was made, which moves a document's tree on.
    tree = syntax.fresh_tree_of(selection.document)
    least = _definition(tree, selection, above, below)
    if sum(costs[0][: least[0]]) + sum(costs[1][: least[1]]) > tokens:
        least = 0, 0
    taken = _outwards(least, costs, tokens)
    start = span.start - sum(map(len, above[: taken[0]]))
    if header := _imports(tree, text, start, tokens // 4, cost):
        header_cost = sum(map(cost, header)) + cost("\n")
        if sum(costs[0][: least[0]]) + sum(costs[1][: least[1]]) + header_cost <= tokens:
            taken = _outwards(least, costs, tokens - header_cost)
            # The blank line stands for the omitted lines.
            above[taken[0] :] = ["\n", *reversed(header)]
            taken = len(above), taken[1]
    before = "".join(reversed(above[: taken[0]]))
    return Surroundings(before, selection.text, "".join(below[: taken[1]]))


# --- around a cursor


_CHARS_PER_TOKEN = 8
"""Code has three or four; more means indentation, up to sixteen characters of it per token."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line before the cursor, or a piece of one that is longer than a quarter of the budget.

    ``at`` is its column; ``roundness`` is the greatest power of two that divides the column or, at
    column 0, the line number. ``begins``: it seems to begin a function or the like.
    """

    text: str
    at: int
    roundness: int
    begins: bool
    is_first: bool


def _before(cursor: Cursor, tokens: int) -> list[_Piece]:
    """What precedes the cursor, as far as the budget can reach, in text order."""
    text = cursor.document.text
    low = _lowest(text, cursor.offset, tokens)
    number, column = text.count("\n", 0, low), low - line_start(text, low)
    above = text[line_start(text, max(low - 1, 0)) : low]
    pieces: list[_Piece] = []
    for line in _lines(with_line_feeds(text[low : cursor.offset])):
        for at, part in _parts(line, tokens):
            place = column + at
            begins = place == 0 and _begins_something(above, line)
            roundness = _roundness(place or number)
            pieces.append(_Piece(part, place, roundness, begins, low == 0 and not pieces))
        above, number, column = line, number + 1, 0
    return pieces


def _after(cursor: Cursor, tokens: int) -> list[str]:
    text = cursor.document.text
    lines = _lines(with_line_feeds(text[cursor.offset : _highest(text, cursor.offset, tokens)]))
    return [part for line in lines for _, part in _parts(line, tokens)]


def _place_back(text: str, offset: int, characters: int) -> int:
    """The offset that many characters back, with a ``\\r\\n`` counting as one."""
    start = offset - characters
    while (more := text.count("\r\n", start, offset)) != offset - start - characters:
        start = offset - characters - more
    return start


def _start(pieces: list[_Piece], tokens: int, cost: Cost) -> int:
    """The index of the piece that the prefix starts with."""
    reserve = _reserve(pieces, tokens, cost)
    totals = _totals((piece.text for piece in reversed(pieces)), tokens - reserve, cost)
    last, most = len(pieces), len(totals) - 1
    if not most or (most == last and pieces[0].is_first):
        return last - most
    enough = bisect_left(totals, tokens // 2 - reserve)
    if enough > most:
        # The pieces ran out before the budget did, or the next one does not fit.
        enough = bisect_left(totals, totals[-1] // 2)
    starts = [at for at in range(last - most, last) if pieces[at].at == 0]
    if not starts:
        starts = list(range(last - most, last))
    good = [at for at in starts if at <= last - enough]
    start = max(good, key=lambda at: (pieces[at].roundness, -at)) if good else starts[0]
    return _onto_beginning(pieces, start)


def _onto_beginning(pieces: list[_Piece], start: int) -> int:
    """The start moved forward to where something begins, if that is close.

    How close depends only on the start, so this does not make the window move more often.
    """
    near = pieces[start : start + min(pieces[start].roundness // 2, 8) + 1]
    ahead = [at for at, piece in enumerate(near, start) if piece.begins]
    return ahead[0] if ahead else start


def _reserve(pieces: list[_Piece], tokens: int, cost: Cost) -> int:
    """Tokens to keep free, which round the cost of the cursor's line up to a multiple of a step.

    Each character typed adds or removes a token or two, and the start must not go back and forth
    with it.
    """
    line = list(takewhile(lambda text: text[-1] != "\n", (piece.text for piece in pieces[::-1])))
    step = max(tokens // 8, 1)
    used = sum(map(cost, line))
    reserve = step - used % step
    return reserve if used + reserve <= tokens else 0


def _end(pieces: list[str], tokens: int, cost: Cost) -> int:
    """The index after the last piece of the suffix, at the end of a line if a whole line fits."""
    most = len(_totals(pieces, tokens, cost)) - 1
    if most == len(pieces):
        return most
    whole = [at for at in range(1, most + 1) if pieces[at - 1].endswith("\n")]
    return whole[-1] if whole else most


def _totals(pieces: Iterable[str], tokens: int, cost: Cost) -> list[int]:
    """The total costs of the first 0, 1, 2, ... pieces, as far as they fit."""
    totals = [0]
    for piece in pieces:
        total = totals[-1] + cost(piece)
        if total > tokens:
            break
        totals.append(total)
    return totals


def _lowest(text: str, offset: int, tokens: int) -> int:
    """The lowest offset, preferably a line's start, from which the text could fit the budget."""
    low = max(offset - tokens * _CHARS_PER_TOKEN, 0)
    if not low:
        return 0
    if (end := text.find("\n", low - 1, offset)) >= 0:
        return end + 1
    # Inside one long line: an offset that does not move with each character typed.
    start, size = line_start(text, low), _size(tokens)
    return min(start + -(-(low - start) // size) * size, offset)


def _highest(text: str, offset: int, tokens: int) -> int:
    """The highest offset, preferably after a line's end, up to which the text could fit."""
    high = offset + tokens * _CHARS_PER_TOKEN
    if high >= len(text):
        return len(text)
    end = text.rfind("\n", offset, high)
    return end + 1 if end >= 0 else high


def _parts(line: str, tokens: int) -> Iterable[tuple[int, str]]:
    """A line in pieces that fit the budget whatever they contain, each with its offset."""
    size = _size(tokens)
    return ((at, line[at : at + size]) for at in range(0, len(line), size))


def _size(tokens: int) -> int:
    """Characters that are sure to fit: each costs at most four tokens, one per byte."""
    return max(tokens // 4, 1)


def _begins_something(above: str, line: str) -> bool:
    """Does a top-level definition or similar seem to begin on this line?"""
    return not above.strip() and line[:1].strip() != "" and line[0] not in ")]}"


def _roundness(number: int) -> int:
    """The greatest power of two that divides a number."""
    return number & -number if number else 1 << 40


# --- around a selection


def _definition(
    tree: syntax.SyntaxTree | None, selection: Selection, above: list[str], below: list[str]
) -> tuple[int, int]:
    """How many lines above and below belong to the selection's definition; 0 if too many."""
    text, span = selection.document.text, selection.span
    whole = syntax_queries.enclosing_definition(tree, text, span) if tree else None
    if whole is None:
        return 0, 0
    counts = _count(above, span.start - whole.start), _count(below, whole.end - span.end)
    return counts if counts[0] <= len(above) and counts[1] <= len(below) else (0, 0)


def _count(lines: list[str], characters: int) -> int:
    """How many lines cover that many characters; one more than there are if all are too few."""
    totals = accumulate(map(len, lines), initial=0)
    return next((at for at, total in enumerate(totals) if total >= characters), len(lines) + 1)


def _imports(
    tree: syntax.SyntaxTree | None, text: str, end: int, tokens: int, cost: Cost
) -> list[str]:
    """The lines of the imports that end before ``end``, as many as fit."""
    spans = syntax_queries.imports(tree, text) if tree else ()
    blocks = (text[span.start : span.end].rstrip() for span in spans if span.end < end)
    lines = [line + "\n" for block in blocks for line in block.split("\n")]
    return lines[: len(_totals(lines, tokens, cost)) - 1]


def _outwards(
    least: tuple[int, int], costs: tuple[list[int], list[int]], tokens: int
) -> tuple[int, int]:
    """How many lines above and below to take: ``least``, then in turn until nothing more fits."""
    taken = list(least)
    tokens -= sum(costs[0][: least[0]]) + sum(costs[1][: least[1]])
    going = [True, True]
    while any(going):
        for side in (0, 1):
            at = taken[side]
            going[side] = going[side] and at < len(costs[side]) and costs[side][at] <= tokens
            if going[side]:
                tokens -= costs[side][at]
                taken[side] += 1
    return taken[0], taken[1]


# --- text


def _selection_with_line_feeds(selection: Selection) -> Selection:
    """The same selection with ``\\n`` as the document's only line ending."""
    document, span = selection.document, selection.span
    if "\r" not in document.text:
        return selection
    start, end = (len(with_line_feeds(document.text[:offset])) for offset in (span.start, span.end))
    return Selection(with_text(document, with_line_feeds(document.text)), Span(start, end))


def _lines(text: str) -> list[str]:
    """The lines with their ends; none for no text."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
