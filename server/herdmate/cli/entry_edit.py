"""Cuts an entry out of a list or group as it was put in: with its white space and its comma."""

from __future__ import annotations


def without(text: str, span: tuple[int, int], after: int | None, before: int | None) -> str:
    """The text without the entry at ``span`` and the white space before it.

    That is one line break at most. ``after`` and ``before`` are where the commas next to it are:
    the one after it goes too, and if there is none, the one before it.
    """
    begin, end = _with_white_before(text, span[0]), span[1]
    if after is not None:
        return text[:begin] + text[after + 1 :]
    if before is not None:
        return text[:before] + text[before + 1 : begin] + text[end:]
    return text[:begin] + text[end:]


def _with_white_before(text: str, at: int) -> int:
    begin = len(text[:at].rstrip(" \t"))
    if text[begin - 1 : begin] == "\n":
        begin -= 2 if text[begin - 2 : begin] == "\r\n" else 1
    return begin
