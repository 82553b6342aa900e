"""Text of others does nothing when it is printed."""

from __future__ import annotations

import random
import unicodedata

import pytest

from herdmate.printable import as_message, one_line, printable

ACTING = [
    "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;https://x\x1b\\", "\x9b31m", "\x90q\x9c", "\x00",
    "\x08", "\r", "\x7f", "\x0b", "\x0c", "\u202e", "\u202a", "\u2066", "\u2069", "\u200e",
    "\u200f",
    "\u061c", "\u2028", "\u2029", "\u0085", "\u200b", "\u2060", "\ufeff", "\U000e0041",
    "\ud800", "\udcff",
]  # fmt: skip


TURNING = ("RLE", "LRE", "RLO", "LRO", "PDF", "LRI", "RLI", "FSI", "PDI")


@pytest.mark.parametrize("sign", ACTING)
def test_a_sign_that_acts_is_shown_by_its_number(sign: str) -> None:
    for shown in (printable(f"a{sign}b"), one_line(f"a{sign}b"), as_message(f"a{sign}b")):
        assert shown.isprintable()
        assert shown.startswith("a")
        assert shown.endswith("b")
    assert "\\" in printable(sign)


@pytest.mark.parametrize(
    "text",
    [
        "a\n\tb\n",
        "naïve 日本語 עברית",
        "👩\u200d👩\u200d👧",
        "नमस्\u200dते",
        "می\u200cخواهم",
        "\u00a0",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


def test_no_sign_of_unicode_that_acts_comes_through() -> None:
    """All 1,114,112 of them, by the standard's own categories."""
    acting = [
        sign
        for sign in map(chr, range(0x110000))
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp")
        or (unicodedata.category(sign) == "Cf" and unicodedata.bidirectional(sign) in TURNING)
    ]
    assert len(acting) > 2100
    came = set(printable("".join(acting)))
    assert came & set(acting) == {"\n", "\t"}


def test_a_stream_cut_anywhere_is_as_harmless() -> None:
    dice = random.Random(7)
    text = "".join(dice.choice([*ACTING, "x", "[", "2", "J", "\n"]) for _ in range(2000))
    at, shown = 0, ""
    while at < len(text):
        end = at + dice.randint(1, 5)
        shown += printable(text[at:end])
        at = end
    assert shown.replace("\n", "").isprintable()


def test_what_is_long_is_cut() -> None:
    assert len(one_line("x" * 10_000_000)) == 2000
    assert one_line("a\n\r\n\t b " * 9, 20).count("\n") == 0
    assert one_line("x" * 20, 20) == "x" * 20
    assert one_line("x" * 21, 20) == "x" * 19 + "…"
    assert len(as_message("\x1b" * 10_000_000)) == 2000
    assert as_message("a\nb") == "a\nb"
