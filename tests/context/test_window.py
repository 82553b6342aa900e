import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from herdmate.context import syntax
from herdmate.context.window import Cost, around, gather, reach
from herdmate.text import Cursor, Document, Selection, Span


def cost(text: str) -> int:
    """Like a tokenizer: words cost by their length, a longer word is not always dearer."""
    return sum(
        1 if len(word) in (1, 3, 6) or word.isspace() else 2 if word.isascii() else 4 * len(word)
        for word in re.findall(r"\n| +|\w{1,7}|[^\w ]", text)
    )


def document(text: str, language: str = "python") -> Document:
    return Document("file:///a", language, text, tree=syntax.parse(text, language))


def code(lines: int) -> str:
    dice = random.Random(7)
    made = []
    for number in range(lines):
        if number % 11 == 0:
            made += ["", f"def function_{number}(value):"]
        made.append(
            "    " + " + ".join(f"name{dice.randint(0, 99)}" for _ in range(number % 5 + 1))
        )
    return "\n".join(made) + "\n"


def start_of(prefix: str, cursor: Cursor) -> int:
    assert cursor.prefix.endswith(prefix)
    return cursor.offset - len(prefix)


def test_a_small_file_is_seen_whole() -> None:
    text = "a = 1\nb = 2\nc = 3\n"
    window = gather(Cursor(document(text), 8), 512, 128, cost)
    assert (window.prefix, window.suffix) == (text[:8], text[8:])


@pytest.mark.parametrize("text", ["", "x", "\n", "\n\n\n", "x\n"])
@pytest.mark.parametrize("tokens", [0, 1, 4, 512])
def test_the_smallest_files_and_budgets(text: str, tokens: int) -> None:
    for offset in range(len(text) + 1):
        cursor = Cursor(document(text), offset)
        window = gather(cursor, tokens, tokens, cost)
        assert cursor.prefix.endswith(window.prefix)
        assert cursor.suffix.startswith(window.suffix)


