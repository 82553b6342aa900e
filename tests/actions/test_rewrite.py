"""A refactoring, from the question to the edits, with the fake engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.context import ActionContext
from herdmate.actions.question import question_for, taken_up
from herdmate.actions.rewrite import Rewrite, checked, rewrite
from herdmate.context.project import Project
from herdmate.context.withheld import Withheld, WithheldReason
from herdmate.engine.host import EngineHost
from herdmate.engine.start import FakeStart
from herdmate.errors import RefusedError, SelectionError, UnchangedError
from herdmate.prompting.families import Turn
from herdmate.prompting.library import Action, load_action, load_library
from herdmate.text import Document, Selection, Span, apply_edits
from tests.fake_model import fake_actions

CODE = "def f(x):\n    y = x\n    return y\n"
OTHER = "\n\ndef g():\n    return f(1)\n"
BROKEN = "def f(x):\n    return (x"
GOOD = "def f(x):\n    return x"


def _action(name: str) -> Action:
    return load_library()[0].get(name)


def _selection(code: str = CODE, language: str = "python") -> Selection:
    return Selection(Document("file:///a.py", language, code + OTHER), Span(0, len(code)))


def _reply(code: str) -> str:
    return f"```python\n{code}\n```\n"


async def _rewritten(replies: dict[str, str], name: str = "simplify", context: int = 4096) -> str:
    async with fake_actions(replies, context=context) as model:
        done = await rewrite(_selection(), _action(name), model)
    return apply_edits(done.target.document.text, done.edits)


async def test_the_model_is_told_once_what_was_wrong() -> None:
    replies = {"syntax error at or near this line:\n\nreturn (x": _reply(GOOD), "": _reply(BROKEN)}
    assert await _rewritten(replies) == GOOD + "\n" + OTHER


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (_reply("def g(x):\n    return x"), "no longer defines f."),
        (_reply("def f(x, y):\n    return x"), "exactly as they were: def f(x):."),
        (_reply("def f(x):\n    return np.f(x)"), "uses np, which"),
        (_reply("def f(x):\n    ...  # rest unchanged\n"), "left parts of the code out"),
        ("It is simple already.", "other code than"),
    ],
)
async def test_what_the_model_is_told(first: str, told: str) -> None:
    assert await _rewritten({told: _reply(GOOD), "": first}) == GOOD + "\n" + OTHER


@pytest.mark.parametrize(
    ("name", "reply", "is_new"),
    [
        ("simplify", CODE.replace("y = x", "y  =  x  # so be it"), False),
        ("simplify", CODE.replace("return y", "return (y)"), True),  # as may the other way round
        ("remove_duplication", CODE.replace("    y", "    # Once (or f(x)).\n    y"), False),
        ("change", CODE.replace("y = x", "y  =  x"), True),
    ],
)
async def test_another_layout_is_no_change_to_suggest(name: str, reply: str, is_new: bool) -> None:
    asked = ActionInput(instruction="Give it room.") if name == "change" else ActionInput()
    async with fake_actions({"": _reply(reply)}) as model:
        if is_new:
            assert (await rewrite(_selection(), _action(name), model, asked)).edits
            return
        with pytest.raises(UnchangedError, match=r"no changes to suggest\.$"):
            await rewrite(_selection(), _action(name), model, asked)


GO = "package a\n\nfunc f(x int) int {\n\ty := x\n\treturn y\n}\n"


async def test_a_name_that_nothing_defines_is_told_and_never_shown() -> None:
    start = GO.index("func")
    target = Selection(Document("file:///a.go", "go", GO), Span(start, len(GO)))
    wrong = "```go\nfunc f(x int) int {\n\treturn same(x)\n}\n```\n"
    async with fake_actions({"": wrong}) as model:
        with pytest.raises(RefusedError, match=r"not defined here \(same\)"):
            await rewrite(target, _action("simplify"), model)
    async with fake_actions(
        {"uses same, which": wrong.replace("same(x)", "x"), "": wrong}
    ) as model:
        done = await rewrite(target, _action("simplify"), model)
    assert "return x" in apply_edits(GO, done.edits)


async def test_a_second_failure_is_the_last() -> None:
    with pytest.raises(
        RefusedError, match=r"remove f, so nothing was changed.* did not correct it"
    ):
        await _rewritten({"syntax error": _reply("def g(x):\n    return x"), "": _reply(BROKEN)})


async def test_what_was_read_for_the_first_try_is_not_read_again() -> None:
    async with fake_actions({"syntax error": _reply(GOOD), "": _reply(BROKEN)}) as model:
        await rewrite(_selection(), _action("simplify"), model)
        assert model.host.last_request is not None
        assert model.host.last_request.finished is not None
        usage = model.host.last_request.finished.usage
    assert usage.reused_tokens > 2 * usage.evaluated_tokens


async def test_no_second_try_where_it_does_not_fit() -> None:
    with pytest.raises(RefusedError) as caught:
        await _rewritten({"syntax error": _reply(GOOD), "": _reply(BROKEN)}, context=1000)
    assert "did not correct" not in str(caught.value)


async def test_documentation_leaves_the_code_alone() -> None:
    with pytest.raises(RefusedError, match="more than comments and documentation"):
        await _rewritten({"": _reply("# Same.\ndef f(x):\n    return x")}, "document")
    documented = CODE.replace(":\n", ':\n    """Same."""\n', 1)
    changed = _reply('def f(x):\n    """Same."""\n    return x')
    assert await _rewritten({"": changed}, "document") == documented + OTHER
    assert await _rewritten({"": _reply(documented)}, "document") == documented + OTHER


async def test_code_that_was_only_shown_is_not_taken() -> None:
    shown = "import os\n\n\ndef g():\n    return os.name\n\n\n"
    assert await _rewritten({"": _reply(shown + GOOD)}) == GOOD + "\n" + OTHER
    behind = "\n\n\n@cached\ndef g():\n    return 2"
    assert await _rewritten({"": _reply(GOOD + behind)}) == GOOD + "\n" + OTHER


async def test_nothing_of_an_ignored_file_reaches_the_engine(tmp_path: Path) -> None:
    record = tmp_path / "record"
    model = ActionContext(EngineHost(), Project())
    await model.host.start(FakeStart({"": ""}, (), 0.0, 4096, str(record)))
    model.project.withheld["file:///a.py"] = Withheld(WithheldReason.IGNORED_BY_GIT)
    try:
        with pytest.raises(SelectionError, match="git ignores"):
            await rewrite(_selection(), _action("simplify"), model)
        await model.host.count_tokens(["the end"])
    finally:
        await model.host.stop()
    assert record.read_text() == "the end\n"


async def test_nothing_of_a_file_ignored_since_and_closed_is_asked_about(tmp_path: Path) -> None:
    """What is withheld is forgotten with the document, so the file itself is asked."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / ".gitignore").write_text("a.py\n", "utf-8")
    document = Document((root / "a.py").as_uri(), "python", CODE)
    action = load_library()[0].get("explain")
    async with fake_actions({"": "It adds."}) as model:
        model.project.folders = (root,)
        with pytest.raises(SelectionError, match="git ignores"):
            await question_for(action, Selection(document, Span(0, len(CODE))), model)
        with pytest.raises(SelectionError, match="git ignores"):
            await taken_up(action, document, (Turn("user", "Why?"),), model)


