"""Definitions cut in or behind their head, and which answers are their whole rest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from herdmate.context.syntax import parse
from herdmate.eval.definitions import cut_definition
from herdmate.eval.holes import Hole, punch
from herdmate.eval.scores import Answer, is_whole
from tests.eval.test_eval_typing import JAVASCRIPT

PYTHON = "class A:\n    def area(self, w):\n        x = w * 2\n        return x\n\n\nB = 1\n"


@pytest.mark.parametrize(
    ("language", "code", "befores", "ends"),
    [
        ("python", PYTHON, ("def area(", "def area(self, w)", "def area(self, w):"), "return x"),
        ("javascript", "x = 1\nfunction area(w) {\n  return w\n}\ny = 2\n",
         ("function area(", "function area(w)", "function area(w) {"), "\n}"),
        ("typescript", "export const area = (w: number): number => {\n  return w;\n};\n",
         ("area = (", "(w: number): number =>", "number => {"), "\n};"),
        ("java", "class A {\n  int area(int w) {\n    return w;\n  }\n}\n",
         ("int area(", "int area(int w)", "int area(int w) {"), "\n  }"),
        ("go", "package a\n\nfunc (s *S) Area(w int) int {\n\treturn w\n}\n",
         ("Area(", "Area(w int) int", "Area(w int) int {"), "\n}"),
    ],
)  # fmt: skip
def test_a_definition_is_cut_in_its_head_or_behind_it(
    language: str, code: str, befores: tuple[str, ...], ends: str
) -> None:
    tree = parse(code, language)
    assert tree is not None
    cuts = {cut_definition(code, tree, random.Random(seed)) for seed in range(30)}
    assert len(cuts) == 3
    for cut in cuts:
        assert cut is not None
        assert code[: cut[0]].endswith(befores)
        assert code[: cut[1]].endswith(ends)


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\n",
        "def short(): pass\n",
        "class Empty:\n    a = 1\n    b = 2\n    c = 3\n",
        "def long():\n" + "    x = 1\n" * 40,
    ],
)
def test_not_every_file_has_one(code: str) -> None:
    tree = parse(code, "python")
    assert tree is not None
    assert cut_definition(code, tree, random.Random(0)) is None


def _python(before: str) -> Hole:
    after = "\n\n\nclass C:\n    z = 1\n"
    return Hole("a.py", "python", f"class A:\n    {before}", "", after, is_definition=True)


_HEAD = _python("def area(self, ")
_ELSEWHERE = Hole("a.js", "javascript", "class A {\n  area(", "", "\n}\n", is_definition=True)


@pytest.mark.parametrize(
    ("hole", "text", "more", "expected"),
    [
        (_HEAD, "w):\n        x = w\n        return x", "", True),
        (_HEAD, "w):\n        x = w\n        return x\n", "\n\n    def b(self):", True),
        (_HEAD, "w):\n        x = w", "\n        return x", False),  # more would come
        (_HEAD, "w):\n        x = w", "\n    def b(self):", True),
        (_HEAD, "w):", "", False),
        (_HEAD, "w):\n        return (", "", False),
        (_HEAD, "w):\n        return w\n\n    def b(self):\n        return 1", "", False),
        (_HEAD, None, "", False),
        (_python("def area(self):"), '\n        """What it is."""', "\n        return 1", False),
        (_ELSEWHERE, "w) {\n    return w;\n  }", "\n    never asked", True),
        (_ELSEWHERE, "w) {\n    return w;", "", False),
        (_ELSEWHERE, "w) {\n    return w;\n  }\n\n  b() {\n    return 1;\n  }", "", False),
        (_ELSEWHERE, "w) {", "", False),
    ],
)
async def test_what_is_a_whole_rest(
    hole: Hole, text: str | None, more: str, expected: bool
) -> None:
    async def next_line(asked: Hole) -> Answer:
        assert asked.after == hole.after
        return Answer(more or None, 0.0)

    assert await is_whole(hole, Answer(text, 0.0), next_line) is expected


async def test_the_real_rest_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PYTHON)
    (tmp_path / "b.js").write_text(JAVASCRIPT)

    async def nothing(_hole: Hole) -> Answer:
        return Answer(None, 0.0)

    for seed in range(10):
        holes = list(punch(sorted(tmp_path.iterdir()), "definition", random.Random(seed)))
        assert len(holes) == 2
        for hole in holes:
            assert hole.is_definition
            assert await is_whole(hole, Answer(hole.middle, 0.0), nothing)
            assert not await is_whole(hole, Answer(hole.middle + "\n\nx = (", 0.0), nothing)


def test_halves_depend_on_the_code_alone() -> None:
    holes = [Hole(f"{at}", "python", f"x = {at} + ", "1", "") for at in range(200)]
    halves = [hole.half for hole in holes]
    assert 70 < halves.count("second") < 130
    renamed = [Hole("other", "python", hole.before, hole.middle, "more") for hole in holes]
    assert [hole.half for hole in renamed] == halves