@pytest.mark.parametrize("line", ["    value = other + 1\n", "x\n", "\n", "    " * 30 + "y\n"])
@pytest.mark.parametrize("tokens", [64, 512])
def test_budgets_are_kept_and_used(line: str, tokens: int) -> None:
    text = line * 3000
    cursor = Cursor(document(text, "plaintext"), len(line) * 1500 + len(line) // 2)
    window = gather(cursor, tokens, tokens, cost)
    used = cost(window.prefix), cost(window.suffix)
    assert max(used) <= tokens
    # Half of it and a reserve may stay unused, and the reach may end before the budget.
    reached = min(tokens, cost(cursor.prefix[-8 * tokens :])) // 2
    assert used[0] >= reached - tokens // 8 - cost(line)
    assert window.prefix.startswith(line) or window.prefix == line[: len(line) // 2]
    assert window.suffix.endswith("\n")


def typed(text: str, at: int, more: str) -> list[int]:
    """Where the window starts, at each key of typing ``more``."""
    starts = []
    for count in range(len(more) + 1):
        cursor = Cursor(document(text[:at] + more[:count] + text[at:], "plaintext"), at + count)
        window = gather(cursor, 256, 64, cost)
        assert cost(window.prefix) <= 256
        assert cost(window.suffix) <= 64
        starts.append(start_of(window.prefix, cursor))
    return starts


def moves(starts: list[int]) -> int:
    return sum(one != other for one, other in pairwise(starts))


@pytest.mark.parametrize("line", [150, 151, 157, 160, 163, 170, 199])
def test_typing_on_moves_the_start_a_few_times_at_most(line: int) -> None:
    text = code(300)
    at = sum(len(part) + 1 for part in text.split("\n")[:line])
    more = "    result = compute(first, second)\n    if result:\n        return None\n\n" * 3
    assert moves(typed(text, at, more[:200])) <= 3


def test_typing_a_whole_file_moves_the_start_in_large_steps() -> None:
    text = code(150)
    starts = typed("", 0, text)
    # It is left behind in steps of a quarter of the window's 256 tokens at least.
    assert moves(starts) <= cost(text) / 256 * 4
    assert starts[-1] > len(text) / 2


def test_typing_a_long_line_moves_the_start_in_large_steps() -> None:
    starts = typed("x = 1\n" * 100, 600, "word, " * 300)
    assert moves(starts) <= 30
    assert starts[-1] > 600


def test_a_huge_line_is_cut_on_both_sides() -> None:
    text = "let a = [" + "1234, " * 100_000 + "];\n"
    window = gather(Cursor(document(text, "plaintext"), 300_000), 100, 50, cost)
    assert 0 < cost(window.prefix) <= 100
    assert 0 < cost(window.suffix) <= 50
    assert text[:300_000].endswith(window.prefix)
    assert text[300_000:].startswith(window.suffix)


def test_the_start_is_preferably_where_a_definition_begins() -> None:
    text = code(300)
    lines = text.split("\n")
    good = 0
    for line in range(100, 300, 10):
        at = sum(len(part) + 1 for part in lines[:line])
        prefix = gather(Cursor(document(text, "plaintext"), at), 400, 0, cost).prefix
        good += prefix.startswith("def ")
    assert good >= 8


def test_the_model_sees_no_carriage_return() -> None:
    text = "def f():\r\n    pass\r\n" * 200
    cursor = Cursor(document(text), len(text) // 2)
    window = gather(cursor, 100, 100, cost)
    assert window.prefix
    assert window.suffix
    assert "\r" not in window.prefix + window.suffix
    assert cursor.prefix.replace("\r\n", "\n").endswith(window.prefix)
    assert cursor.suffix.replace("\r\n", "\n").startswith(window.suffix)


def asked(into: set[str]) -> Cost:
    def ask(text: str) -> int:
        into.add(text)
        return cost(text)

    return ask


@pytest.mark.parametrize(
    "make", [code, lambda count: "word " * count * 9, lambda count: "\n" * count]
)
def test_no_cost_is_asked_that_reach_did_not_name(make: Callable[[int], str]) -> None:
    text = make(2000)
    for offset in range(0, len(text), len(text) // 7):
        cursor = Cursor(document(text, "plaintext"), offset)
        named = reach(cursor, 200, 50)
        into: set[str] = set()
        gather(cursor, 200, 50, asked(into))
        assert into <= set(named)
        assert sum(map(len, named)) <= 8 * 250


def test_a_file_of_5_mb_is_no_obstacle() -> None:
    text = code(170_000)
    assert len(text) > 5_000_000
    cursor = Cursor(document(text), len(text) - 1000)
    assert cursor.document.tree is None
    window = gather(cursor, 512, 128, cost)
    assert 512 * 0.4 < cost(window.prefix) <= 512


SOURCE = (
    """import os
from a import (
    b,
)

unrelated = 1
filler = [
"""
    + "    0,\n" * 400
    + """]


class Flock:
    name = "Dolly"

    def count(self):
        first = 1
        second = 2
        return first


after = 1
"""
    + "more = 2\n" * 400
)


def select(part: str, text: str = SOURCE) -> Selection:
    start = text.index(part)
    return Selection(document(text), Span(start, start + len(part)))


def test_around_a_statement_stands_its_definition_and_the_imports() -> None:
    seen = around(select("        second = 2"), 200, cost)
    assert seen.selected == "        second = 2"
    assert seen.before.startswith("import os\nfrom a import (\n    b,\n)\n\n")
    assert seen.before.endswith("    def count(self):\n        first = 1\n")
    assert seen.after.startswith("\n        return first\n\n\nafter = 1\n")
    assert 150 <= cost(seen.before) + cost(seen.after) <= 200


def test_around_is_frugal_where_the_budget_is_small() -> None:
    for tokens in (0, 1, 5, 10, 20, 40, 80):
        seen = around(select("        second = 2"), tokens, cost)
        assert seen.selected == "        second = 2"
        assert cost(seen.before) + cost(seen.after) <= tokens
        assert "import" not in seen.before or tokens >= 20


def test_imports_do_not_stand_there_twice() -> None:
    seen = around(select("unrelated"), 100, cost)
    assert seen.before == SOURCE[: SOURCE.index("unrelated")]
    assert seen.after.startswith(" = 1\n")


def test_all_of_a_small_file_stands_around() -> None:
    text = "import os\n\nx = 1\ny = 2\nz = 3\n"
    seen = around(select("y = 2", text), 100, cost)
    assert (seen.before, seen.selected, seen.after) == (
        "import os\n\nx = 1\n",
        "y = 2",
        "\nz = 3\n",
    )


def test_around_a_selection_in_a_file_with_crlf() -> None:
    seen = around(select("y = 2", "import os\r\n\r\nx = 1\r\ny = 2\r\nz = 3\r\n"), 100, cost)
    assert (seen.before, seen.selected, seen.after) == (
        "import os\n\nx = 1\n",
        "y = 2",
        "\nz = 3\n",
    )


def test_around_without_a_grammar() -> None:
    text = "one\ntwo\nthree\n"
    selection = Selection(Document("file:///a", "plaintext", text), Span(4, 7))
    assert around(selection, 100, cost).before == "one\n"