async def test_types_need_no_import(tmp_path: Path) -> None:
    typed = "from typing import List, Optional\n\ndef f(x: Optional[List[int]]) -> List[int]:\n"
    typed += "    y = x\n    return y"
    text = await _rewritten({"": _reply(typed)}, "add_types")
    assert text.startswith("def f(x: list[int] | None) -> list[int]:\n    y = x\n    return y\n")
    text = await _rewritten({"": _reply(typed.replace("List", "Sized"))}, "add_types")
    assert text.startswith("from typing import Sized\n\n\ndef f(x: Sized[int] | None) -> Sized")
    with pytest.raises(RefusedError, match=r"uses names that are not defined here \(Shop\)"):
        await _rewritten({"": _reply(CODE.replace("(x)", "(x: Shop)"))}, "add_types")


BARE = 'title = "T"\nkind = "rewrite"\nlsp_kind = "refactor.t"\nmax_tokens = 10\nuser = "$code"\n'


def _functions(first: int, last: int, body: str) -> str:
    return "\n\n\n".join(f"def f{at}(x):\n    {body}" for at in range(first, last))


LONG = _functions(0, 20, "y = x + 1\n    return y")


async def _in_parts(
    tmp_path: Path, replies: dict[str, str], extra: str = "",
    on_progress: Callable[[int], None] = lambda _: None,
) -> Rewrite:  # fmt: skip
    (tmp_path / "t.toml").write_text(BARE + extra)
    selection, action = _selection(LONG + "\n"), load_action(tmp_path / "t.toml")
    async with fake_actions(replies, context=1200) as model:
        return await rewrite(selection, action, model, on_progress=on_progress)


