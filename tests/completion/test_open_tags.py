"""How tags are ended in which a completion ends."""

from __future__ import annotations

import pytest

from herdmate.completion.open_tags import ways_to_end_tag
from herdmate.completion.syntax_judge import SyntaxCheck

MOST = 4  # ways to end a tag


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p", "<p"),
        ('<p class="a', '<p class="a"'),
        ("<p style={{a: [1", "<p style={{a: [1]}}"),
        ("<p>", "<p>"),
    ],
)
def test_the_value_of_an_attribute_is_closed(text: str, shown: str) -> None:
    found = [*ways_to_end_tag(text, SyntaxCheck("javascriptreact", "", ""))]
    assert {way[0] for way in found} == {shown}
    assert all(way[2].startswith(shown) for way in found)


@pytest.mark.parametrize("text", ["a < b", "</p", "<p/>", "<!-- a", ""])
def test_nothing_else_is_a_tag_that_is_open(text: str) -> None:
    assert [*ways_to_end_tag(text, SyntaxCheck("html", "", ""))] == []


@pytest.mark.parametrize(
    "piece", ["<a ", "<a {", "{", "<a '", '<a "{', "<a b={`${", "<" * 9, "<a:.-", "<a\n"]
)
@pytest.mark.timeout(10)  # takes 20 ms
def test_hostile_tags_cost_little(piece: str) -> None:
    text = piece * 30_000
    found = [*ways_to_end_tag(text[-2_000:], SyntaxCheck("html", text, ""))]
    assert len(found) <= MOST
