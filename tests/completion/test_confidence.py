"""How probable each line of a suggestion is, and what of it is shown."""

from __future__ import annotations

import math

import pytest

from herdmate.completion.confidence import confidence, confident, marked
from herdmate.completion.postprocess import Shown
from herdmate.completion.typing_through import behind, what_is_left
from herdmate.generation import Piece
from herdmate.text import Cursor, Document


def _pieces(*given: tuple[str, float]) -> list[Piece]:
    return [Piece(text, logprob=math.log(likely)) for text, likely in given]


def _marked(text: str, *given: tuple[str, float]) -> Shown:
    return marked(Shown(text), _pieces(*given))


def test_a_line_is_as_probable_as_all_its_tokens_together() -> None:
    shown = _marked("return a + b", ("return", 0.5), (" a", 0.5), (" +", 1.0), (" b", 0.4))
    assert confidence(shown) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("shown", "pieces", "likely"),
    [
        (
            "a = 1",
            [("    a", 0.5), (" = ", 0.5), ("1\n", 0.5), ("b", 0.1)],
            0.125,
        ),  # cut, and moved
        ("\n    a\n", [("\n\ta", 0.5), ("\n", 0.9)], 0.5),  # the file's indentation
        ("b", [("a ", 0.1), ("b", 0.5)], 0.5),  # what stood before the cursor was dropped
        ("f(x)", [("f(", 0.5), ("x", 0.5)], 0.25),  # what closes it was added
        ("é😀", [("é", 0.5), ("😀", 0.5)], 0.25),
        ("nothing of it", [("something", 0.1)], None),
        ("", [("a", 0.1)], None),
        ("a", [], None),
        ("\n\n", [("\n\n", 0.1)], None),
        (" ".join("x" * 30), [("x ", 0.5)] * 30, 0.5**12),  # a dozen tokens count
    ],
)
def test_what_is_shown_has_the_probability_of_what_was_said(
    shown: str, pieces: list[tuple[str, float]], likely: float | None
) -> None:
    assert confidence(_marked(shown, *pieces)) == (likely and pytest.approx(likely))


def test_without_probabilities_everything_is_shown() -> None:
    shown = marked(Shown("a"), [Piece("a")])
    assert shown.logprobs == ()
    assert confident(shown, 1.0, "python") is shown
    half = marked(Shown("ab"), [Piece("a", logprob=-9.0), Piece("b")])
    assert confident(half, 1.0, "python") is half


_TWO = [("x = 1\n", 0.99), ("y = ", 0.5), ("zz\n", 0.1), ("return", 0.9), (" x", 0.9)]


@pytest.mark.parametrize(
    ("level", "left"),
    [
        (0.0, "x = 1\ny = zz\nreturn x"),
        (0.04, "x = 1\ny = zz\nreturn x"),
        (0.06, "x = 1"),
        (0.85, "x = 1"),
        (0.995, None),
    ],
)
def test_it_is_cut_before_the_first_doubtful_line(level: float, left: str | None) -> None:
    shown = _marked("x = 1\ny = zz\nreturn x", *_TWO)
    found = confident(shown, level, "python")
    assert (found and found.text) == left


def test_no_bracket_is_left_open() -> None:
    shown = _marked("f(\n  a,\n  b)", ("f(\n", 0.9), ("a,\n", 0.9), ("b)", 0.01))
    found = confident(shown, 0.5, "python")
    assert found is shown
    after = _marked("g()\nf(\n  a)", ("g()\n", 0.9), ("f(\n", 0.9), ("a)", 0.01))
    found = confident(after, 0.5, "python")
    assert found is not None
    assert found.text == "g()"


def test_prose_is_shown() -> None:
    shown = _marked("Once upon a time", ("Once", 0.1), (" upon a time", 0.1))
    assert confident(shown, 0.5, "markdown") is shown
    assert confident(shown, 0.5, "python") is None


def test_a_reach_that_belongs_to_the_text_stays() -> None:
    shown = marked(Shown("x)", 1), _pieces(("x", 0.9), (")", 0.9)))
    found = confident(shown, 0.5, "python")
    assert found is not None
    assert found.reach == 1


