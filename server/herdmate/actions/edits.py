"""The difference between two texts as a few small edits, so that cursors and folds stay put."""

from __future__ import annotations

import difflib
from itertools import accumulate

from herdmate.actions.line_matching import changed_rows
from herdmate.text import LINE_BREAK, Edit, Span, apply_edits, line_end, line_start


def smallest_edits(old: str, new: str, offset: int = 0) -> tuple[Edit, ...]:
    """Edits that turn ``old``, which is at ``offset`` in its document, into ``new``."""
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts = list(accumulate(map(len, old_lines), initial=0))
    return tuple(
        _trimmed(old, starts[first], starts[last], "".join(new_lines[start:end]), offset)
        for first, last, start, end in changed_rows(old_lines, new_lines)
    )


def hunks(text: str, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """The edits of a text as changes of whole lines, one for each place, in order.

    Changes with only blank lines between them are one. Lines end as in the protocol.
    """
    if not edits:
        return ()
    start = line_start(text, min(edit.span.start for edit in edits))
    end = line_end(text, max(edit.span.end for edit in edits))
    if (line_break := LINE_BREAK.match(text, end)) is not None:
        end = line_break.end()
    new_text = apply_edits(text, edits)
    old_lines = _lines(text[start:end])
    new_lines = _lines(new_text[start : len(new_text) - len(text) + end])
    starts = [start, *(start + size for size in accumulate(map(len, old_lines)))]
    return tuple(
        Edit(Span(starts[first], starts[last]), "".join(new_lines[fresh:to]))
        for first, last, fresh, to in _changes(old_lines, new_lines)
    )


def _changes(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    """Rows of the old lines and of the new ones that replace them, for each place."""
    found: list[tuple[int, int, int, int]] = []
    for first, last, start, end in changed_rows(old, new):
        if found and not "".join(old[found[-1][1] : first]).strip():
            earlier = found.pop()
            first, start = earlier[0], earlier[2]
        found.append((first, last, start, end))
    return found


def _lines(text: str) -> list[str]:
    """Lines with their ends."""
    ends = [found.end() for found in LINE_BREAK.finditer(text)]
    starts = [0, *ends]
    lines = [text[start:end] for start, end in zip(starts, ends, strict=False)]
    return lines + ([text[starts[-1] :]] if text[starts[-1] :] else [])


def moved(span: Span, old: str, new: str) -> Span:
    """Where a span of ``old`` is in ``new``, taking all their differences as one change.

    Text typed into the span becomes part of it.
    """
    head = _common_prefix(old, new)
    tail = min(_common_prefix(old[::-1], new[::-1]), min(len(old), len(new)) - head)

    def place(at: int, is_start: bool) -> int:
        if at < head or (at == head and not is_start):
            return at
        behind = len(old) - tail
        if at > behind or (at == behind and is_start):
            return at + len(new) - len(old)
        return head if is_start else len(new) - tail

    start = place(span.start, is_start=True)
    return Span(start, max(place(span.end, is_start=False), start))


def unified(old: str, new: str, path: str) -> str:
    r"""A unified diff for people, ``patch`` and ``git apply``; empty if the texts are the same.

    Lines end at ``\n`` alone, as in those tools: a changed ``\r`` or final newline is a change.
    """
    before, after = (text.split("\n") for text in (old, new))
    lines = difflib.unified_diff(_ended(before), _ended(after), f"a/{path}", f"b/{path}")
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_END}" for line in lines)


_NO_END = "\\ No newline at end of file\n"


def _ended(parts: list[str]) -> list[str]:
    """Lines with their newlines; the last one may have none."""
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _trimmed(old: str, start: int, end: int, text: str, offset: int) -> Edit:
    """One edit without the start and end that both sides share; ``\\r\\n`` is never split."""
    replaced = old[start:end]
    head = _common_prefix(replaced, text)
    if replaced[head - 1 : head] == "\r":
        head -= 1
    tail = _common_prefix(replaced[head:][::-1], text[head:][::-1])
    ends = replaced[: len(replaced) - tail], text[: len(text) - tail]
    if tail and replaced[len(replaced) - tail] == "\n" and any(e.endswith("\r") for e in ends):
        tail -= 1
    span = Span(offset + start + head, offset + end - tail)
    return Edit(span, text[head : len(text) - tail])


def _common_prefix(one: str, other: str) -> int:
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))
