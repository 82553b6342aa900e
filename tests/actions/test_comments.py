"""Comments that an answer drops although it keeps the code below them."""

from __future__ import annotations

import pytest

from herdmate.actions.comments import with_kept_comments

JAVA = """public interface Shop {
  /**
   * The price of all items.
   *
   * @return in cents
   */
  int total();

  /* How many of them are left. */
  int left();
}
"""
BARE = "public interface Shop {\n  int total();\n\n  int left();\n}\n"
GO = "func total() int {\n\t/* Prices are\n\t   in cents here. */\n\treturn sum\n}\n"


@pytest.mark.parametrize(
    ("new", "original", "language"),
    [
        (BARE, JAVA, "java"),
        (GO.replace("\t/* Prices are\n\t   in cents here. */\n", ""), GO, "go"),
        (BARE.replace("\n  int", "\n  /** Renewed, by the model. */\n  int"), JAVA, "typescript"),
    ],
)
def test_block_comments_stay_above_code_that_stays(new: str, original: str, language: str) -> None:
    is_renewed = "Renewed" in new
    assert with_kept_comments(new, original, language) == (new if is_renewed else original)


@pytest.mark.parametrize(
    ("new", "original", "language"),
    [
        (BARE.replace("int total();", "long total();"), JAVA, "java"),  # other code
        ("f(\n  1,\n)\n", "f(\n  '''\n/* some words in here */\n''',\n  1,\n)\n", "python"),
        ("a {\n  b: c;\n}\n", "a {\n  /* some words in here */\n  b: c;\n}\n", "sh"),
        ("x();\n", "/* never closed, with words\nx();\n", "javascript"),
        ("x();\n", "/* a */\nx();\n", "javascript"),  # too short to say anything
    ],
)
def test_others_are_left_out(new: str, original: str, language: str) -> None:
    kept = with_kept_comments(new, original, language)
    assert kept.replace("\n  /* How many of them are left. */", "") == new


def test_a_comment_in_a_text_is_none() -> None:
    original = "const a = `\n/* some words in here */\nx();\n`;\n"
    new = "const a = `\nx();\n`;\n"
    assert with_kept_comments(new, original, "javascript", in_strings={1, 2, 3}) == new


def test_a_moved_comment_is_not_doubled() -> None:
    new = BARE.replace("  int left", "  // How many of them are left. */\n  int left")
    kept = with_kept_comments(new, JAVA, "java")
    assert kept.count("How many") == 1
    assert kept.count("The price of all items.") == 1