async def test_long_code_is_rewritten_in_parts(tmp_path: Path) -> None:
    short = [_reply(_functions(a, b, "return x + 1")) for a, b in ((0, 8), (8, 16), (16, 20))]
    replies = {"def f0(": short[0], "def f8(": short[1], "def f16(": short[2]}
    written: list[int] = []
    done = await _in_parts(tmp_path, replies, on_progress=written.append)
    assert written == sorted(written)
    assert written[-1] == len("".join(short))  # tokens, of which many come at once
    text = apply_edits(done.target.document.text, done.edits)
    assert text == _functions(0, 20, "return x + 1") + "\n" + OTHER
    assert done.reasons == ""
    done = await _in_parts(tmp_path, {**replies, "def f8(": "no"})
    text = apply_edits(done.target.document.text, done.edits)
    assert text.count("return x + 1") == 12
    assert done.reasons.startswith("1 of 3 parts were left unchanged, the first because: The model")


async def test_code_that_is_too_long_and_cannot_be_cut(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match=r"has 8\d\d tokens, .* at most 377 .* 1200;"):
        await _in_parts(tmp_path, {}, "in_parts = false\n")


async def test_a_model_that_sees_no_problem_is_asked_otherwise() -> None:
    problem = Diagnostic(Span(0, 5), "y is not needed")
    async with fake_actions({"": _reply(CODE)}) as model:
        with pytest.raises(UnchangedError):
            await rewrite(_selection(), _action("simplify"), model)
        assert model.host.last_request is not None
        assert model.host.last_request.request.sampling.temperature == 0
        with pytest.raises(
            UnchangedError, match=r"no changes to suggest; .* or use a larger model\.$"
        ):
            await rewrite(_selection(), _action("fix"), model, ActionInput(problems=(problem,)))
        assert model.host.last_request.request.sampling.temperature > 0


@pytest.mark.parametrize(
    ("reply", "rule", "is_taken"),
    [
        ("def f(x):\n    y = x\n    # mended\n    return (y)\n", "", False),
        ("def f(x):\n    y = x\n    # mended\n    return (y)\n", "F841", True),
        ("def f(x):\n    y = x\n    return y + 1\n", "", True),
    ],
)
async def test_a_fix_that_makes_no_difference_is_none(
    reply: str, rule: str, is_taken: bool
) -> None:
    """Unless a rule of a tool is broken: it may mind spaces, comments or parentheses."""
    given = ActionInput(problems=(Diagnostic(Span(0, 5), "f(1) should be 2", rule),))
    code = "def f(x):\n    y = x\n    return y\n"
    selection = Selection(Document("file:///a.py", "python", code), Span(0, len(code)))
    async with fake_actions({"": _reply(reply)}) as model:
        if is_taken:
            done = await rewrite(selection, _action("fix"), model, given)
            assert apply_edits(code, done.edits) == reply
            return
        with pytest.raises(
            UnchangedError, match=r"no changes to suggest; .* or use a larger model\.$"
        ):
            await rewrite(selection, _action("fix"), model, given)
        assert model.host.last_request is not None
        assert model.host.last_request.request.sampling.temperature > 0


