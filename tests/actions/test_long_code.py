"""Code that is too long to be explained at once, and code that nobody wrote so."""

from __future__ import annotations

import random
from contextlib import aclosing

import pytest

from herdmate.actions.explain import explain, explanation_of
from herdmate.actions.long_code import cut_up, refuse_minified
from herdmate.errors import SelectionError
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span
from tests.fake_model import fake_actions

EXPLAIN = load_library()[0].get("explain")
PARTS = {
    "python": "def {0}(x):\n    y = x + 1\n    return y\n\n\n",
    "typescript": "export function {0}(x: number): number {{\n  return x + 1;\n}}\n\n",
    "go": "func {0}(x int) int {{\n\treturn x + 1\n}}\n\n",
    "java": "class {0} {{\n    int of(int x) {{\n        return x + 1;\n    }}\n}}\n\n",
    "rust": "fn {0}(x: i32) -> i32 {{\n    x + 1\n}}\n\n",
    "plaintext": "Of {0} it is said\nthat it is long.\n\n",
}


def _long(language: str, count: int = 400, line_end: str = "\n") -> Selection:
    text = "".join(PARTS[language].format(f"item{number}") for number in range(count)).rstrip()
    text = text.replace("\n", line_end)
    return Selection(Document("file:///a", language, text), Span(0, len(text)))


@pytest.mark.parametrize("language", PARTS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_line_is_in_one_part_in_order(language: str, line_end: str) -> None:
    target = _long(language, line_end=line_end)
    sections = cut_up(target, len(target.text) // 4, 3000)
    parts = [item.code for item in sections if item.code.document is target.document]
    assert 3 < len(parts) <= 12
    assert len(parts) == len(sections) - (language != "plaintext")
    lines = [line for part in parts for line in part.text.splitlines() if line.strip()]
    assert lines == [line for line in target.text.splitlines() if line.strip()]
    for part in parts:
        assert len(part.text) <= 4 * 3000
        assert target.text[: part.span.start][-1:] in ("", "\n")
    last = len(target.text.splitlines())
    assert f"to {last:,}" in sections[-1].heading
    assert f"{last:,} lines are too many" in sections[0].heading


@pytest.mark.parametrize("language", sorted(PARTS.keys() - {"plaintext"}))
def test_the_outline_comes_first_and_names_are_in_the_headings(language: str) -> None:
    target = _long(language, 100)
    outline, first, *_ = cut_up(target, len(target.text) // 4, 3000)
    text = outline.code.text
    assert all(f"item{number}" in text for number in range(100))
    assert "x + 1" not in text
    assert "### Lines 1 to " in first.heading
    assert ": `item0`, `item1`, `item2`, `item3` and " in first.heading
    assert " more" in first.heading


def test_more_than_twelve_parts_are_left_out_and_that_is_said() -> None:
    target = _long("plaintext", 9_000)
    first, *others = cut_up(target, len(target.text) // 4, 1500)
    assert len(others) == 11
    assert "are left out; select them" in first.heading


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_text_is_each_part_has_room(seed: int) -> None:
    dice = random.Random(seed)
    pieces = (
        "x" * 3_000,
        "\n",
        "\r\n",
        "def f():\n    pass\n",
        "class A:\n",
        " ",
        '"""',
        "é😀",
        "}",
    )
    text = "a" + "".join(dice.choices(pieces, k=dice.randint(1, 80))) + "b"
    target = Selection(Document("file:///a", "python", text), Span(0, len(text)))
    sections = cut_up(target, len(text), 2_000)
    assert all(item.code.text.strip() for item in sections)
    assert all(len(item.code.text) <= 2_000 for item in sections)


async def test_a_long_file_is_explained_by_its_outline_and_part_by_part() -> None:
    target = _long("python", 200)
    asked = "The code in question:\n```python\n"
    replies = {
        f"{asked}def item0(x): ...": "All.",
        f"{asked}def item0(x):\n": "First.",
        "": "Part.",
    }
    async with fake_actions(replies) as model:
        explanation = await explanation_of(target, EXPLAIN, model)
        async with aclosing(explain(target, EXPLAIN, model)) as parts:
            text = "".join([part async for part in parts])
    assert len(explanation.sections) == text.count("###") + 1
    assert text.startswith("*998 lines are too many to read at once")
    assert text.index("All.") < text.index("### Lines 1 to") < text.index("First.")
    assert text.index("First.") < text.index("Part.")
    assert len(explanation.turns) == 1


async def test_what_fits_is_explained_at_once() -> None:
    async with fake_actions({"": "All."}) as model:
        explanation = await explanation_of(_long("python", 10), EXPLAIN, model)
    assert [heading for heading, _ in explanation.sections] == [""]


@pytest.mark.parametrize(
    "code",
    [
        "function a(b){return b?c(b):d}" * 200,
        "!function(){" + "var a=1;a++;" * 100 + "}()\n//# sourceMappingURL=x.js",
        '{"name":"value","list":[1,2,3]},' * 500,
    ],
)
async def test_minified_code_is_refused_with_the_reason(code: str) -> None:
    target = Selection(Document("file:///a.js", "javascript", code), Span(0, len(code)))
    async with fake_actions({"": "All."}) as model:
        with pytest.raises(SelectionError, match=r"This code is minified .* original source"):
            await explanation_of(target, EXPLAIN, model)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "1" * 900,
        ("A paragraph of a text for people, which is one line as always in Markdown. " * 8 + "\n\n")
        * 20,
        PARTS["python"].format("f") * 200 + "DATA = '" + "A" * 8_000 + "'\n",
        "\n" * 5_000,
    ],
)
def test_what_people_write_is_not_minified(text: str) -> None:
    refuse_minified(Selection(Document("file:///a", "python", text), Span(0, len(text))))
