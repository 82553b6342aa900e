import sys
from pathlib import Path
from typing import Any

import pytest

from herdmate.completion.cursor_context import cursor_context
from herdmate.completion.postprocess import Shown, finish, is_whole
from herdmate.completion.shape import Shape
from herdmate.completion.trigger import shape_at
from herdmate.context.grammars import parser_for
from herdmate.text import Cursor, Document

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GOLDEN = Path(__file__).parent.parent / "golden" / "postprocess"

Case = dict[str, Any]


def golden_cases() -> list[Any]:
    cases = []
    for path in sorted(GOLDEN.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            case["language"] = case.get("language", path.stem)
            case["shown"] = case.get("shown", drawn(case, Shown(case["model"])))
            cases.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return cases


def shape_of(case: Case) -> Shape:
    """The case's ``shape`` or ``multiline``; without them, what the code says."""
    if "shape" in case:
        shape: Shape = case["shape"]
        return shape
    if "multiline" in case:
        return "block" if case["multiline"] else "line"
    return shape_at(cursor_of(case), "auto", case.get("asked", False))


def cursor_of(case: Case) -> Cursor:
    code = case["code"]
    assert code.count("│") == 1
    return Cursor(Document("file:///a", case["language"], code.replace("│", "")), code.index("│"))


def drawn(case: Case, shown: Shown | None) -> str:
    if shown is None:
        return "nothing"
    before, after = case["code"].split("│")
    return f"{before}├{shown.text}┤{after[shown.reach :]}"


@pytest.mark.parametrize("case", golden_cases())
def test_golden(case: Case) -> None:
    """``asked``: the user asked for it by key. ``ended``: the model has ended by itself.

    ``without_grammar``: if the language has a grammar on this Python, its check closes strings.
    """
    if case.get("without_grammar") and parser_for(case["language"]) is not None:
        pytest.skip("this Python has a grammar for it")
    is_asked, is_ended = case.get("asked", False), case.get("ended", False)
    cursor, shape = cursor_of(case), shape_of(case)
    shown = finish(case["model"], cursor, shape, is_asked=is_asked, is_ended=is_ended)
    assert drawn(case, shown) == case["shown"]


@pytest.mark.parametrize("case", golden_cases())
def test_stopping_early_changes_nothing(case: Case) -> None:
    """Stopped at the first piece at which it is whole, an answer is shown as if it had gone on."""
    cursor, model, shape = cursor_of(case), case["model"], shape_of(case)
    for end in range(1, len(model) + 1):
        if is_whole(model[:end], cursor, shape):
            assert finish(model[:end], cursor, shape) == finish(model, cursor, shape)
            break


@pytest.mark.parametrize("case", [case for case in golden_cases() if "stops" in case.values[0]])
def test_generation_stops_where_the_case_says(case: Case) -> None:
    """``stops`` is what the model has said when it can be stopped."""
    model, cursor = case["model"], cursor_of(case)
    ends = (end for end in range(len(model) + 1) if is_whole(model[:end], cursor, shape_of(case)))
    assert model[: next(ends, len(model))] == case["stops"]


@pytest.mark.parametrize("case", golden_cases())
def test_the_line_ends_of_the_document_change_only_those_of_the_completion(case: Case) -> None:
    if "\r" in case["code"] or "\n" not in case["code"]:
        pytest.skip("the case is about line ends itself, or has none")
    expected = finish(case["model"], cursor_of(case), shape_of(case))
    crlf = {**case, "code": case["code"].replace("\n", "\r\n")}
    shown = finish(case["model"], cursor_of(crlf), shape_of(case))
    if expected is not None:
        expected = Shown(expected.text.replace("\n", "\r\n"), expected.reach)
    assert shown == expected


def test_there_are_enough_cases_and_half_of_them_pass_unchanged() -> None:
    cases: list[Case] = [param.values[0] for param in golden_cases()]
    unchanged = [case for case in cases if f"├{case['model']}┤" in case["shown"]]
    assert len(cases) >= 120
    assert len(unchanged) * 2 >= len(cases)
    assert len({case["language"] for case in cases}) >= 8


def test_a_huge_file_costs_no_more_than_a_small_one() -> None:
    text = "def f():\n    return 1\n\n" * 200_000
    cursor = Cursor(Document("file:///a", "python", text), len(text))
    assert finish("x = 1\n", cursor, "block") == Shown("x = 1")


@pytest.mark.parametrize("shape", ["line", "statement", "block"])
@pytest.mark.parametrize("raw", ["\n    return x\n", "\n\n    return x\n", "\nreturn x\n"])
@pytest.mark.parametrize("before", ["def f(x):", "def f(x):\n    ", "def f(x):\n", "    y = x", ""])
def test_a_completion_that_begins_with_a_line_end_is_not_lost(
    shape: Shape, raw: str, before: str
) -> None:
    cursor = Cursor(Document("file:///a", "python", before), len(before))
    shown = finish(raw, cursor, shape)
    assert shown is not None
    assert shown.text.strip() == "return x"
    assert not is_whole("\n", cursor, shape)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("app.get(", "  const a = f(b, [c, d], {e: 'f'});\n"),
        ("app.get(", "a\n    "),
        ("x = ", "(("),
        ("x = ", "'\\\\"),
        ("x = ", "`a\n  ${b}"),
        ("f(" * 200, ") => {\n"),
    ],
)
def test_twice_the_text_takes_twice_the_work_and_no_more(before: str, line: str) -> None:
    """Asked at each piece; calls are counted, Python's own included."""
    cursor = Cursor(Document("file:///a", "javascript", before + ")\n"), len(before))
    context = cursor_context(cursor)

    def calls(text: str) -> int:
        seen = 0

        def note(*_: object) -> None:
            nonlocal seen
            seen += 1

        sys.setprofile(note)
        try:
            is_whole(text, cursor, "statement", context)
        finally:
            sys.setprofile(None)
        return seen

    start = "(a) => {\n"
    assert calls(start + line * 200) <= 2.5 * calls(start + line * 100) + 200
