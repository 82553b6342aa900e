"""What is asked of a tree takes no longer than its size asks for, however deep or wide it is."""

from __future__ import annotations

import time

import pytest

from herdmate.context import (
    chunks,
    node_kinds,
    outline,
    preserved_tokens,
    signatures,
    syntax,
    syntax_queries,
)
from herdmate.text import Span

COUNT = 4_000

SHAPES = {
    "a long sum": ("python", "def f(a):\n    return " + "a + " * COUNT + "a\n"),
    "many decorators": ("python", "@a\n" * COUNT + "def f(): ...\n"),
    "many arguments": ("javascript", "f(" + "a, " * COUNT + "a);\n"),
    "many functions": ("javascript", "function f(a) { return a; }\n" * (COUNT // 10)),
    "classes in classes": ("ruby", "class A\n" * 2_000 + "end\n" * 2_000),
    "declarators": ("c", "int " + "*" * COUNT + "f(void) { return 0; }\n"),
    "calls of calls": ("python", "a" + "()" * COUNT + "\n"),
    "a chain of members": ("javascript", "a" + ".b" * COUNT + ";\n"),
    "an else for each if": ("c", "void f() {" + "if (a) b(); else " * 500 + ";}\n"),
}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_what_is_asked_of_a_tree_takes_seconds_at_most(shape: str) -> None:
    language, text = SHAPES[shape]
    tree = syntax.parse(text, language)
    if tree is None:
        return  # which is an answer too
    begun = time.process_time()
    for offset in (len(text) // 2, len(text) - 3):
        span = Span(max(offset - 3_000, 0), offset)
        syntax.error_count(tree)
        syntax_queries.enclosing_definition(tree, text, span)
        syntax_queries.items_around(tree, text, offset)
        syntax_queries.definition_names(tree, text)
        syntax_queries.is_in_string_or_comment(tree, text, offset)
        outline.heads(tree, text)
        outline.above(tree, text, offset)
        signatures.signatures(tree, span)
        node_kinds.kinds_around(tree, span)
        chunks.parts(tree, Span(0, len(text)), lambda part: part.end - part.start < 500)
        preserved_tokens.leaves(tree, span, ("documentation", "types"))
    assert time.process_time() - begun < 10


def test_nothing_selected_has_no_tokens() -> None:
    tree = syntax.parse("a = 1\n", "python")
    assert tree is not None
    assert preserved_tokens.leaves(tree, Span(6, 6), ()) == ()
