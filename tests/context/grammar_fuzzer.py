"""Gives a grammar what nobody writes, the way the server would; run by ``test_grammar_fuzz``.

``python -m tests.context.grammar_fuzzer SEED SECONDS LANGUAGE…`` writes a line for each case before
it is tried, so that who started it knows which one it did not survive, and one for each language.
"""

from __future__ import annotations

import random
import sys
import time

import psutil

from herdmate.context import (
    chunks,
    node_kinds,
    outline,
    preserved_tokens,
    signatures,
    syntax,
    syntax_queries,
)
from herdmate.context.nesting_limits import nests_without_measure
from herdmate.text import Edit, Span
from tests.context.parsed import parsed
from tests.context.test_grammars import SNIPPETS

LONGEST_CASE = 20.0
"""Seconds of this process's own work for one text, its edits, and all that is asked of its tree."""

MOST_MEMORY = 500 << 20

_BRACKETS = [
    "()",
    "[]",
    "{}",
    "<>",
    "[(",
    "({",
    "{{",
    "<% ",
    "(*",
    "/*",
    "{-",
    "#|",
    "#=",
    "[[",
    "[=[",
]
_QUOTES = [
    "'",
    '"',
    "`",
    "'''",
    '"""',
    "```",
    "\"'",
    '"$(',
    '"${',
    '"#{',
    "`${",
    'f"{',
    '"\\(',
    'r#"',
]
_PREFIXES = [
    "> ",
    ">",
    "- ",
    "* ",
    "1. ",
    "!",
    "-",
    "not ",
    "&",
    "*",
    "~",
    "@",
    "#",
    "$",
    "\\",
    "? ",
]
_WORDS = [
    *("if x ", "if x:\n", "if (x) {", "else if ", "do\n", "begin\n", "let x = ", "case x of "),
    *("function() {", "class A {", "class A\n", "lambda x: ", "x => ", "a => ", "a(", "a[", "a.b"),
    *("a+", "a<", "a ? b : ", "#if x\n", "<a>", "<!--", "</a>", "<script>", "{#if a}", "- a:\n"),
    *("<<A\n", "<<~A\n", "<<A <<B\n", "%q(", "@a\n", "template<class T>", "export ", "a = "),
]
_LINES = [
    "if x:",
    "def f():",
    "- a:",
    "x match",
    "object A:",
    "do",
    "where",
    "f x =",
    "> ",
    "* ",
    "(",
]
_UNITS = [*_BRACKETS, *_QUOTES, *_PREFIXES, *_WORDS]


def main() -> int:
    """Fuzz some languages, each for so many seconds and at least two cases."""
    seed, seconds, languages = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    for language in languages:
        end, count, refused, without, slowest = time.monotonic() + seconds, 0, 0, 0, 0.0
        while count < 2 or time.monotonic() < end:
            _say("case", language, f"{seed}/{language}/{count}")
            dice = random.Random(f"{seed}/{language}/{count}")
            text = _text(dice, language)
            begun, held = time.process_time(), psutil.Process().memory_info().rss
            without += not _live_through(dice, text, language)
            refused += nests_without_measure(text, language)
            slowest = max(slowest, time.process_time() - begun)
            if slowest > LONGEST_CASE:
                _say("slow", language, f"{slowest:.1f} s")
                return 1
            if psutil.Process().memory_info().rss - held > MOST_MEMORY:
                _say("large", language, str(len(text)))
                return 1
            count += 1
        _say("done", language, f"{count} cases, {refused} refused, {without} without a tree, "
             f"slowest {slowest:.2f} s")  # fmt: skip
    return 0


def _text(dice: random.Random, language: str) -> str:
    sample = SNIPPETS[language] * dice.randint(1, 20)
    kind = dice.randrange(6)
    if kind == 0:
        return _bomb(dice)
    if kind == 1:
        at = dice.randrange(len(sample))
        return sample[:at] + _bomb(dice) + sample[at:]
    if kind == 2:
        line, step = dice.choice(_LINES), dice.randint(1, 4)
        return "".join(" " * (at * step) + line + "\n" for at in range(dice.randint(2, 200)))
    if kind == 3:
        return "".join(dice.choices(sample + "(){}[]<>\"'`\\\n\t\0\x7f é\u2028😀", k=3_000))
    if kind == 4:
        return dice.randbytes(3_000).decode("latin-1")
    for _ in range(dice.randint(1, 30)):
        at = dice.randrange(len(sample))
        piece = dice.choice([*_UNITS, "", "\n", SNIPPETS[language]])
        sample = sample[:at] + piece + sample[at + dice.randrange(6) :] or "x"
    return sample


def _bomb(dice: random.Random) -> str:
    unit = "".join(dice.choices(_UNITS, k=dice.choice([1, 1, 1, 2, 3])))
    count = dice.choice([40, 60, 90, 140, 250, 600, 3_000])
    return unit * min(count, 40_000 // len(unit))


def _live_through(dice: random.Random, text: str, language: str) -> bool:
    """Parse it, edit it, and ask all that is asked of trees; has it one in the end?"""
    tree = parsed(text, language)
    syntax.errors_in(text, language)
    for _ in range(3):
        if isinstance(tree, syntax.NoTree):
            return False
        _ask(dice, tree, text)
        start = dice.randrange(len(text) + 1)
        end = min(start + dice.choice([0, 0, 1, 40]), len(text))
        new = dice.choice(["x", "\n", '"', "(", "}", "", dice.choice(_UNITS), _bomb(dice)])
        after = text[:start] + new + text[end:]
        edits = (Edit(Span(start, end), new),)
        seconds = dice.choice([0.0, 0.03, 1.0])
        moved = syntax.edited(tree, text, edits, after, seconds)
        tree = syntax.NoTree() if moved is None else _refreshed(moved)
        text = after
    return True


def _refreshed(tree: syntax.SyntaxTree) -> syntax.SyntaxTree | syntax.NoTree:
    return parsed(tree.source.text, tree.language, tree) if tree.is_stale else tree


def _ask(dice: random.Random, tree: syntax.SyntaxTree, text: str) -> None:
    offset = dice.randrange(len(text) + 1)
    start = dice.randrange(len(text) + 1)
    span = Span(start, min(start + 2_000, len(text)))
    syntax.error_count(tree)
    syntax_queries.first_error(tree, span)
    syntax_queries.enclosing_definition(tree, text, span)
    syntax_queries.items_around(tree, text, offset)
    syntax_queries.definition_names(tree, text)
    syntax_queries.imports(tree, text)
    syntax_queries.is_in_string_or_comment(tree, text, offset)
    syntax_queries.opens_block(tree, text, offset, tree.language)
    outline.heads(tree, text)
    outline.above(tree, text, offset)
    signatures.signatures(tree, span)
    node_kinds.kinds_around(tree, span)
    node_kinds.symbol_at(tree, text, offset)
    chunks.parts(tree, Span(0, len(text)), lambda part: part.end - part.start < 200)
    preserved_tokens.leaves(tree, span, ("documentation", "types"))


def _say(*words: str) -> None:
    print("\t".join(words), flush=True)  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(main())