def test_no_bracket_that_is_replaced_is_lost() -> None:
    lines = _pieces((",\n", 0.9), ("  b: 2}\n", 0.9), ("]", 0.1))
    shown = marked(Shown(",\n  b: 2}\n]", 2), lines)
    assert confident(shown, 0.5, "python") is shown


def _left(shown: Shown, typed: str) -> Shown:
    begun = Cursor(Document("a", "python", "x = \n"), 4)
    now = Cursor(Document("a", "python", f"x = {typed}\n"), 4 + len(typed))
    left = what_is_left(shown, begun, behind(begun), now)
    assert left is not None
    return left


def test_what_was_typed_is_no_longer_in_doubt() -> None:
    shown = _marked("value.rare + 1", ("value", 0.9), (".rare", 0.01), (" + 1", 0.9))
    assert confident(shown, 0.5, "python") is None
    left = _left(shown, "value.rare")
    assert left.text == " + 1"
    assert confidence(left) == pytest.approx(0.9)
    assert confident(left, 0.5, "python") is left


@pytest.mark.parametrize(
    ("text", "pieces", "is_shown"),
    [
        ("total + 1", [("total", 0.6), (" +", 0.3), (" 1", 0.9)], True),  # the line: 0.16
        ("total + 1", [("total", 0.4), (" +", 1.0), (" 1", 1.0)], False),  # the line: 0.4
        ("to_tal.x", [("to", 0.7), ("_tal", 0.7), (".x", 0.9)], False),  # one word in two tokens
        ("(a, b)", [("(", 0.9), ("a", 0.9), (",", 0.3), (" b", 0.9), (")", 0.9)], True),
        (")\n    return", [(")\n", 0.6), ("    return", 0.1)], True),  # a line without a word
        (");\n", [(")", 0.6), (";", 0.6), ("\n", 1.0)], False),
        ("é.ß", [("é", 0.6), (".ß", 0.3)], True),
    ],
)
def test_a_word_must_be_more_likely_right_than_wrong(
    text: str, pieces: list[tuple[str, float]], is_shown: bool
) -> None:
    assert (confident(_marked(text, *pieces), 0.03, "python") is not None) == is_shown


def test_what_is_seen_stays_whatever_its_next_word_is() -> None:
    shown = _marked("total + 1", ("total", 0.4), (" +", 1.0), (" 1", 1.0))
    assert confident(shown, 0.03, "python") is None
    assert confident(shown, 0.03, "python", is_seen=True) is shown
    assert confident(shown, 0.9, "python", is_seen=True) is shown


def test_each_typed_letter_of_a_word_takes_its_share_of_the_doubt() -> None:
    shown = _marked("to_tall.x", ("to", 0.9), ("_tall", 0.1), (".x", 0.3))
    typed = ["", "to", "to_", "to_t", "to_ta", "to_tal", "to_tall"]
    sure = [it for it in typed if confident(_left(shown, it), 0.03, "python")]
    assert sure == ["to_tal"]  # a fifth of it is left; then comes another word


def test_return_and_an_indent_say_nothing_about_what_comes_then() -> None:
    begin = [("value", 0.9), (" =", 0.9), ("\n", 0.9), ("        ", 0.9)]
    shown = _marked("value =\n        x + 1", *begin, ("x", 0.001), (" + 1", 0.9))
    assert confidence(_left(shown, "value =\n        ")) == pytest.approx(0.0009)


def test_a_line_that_is_seen_stays_and_those_behind_it_do_not() -> None:
    shown = _marked("f(\n  a,\n  b)", ("f(\n", 0.9), ("a,\n", 0.01), ("b)", 0.9))
    left = _left(shown, "f(")
    assert confident(left, 0.03, "python") is None
    assert confident(left, 0.03, "python", is_seen=True) is left
    more = _marked("a = 1\nb = 2", ("a = 1\n", 0.01), ("b = 2", 0.01))
    found = confident(more, 0.03, "python", is_seen=True)
    assert found is not None
    assert found.text == "a = 1"


def test_a_clause_without_spaces_counts_by_its_first_tokens() -> None:
    clause = [("# ", 0.99), *((char, 0.9) for char in "返回两个数的最大公约数")]
    assert confident(_marked("# 返回两个数的最大公约数", *clause), 0.03, "python")
