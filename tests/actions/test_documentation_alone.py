"""Only the documentation is taken of a reply; the code below it stays byte for byte.

What each language makes of it is in ``golden/answers.toml``.
"""

from __future__ import annotations

import pytest

from herdmate.actions.documentation_alone import documentation_alone
from herdmate.text import Document, Selection, Span

CODE = "\tadd(item) { \r\n\r\n\t  return item;\t\n\t}"
COMMENT = "/**\n * Adds an item.\n * @param item what is added\n */"
CHANGED = "add(item) {\n  return item + 1;\n}"


def _documented(code: str, before: str = "class Cart {\r\n", language: str = "typescript") -> str:
    text = f"{before}{CODE}\r\n}}\r\n"
    span = Span(len(before), len(before) + len(CODE))
    return documentation_alone(code, Selection(Document("file:///a", language, text), span)) or ""


def test_every_byte_below_stays() -> None:
    wanted = "\t/**\r\n\t * Adds an item.\r\n\t * @param item what is added\r\n\t */\r\n"
    assert _documented(f"{COMMENT}\n{CHANGED}") == wanted + CODE
    assert _documented(f"import a from 'a';\n\n{COMMENT}\n{CHANGED}") == wanted + CODE


@pytest.mark.parametrize(
    "code",
    [
        "",
        CHANGED,
        COMMENT.replace("item what", "thing what"),
        COMMENT.replace("@param item", "@param {string} thing"),
        COMMENT.replace("@param item", "@param [thing=1]"),
        COMMENT.replace("@param item", "@ts-ignore"),
        COMMENT.replace("Adds an item", "... existing code ..."),
        COMMENT.replace("/**", "/*"),
        COMMENT.replace(" */", ""),
        f"{COMMENT} */",
        f"{COMMENT}\n\n{CHANGED}",
        f"{COMMENT}\n// {CHANGED}",
        f"{COMMENT}\nremove(item) {{\n  this.add(item);\n}}",
        f"other() {{}}\n{COMMENT}\n{CHANGED}",
        COMMENT.replace("Adds", "Adds " + "much " * 3_000),
        f"{COMMENT}\n{CHANGED}" + "\n" * 100_000,
        f"{COMMENT}\n" + "(" * 50_000,
    ],
)
def test_what_is_not_taken(code: str) -> None:
    assert not _documented(code)


@pytest.mark.parametrize(
    "line", ["\t// Adds.\r\n", "\t/** Adds. */\r\n", "\tf() {\r\n", "\tx; /* Adds. */\r\n"]
)
def test_where_it_is_not_taken(line: str) -> None:
    assert not _documented(f"{COMMENT}\n{CHANGED}", "class Cart {\r\n" + line)


def test_languages_without_comments_like_that() -> None:
    assert not _documented(f"{COMMENT}\n{CHANGED}", language="python")
    assert not _documented(f"{COMMENT}\n{CHANGED}", language="unknown")
