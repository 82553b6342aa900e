"""What the model sees besides the code in question."""

from __future__ import annotations

from pathlib import Path

from herdmate.actions.context import ActionContext
from herdmate.actions.question import question_for
from herdmate.actions.reference import conventions, reference_for
from herdmate.actions.target import resolve_target
from herdmate.generation import Text
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span
from tests.fake_model import fake_actions

SHOP = """\
import json
from app.stock import Item


def price_of(item):
    return item.price


def unrelated():
    return json.dumps({})


class Shop:
    def total(self, items: list[Item]) -> int:
        found = 0
        for item in items:
            found += price_of(item)
        return found

    def other(self):
        return 1
"""
STOCK = "class Item:\n    def __init__(self, price):\n        self.price = price\n"


def _selection(code: str, path: Path) -> Selection:
    start = SHOP.index(code)
    return Selection(Document(path.as_uri(), "python", SHOP), Span(start, start + len(code)))


def _project(tmp_path: Path, model: ActionContext) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "stock.py").write_text(STOCK, "utf-8")
    model.project.folders = (tmp_path,)
    assert model.project.index.read(tmp_path / "app" / "stock.py")
    return tmp_path / "app" / "shop.py"


TOTAL = SHOP[SHOP.index("    def total") : SHOP.index("\n    def other")]
LOOP = "        for item in items:\n            found += price_of(item)\n"


async def test_imports_heads_and_what_is_named_elsewhere(tmp_path: Path) -> None:
    async with fake_actions({}) as model:
        path = _project(tmp_path, model)
        seen = await reference_for(resolve_target(_selection(TOTAL, path)), model, 600)
    assert seen.enclosing == ""
    assert seen.context.startswith(
        "import json\nfrom app.stock import Item\ndef price_of(item):\n    return item.price\n"
        "class Shop:\n\n# app/stock.py\nclass Item: ..."
    )
    assert seen.context.endswith("def __init__(self, price): ...")
    assert "unrelated" not in seen.context


async def test_other_languages_explain_nothing(tmp_path: Path) -> None:
    async with fake_actions({}) as model:
        path = _project(tmp_path, model)
        for name, code in (
            ("price_of.rs", "fn price_of(item: &str) -> io::Error {\n    x()\n}\n"),
            ("price_of.c", "struct found { int total; };\n"),
        ):
            (tmp_path / "app" / name).write_text(code, "utf-8")
            assert model.project.index.read(tmp_path / "app" / name)
        seen = await reference_for(resolve_target(_selection(TOTAL, path)), model, 2_000)
    assert "io::Error" not in seen.context
    assert "struct" not in seen.context


async def test_a_part_of_a_function_comes_with_the_function(tmp_path: Path) -> None:
    async with fake_actions({}) as model:
        seen = await reference_for(resolve_target(_selection(LOOP, tmp_path / "a.py")), model, 600)
    assert seen.enclosing == TOTAL.strip()


async def test_the_budget_is_kept(tmp_path: Path) -> None:
    async with fake_actions({}) as model:
        path = _project(tmp_path, model)
        for tokens in (0, 10, 60, 150, 300):
            target = resolve_target(_selection(LOOP, path))
            seen = await reference_for(target, model, tokens)
            assert len(seen.context) + len(seen.enclosing) <= tokens + 8  # bytes, and blank lines


async def test_what_comes_first_is_the_same_for_actions_that_see_more(tmp_path: Path) -> None:
    library = load_library()[0]
    texts = []
    async with fake_actions({}) as model:
        target = resolve_target(_selection(LOOP, _project(tmp_path, model)))
        for name in ("explain", "extract_function", "write_tests"):
            question = await question_for(library.get(name), target, model)
            texts.append(
                "".join(s.text for s in question.request.prompt.segments if isinstance(s, Text))
            )
    head = texts[0][: texts[0].index("Explain in three")]
    assert "The code in question:\n```python\n" + LOOP.rstrip("\n") + "\n```" in head
    assert "This is Python code from shop.py." in head
    assert all(text.startswith(head) for text in texts)


async def test_paragraphs_without_anything_to_say_are_left_out() -> None:
    document = Document("untitled:a", "go", "a := 1\n")
    async with fake_actions({}) as model:
        action = load_library()[0].get("explain")
        question = await question_for(action, Selection(document, Span(0, 6)), model)
    (turn,) = question.turns
    assert turn.text.startswith("This is Go code from a.\n\nThe code in question:\n```go\na := 1\n")
    assert "\n\n\n" not in turn.text


def test_conventions_in_words() -> None:
    text = "def f():\n    return g('a', 'b', 'c')\n"
    selection = Selection(Document("untitled:a", "python", text), Span(0, 5))
    assert conventions(selection) == "Indent by 4 spaces. Put strings into single quotes."
