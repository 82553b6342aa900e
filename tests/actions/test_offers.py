"""Which actions are offered where."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from herdmate.actions import target
from herdmate.actions.action_input import ActionInput, Diagnostic, describe_diagnostics
from herdmate.actions.offers import offers, title_of
from herdmate.context import lexical_definitions
from herdmate.context.definition_at import Found
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span

ACTIONS = load_library()[0].actions
EVERYWHERE = {"explain", "simplify", "change"}
IN_PYTHON = {
    "write_tests",
    "add_types",
    "rename",
    "handle_errors",
    "make_async",
    "document",
    *EVERYWHERE,
}


def _selection(code: str, language: str) -> Selection:
    """What stands in « », or the place of │."""
    plain = code.replace("«", "").replace("»", "").replace("│", "")
    document = Document("file:///a", language, plain)
    if "│" in code:
        return Selection(document, Span(code.index("│"), code.index("│")))
    return Selection(document, Span(code.index("«"), code.index("»") - 1))


def _names(code: str, language: str, problems: tuple[Diagnostic, ...] = ()) -> set[str]:
    return {item.action.name for item in offers(ACTIONS, _selection(code, language), problems)}


@pytest.mark.parametrize(
    ("code", "language", "names"),
    [
        ("«def f(x):\n    return x»\n", "python",
         IN_PYTHON | {"extract_function", "remove_duplication"}),
        ("def f(x):\n    return 1 +│ 2\n", "python", IN_PYTHON),
        ("def f(x):\n    return x│x\n", "python", IN_PYTHON | {"explain_symbol"}),
        ("def f(x):\n    for a in x:\n        pr│int(a)\n", "python",
         IN_PYTHON | {"explain_symbol", "loop_to_comprehension"}),
        ("«x = 1\ny = 2»\n", "python", EVERYWHERE | {"remove_duplication"}),
        ("class A:\n    │x = 1\n", "python", EVERYWHERE | {"document", "explain_symbol",
         "write_tests"}),
        ("import os│\n", "python", {"explain_symbol"}),
        ("\n│\n", "python", set()),
        ("function f(x) {\n  for (const a of x) { «g(a);» }\n}\n", "javascript",
         EVERYWHERE | {"rename", "handle_errors", "make_async", "document", "extract_function",
                       "loop_to_stream", "remove_duplication", "write_tests"}),
        ("func f() {\n\t«for {}»\n}\n", "go",
         EVERYWHERE | {"handle_errors", "document", "extract_function", "remove_duplication",
                       "write_tests"}),
        ("«hello»", "plaintext", {"explain", "change"}),
        ("# One\n\n«hello»\n", "markdown", {"explain", "change"}),
        ('{"a": «1»}', "json", {"explain", "change"}),
        ("«a: 1»\n", "yaml", {"explain", "change"}),
        ("[a]\n«b = 1»\n", "toml", {"explain", "change"}),
        ("a {\n  «color: red;»\n}\n", "css", EVERYWHERE | {"document", "remove_duplication"}),
        ("a {\n  «color: red;»\n}\n", "scss", EVERYWHERE | {"document", "remove_duplication"}),
        ("<p>\n  «<b>x</b>»\n</p>\n", "html", EVERYWHERE | {"document", "remove_duplication"}),
        ("«select 1;»\n", "sql", EVERYWHERE | {"document", "remove_duplication"}),
        ("a: b\n\t«cc b»\n", "makefile", EVERYWHERE | {"document", "remove_duplication"}),
    ],
)  # fmt: skip
def test_what_is_offered(code: str, language: str, names: set[str]) -> None:
    assert _names(code, language) == names


CODE = "def f(x):\n    return │y\n"
UNKNOWN = Diagnostic(Span(21, 22), "Undefined name `y`", "F821", "ruff", (("b.py:3", "was here"),))
OTHER = Diagnostic(Span(6, 7), "Unused argument `x` " * 9)


def test_a_fix_for_each_problem_and_one_for_all() -> None:
    found = offers(ACTIONS, _selection(CODE, "python"), (UNKNOWN, OTHER))
    about = [(item.action.name, item.title, item.action_input.problems) for item in found if
             item.action_input.problems]  # fmt: skip
    assert about[0] == ("fix", "Fix “Undefined name `y`”", (UNKNOWN,))
    assert about[1][0] == "fix"
    assert about[1][1].endswith("…”")
    assert about[2] == ("fix_all", "Fix all problems here", (UNKNOWN, OTHER))
    assert about[3][:2] == ("explain_diagnostic", "Explain “Undefined name `y`”")
    assert "fix_all" not in _names(CODE, "python", (UNKNOWN,))
    more = offers(ACTIONS, _selection(CODE, "python"), (UNKNOWN,), may_be_more=True)
    assert "fix_all" in {item.action.name for item in more}
    none = offers(ACTIONS, _selection(CODE, "python"), (), may_be_more=True)
    assert "fix_all" not in {item.action.name for item in none}


def test_a_problem_outside_of_any_definition() -> None:
    assert {"fix", "explain_diagnostic"} <= _names("│import y\n", "python", (UNKNOWN,))


def test_what_was_asked_in_own_words_is_the_title() -> None:
    actions = load_library()[0]
    given = ActionInput(instruction="use pathlib\n  instead of os.path, " + "please " * 20)
    title = title_of(actions.get("change"), given)
    assert title.startswith("“use pathlib instead of os.path, please")
    assert title.endswith("…”")
    assert len(title) == 62
    assert title_of(actions.get("change"), ActionInput()) == "Change in my own words…"
    assert title_of(actions.get("simplify"), given) == "Simplify"


def test_problems_in_words() -> None:
    document = _selection(CODE, "python").document
    assert describe_diagnostics((UNKNOWN,), document) == (
        "- `return y`: Undefined name `y` (ruff F821)\n(see also b.py:3: was here)"
    )
    assert describe_diagnostics((OTHER,), document).startswith("- `def f(x):`: Unused argument")


def test_the_definition_at_the_cursor_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor asks at every move of the cursor."""
    looked_up: list[Selection] = []
    look_up = target._definition

    def count(selection: Selection) -> Span | None:
        looked_up.append(selection)
        return look_up(selection)

    monkeypatch.setattr(target, "_definition", count)
    found = offers(ACTIONS, _selection(CODE, "python"), ())
    assert {item.action.works_on for item in found} == {"selection", "definition"}
    assert {item.target.text for item in found} == {"def f(x):\n    return y"}
    assert len(looked_up) == 1


def test_a_text_is_searched_for_definitions_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    definitions = lexical_definitions.definitions

    def counted(text: str, language: str) -> Iterator[Found]:
        asked.append(language)
        return definitions(text, language)

    monkeypatch.setattr(lexical_definitions, "definitions", counted)
    code = "func once() {\n  │a()\n}\n"
    assert "explain" in _names(code, "swift")
    assert "explain" in _names(f"│{code.replace('│', '')}", "swift")
    assert asked == ["swift"]