async def test_names_that_the_file_has_are_not_imported_again() -> None:
    code = "def f(x):\n    y = join(x, sep)\n    return y\n"
    short = "def f(x):\n    return join(x, sep)"
    head = "from posixpath import join\nsep = '/'\n\n"
    document = Document("file:///a.py", "python", head + code)
    selection = Selection(document, Span(len(head), len(head + code)))
    for imports in ("from os.path import join\n\n", "import os\nfrom os import join, sep\n"):
        async with fake_actions({"": _reply(imports + short)}) as model:
            done = await rewrite(selection, _action("simplify"), model)
        assert apply_edits(document.text, done.edits) == head + short + "\n"
    needed = "from itertools import chain\n\n"
    called = short.replace("join(", "chain(")
    async with fake_actions({"": _reply(needed + called)}) as model:
        done = await rewrite(selection, _action("simplify"), model)
    first, rest = head.split("\n", 1)
    changed = f"{first}\nfrom itertools import chain\n{rest}{called}\n"
    assert apply_edits(document.text, done.edits) == changed
    beside = "from os import sep; first = 1\n" + short
    async with fake_actions({"": _reply(beside)}) as model:
        done = await rewrite(selection, _action("simplify"), model)
    assert apply_edits(document.text, done.edits) == head + beside + "\n"


@pytest.mark.parametrize(
    ("language", "given", "code"),
    [
        ("typescript", "interface Shop {\n  a: number;\n}\n",
         "function f(s: Shop) {\n  return s.a;\n}"),
        ("go", "type Shop struct {\n\tA int\n}\n", "func f(s Shop) int {\n\treturn s.A\n}"),
        ("rust", "struct Shop {\n    a: i32,\n}\n", "fn f(s: Shop) -> i32 {\n    s.a\n}"),
        ("java", "class Shop {\n    int a;\n}\n",
         "class F {\n    int f(Shop s) { return s.a; }\n}"),
        ("python", "class Shop:\n    a = 1\n\n", "def f(s):\n    return s.a"),
    ],
)  # fmt: skip
def test_types_written_twice_are_taken_once(language: str, given: str, code: str) -> None:
    """A model that was shown a type for reference may repeat it above its answer."""
    new = code.replace("s.a", "s.a + 1").replace("s.A", "s.A + 1")
    text = f"{given}\n{code}\n"
    target = Selection(Document("file:///a", language, text), Span(len(given) + 1, len(text) - 1))
    for reply in (f"{given}\n{new}", f"{new}\n\n{given}"):
        done = checked(target, _action("simplify"), _reply(reply), True)
        assert apply_edits(text, done.edits) == f"{given}\n{new}\n"


ABOVE = {
    "javascript": "/**\n * Adds.\n */",
    "typescript": "/** Adds. */",
    "kotlin": "/** Adds. */",
    "go": "// It adds.",
    "rust": "/// Adds.",
}
HEADS = {"kotlin": "fun f(x: Int)", "go": "func f(x int)", "rust": "fn f(x: u8)"}


@pytest.mark.parametrize(("language", "above"), ABOVE.items())
async def test_documentation_above_a_definition_is_brought_up_to_date(
    language: str, above: str
) -> None:
    """It was given another one below the first."""
    code = HEADS.get(language, "function f(x)") + " {\n  x\n}"
    text = f"{above}\n{code}\n"
    at = Selection(Document("file:///a", language, text), Span(len(text) - 4, len(text) - 4))
    better = above.replace("dds.", "dds one.")
    for reply, wanted in ((f"{better}\n{code}", f"{better}\n{code}\n"), (code, None)):
        async with fake_actions({f"{above}\n{code}": _reply(reply)}) as model:
            if wanted is None:
                with pytest.raises(UnchangedError):
                    await rewrite(at, _action("document"), model)
                continue
            done = await rewrite(at, _action("document"), model)
            assert apply_edits(text, done.edits) == wanted


async def test_another_comment_above_a_definition_is_no_documentation() -> None:
    text = "// eslint-disable-next-line\nfunction f(x) {\n  x\n}\n"
    at = Selection(Document("file:///a", "javascript", text), Span(len(text) - 4, len(text) - 4))
    code = "function f(x) {\n  x\n}"
    async with fake_actions({"": _reply(f"/** Adds. */\n{code}")}) as model:
        done = await rewrite(at, _action("document"), model)
    assert apply_edits(text, done.edits) == f"// eslint-disable-next-line\n/** Adds. */\n{code}\n"
