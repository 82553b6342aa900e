"""Completions that were given lately."""

from __future__ import annotations

from herdmate.completion.cache import CompletionCache
from herdmate.completion.postprocess import Shown
from herdmate.completion.unfinished import Unfinished
from herdmate.generation import Piece
from herdmate.text import Cursor, Document


def _cursor(before: str, after: str = "\nrest", uri: str = "a") -> Cursor:
    return Cursor(Document(uri, "python", before + after), len(before))


def test_typing_on_into_a_completion_leaves_its_rest() -> None:
    cache = CompletionCache()
    cache.put(_cursor("x = "), Shown("value + 1"))
    assert cache.get(_cursor("x = ")) == Shown("value + 1")
    assert cache.get(_cursor("x = val")) == Shown("ue + 1")
    assert cache.get(_cursor("x = va")) == Shown("lue + 1")  # and back
    assert cache.get(_cursor("x = other")) is None
    assert cache.get(_cursor("x = value + 1")) is None


def test_several_lines_that_were_accepted_are_typed_on_into() -> None:
    cache = CompletionCache()
    lines = "".join(f"    total += values[{number}] * weights[{number}]\n" for number in range(10))
    cache.put(_cursor("def f():\n"), Shown(lines + "    return total"))
    assert len(lines) > 300
    assert cache.get(_cursor("def f():\n" + lines)) == Shown("    return total")


def test_other_surroundings_and_files_know_nothing_of_it() -> None:
    cache = CompletionCache()
    cache.put(_cursor("x = "), Shown("value"))
    assert cache.get(_cursor("x = ", "\nother")) is None
    assert cache.get(_cursor("x = ", uri="b")) is None
    assert cache.get(_cursor("y = ")) is None


def test_it_is_bounded() -> None:
    cache = CompletionCache()
    for number in range(300):
        cache.put(_cursor(f"{number} = "), Shown("v"))
    assert cache.get(_cursor("0 = ")) is None
    assert cache.get(_cursor("299 = ")) == Shown("v")


def test_what_it_reaches_over_stays_so_while_one_types_on() -> None:
    cache = CompletionCache()
    cache.put(_cursor("def f(", ")"), Shown("a, b) -> int:", 1))
    assert cache.get(_cursor("def f(a, ", ")")) == Shown("b) -> int:", 1)


def test_what_the_editor_closes_by_itself_is_typed_through() -> None:
    cache = CompletionCache()
    cache.put(_cursor("x = "), Shown("foo(bar('y'), 1)"))
    assert cache.get(_cursor("x = foo(", ")\nrest")) == Shown("bar('y'), 1)", 1)
    assert cache.get(_cursor("x = foo(bar('", "'))\nrest")) == Shown("y'), 1)", 3)
    assert cache.get(_cursor("x = foo(bar('y'), ", ")\nrest")) == Shown("1)", 1)
    assert cache.get(_cursor("x = foo(", "]\nrest")) is None


def test_the_newest_is_what_counts_at_a_place() -> None:
    cache = CompletionCache()
    cache.put(_cursor("x = "), Shown("foo(bar)"))
    cache.put(_cursor("x = foo(", ")\nrest"), Shown("other"))
    assert cache.get(_cursor("x = foo(", ")\nrest")) == Shown("other")
    assert cache.get(_cursor("x = foo(")) == Shown("bar)")  # without the bracket


def test_an_answer_that_was_cut_off_is_known_after_what_was_typed_of_it() -> None:
    cache = CompletionCache()
    pieces = (Piece("total = "), Piece("sum(\n"), Piece("    a"))
    cache.put(
        _cursor("def f():\n"), Shown("total = sum()"), Unfinished("total = sum(\n    a", pieces)
    )
    assert cache.cut(_cursor("def f():\n")) == Unfinished("total = sum(\n    a", pieces)
    left = cache.cut(_cursor("def f():\ntotal = s"))
    assert left == Unfinished("um(\n    a", (Piece("um(\n"), Piece("    a")))
    assert cache.cut(_cursor("def f():\nother")) is None
    cache.put(_cursor("x = "), Shown("1"))
    assert cache.cut(_cursor("x = ")) is None


def test_what_is_shown_is_seen_up_to_its_end_and_nowhere_else() -> None:
    cache = CompletionCache()
    cache.note_seen(_cursor("x = "), "value")
    places = ["x =", "x = ", "x = v", "x = valu", "x = value", "x = value + 1", "y = v"]
    assert [text for text in places if cache.is_seen(_cursor(text), 4)] == [
        "x = ",
        "x = v",
        "x = valu",
    ]
    assert not cache.is_seen(_cursor("x = v"), 5)  # of an answer that began only there
    assert not cache.is_seen(_cursor("x = v", uri="b"), 4)
    cache.forget("b")
    assert cache.is_seen(_cursor("x = v"), 4)
    cache.forget("a")
    assert not cache.is_seen(_cursor("x = v"), 4)


def test_a_doubted_answer_stays_for_who_asked_until_something_else_begins() -> None:
    cache, doubted = CompletionCache(), Shown("value", logprobs=((5, -1.0),))
    cache.put(_cursor("x = "), doubted)
    assert cache.sure(_cursor("x = v"), 0.03) is None
    assert not cache.note_asked(_cursor("x = "))
    assert cache.sure(_cursor("x = v"), 0.03) == Shown("alue")
    cache.forget_seen(is_asked=True)
    assert cache.sure(_cursor("x = v"), 0.03) == Shown("alue")
    cache.forget_seen(is_asked=False)
    assert cache.sure(_cursor("x = v"), 0.03) is None
    assert cache.note_asked(_cursor("x = "))  # again
