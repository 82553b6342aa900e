"""A rewrite that harms a file, or changes more than its action may, is refused with the reason."""

from __future__ import annotations

import time

import pytest

from herdmate.actions.rewrite_validation import validate_rewrite
from herdmate.errors import RefusedError
from herdmate.prompting.words import words
from herdmate.text import Document, Selection, Span

BODY = ("body", "documentation")
DOC = ("documentation",)
ALL = (*BODY, "signatures", "definitions")
F = "def f(x, *, y=1):\n    z = x + y\n    return z"
GO = "func f(a, b int) int {\n\treturn a\n}"
TWICE = "test('gives the sum of one', () => {});\ntest('gives the sum of none', () => {});"
SAYS = 'def f(x):\n    """Say it all."""\n    raise KeyError("no such price: " + str(x))'
SQL = "func f() string {\n\treturn `\n\tSELECT name\n\tFROM shops\n`\n}"
TS = "export function f(a: number, b?: string) {\n  const c = a;\n  return c;\n}"


def _subject(code: str, language: str = "python", before: str = "", after: str = "\n") -> Selection:
    document = Document("a", language, before + code + after)
    return Selection(document, Span(len(before), len(before) + len(code)))


@pytest.mark.parametrize(
    ("language", "old", "new", "changes"),
    [
        ("python", F, "def f(x, *, y=1):\n    return x + y", BODY),
        ("python", F, "def f(x, *, y=1,):\n    return x + y", BODY),
        ("python", F, "def f(x, *, y=1):\n    def g():\n        return y\n    return g()", BODY),
        ("python", F, "def h(a):\n    return a", ALL),
        ("python", F, F.replace("(x, *, y=1)", "(x: int, *, y: int = 1) -> int"), ("types",)),
        ("python", F, F.replace("z =", "z: int ="), ("types",)),
        ("python", F, F.replace(":\n", ':\n    """Add."""\n'), DOC),
        ("python", F, F.replace(":\n", ":\n    # add\n"), DOC),
        ("python", F, F.replace("z", "total"), ("names",)),
        ("python", F, "def f(x, *, y=1):\n    return g(x)\n\n\ndef g(x):\n    return x",
         ("body", "new_definitions")),
        ("python", F, "def f(x, *, y=1):\n    def g():\n        return x + y\n    return g()",
         ("body", "new_definitions")),
        ("typescript", TS, TS.replace("= a;", "= same(a);") + "\nconst same = (a: number) => a;",
         ("body", "new_definitions")),
        ("go", GO, "func g(a int) int {\n\treturn a\n}\n\n" + GO.replace("return a", "return g(a)"),
         ("body", "new_definitions")),
        ("typescript", TS, TS.replace("const c = a;\n  return c;", "return a;"), BODY),
        ("python", SAYS, SAYS.replace('"no such price: " + str(x)', 'f"no such price: {x}"'), BODY),
        ("python", "print('{left} {mark} {right}'.format(left=str(1), mark='<', right=str(2)))",
         "print(f'{1} < {2}')", BODY),
        ("lua", "error('no such price: ' .. x)", 'error("no such price: %s")', BODY),
        ("python", "print('one two three')\nlen('one two three')", "len('one two three')", BODY),
        ("python", SAYS, 'def f(x):\n    return x', ALL),
        ("typescript", TS, TS.replace(") {", "): number {"), ("types",)),
        ("typescript", TS, TS.replace(") {", "): Promise<HTMLElement | Date | JSX.Element> {"),
         ("types",)),
        ("typescript", TS, TS.replace(") {", "): React.ReactNode | IntersectionObserverEntry {"),
         ("types",)),
        ("python", F, F.replace("(x,", "(x: 'list[int] | None',"), ("types",)),
        ("typescript", TS, "/** Gives a. */\n" + TS, DOC),
        ("typescript", TS, TS.replace("c = a", "same = a").replace("return c", "return same"),
         ("names",)),
        ("go", GO, GO.replace("return a", "return b"), BODY),
        ("klingon", "a", "b", BODY),
    ],
)  # fmt: skip
def test_what_an_action_may_change(
    language: str, old: str, new: str, changes: tuple[str, ...]
) -> None:
    validate_rewrite(_subject(old, language), new, changes)


@pytest.mark.parametrize(
    ("language", "old", "new", "changes", "told", "words_"),
    [
        ("python", F, "def f(x, *, y=1:\n    return x", ALL, "syntax", "syntax"),
        ("python", F, "def f(x, *, y=1):\nreturn x", ALL, "syntax", "syntax"),
        ("typescript", TS, TS.replace("return c;", "return (c;"), ALL, "syntax", "syntax"),
        ("python", F, "def g(x, *, y=1):\n    return x", BODY, "lost", "remove f"),
        ("python", F + "\n\n\ndef g():\n    pass", F, (*BODY, "new_definitions"), "lost",
         "remove g"),
        ("python", F, F + "\n\n\ndef main():\n    pass", BODY, "added", "define main"),
        ("python", F, F + "\n\n\ndef add(x, y):\n    return add(x, y)", (*BODY, "new_definitions"),
         "unused", "define add without using"),
        ("typescript", TS, TS + "\nfunction same(a: number) {\n  return a;\n}",
         (*BODY, "new_definitions"), "unused", "define same without"),
        ("go", GO, GO + "\n\nfunc same(a int) int {\n\treturn a\n}", (*BODY, "new_definitions"),
         "unused", "define same without"),
        ("python", F, F.replace("*, ", ""), BODY, "signature", "signature of f"),
        ("python", F, F.replace("y=1", "y=2"), BODY, "signature", "signature of f"),
        ("python", F, F.replace("x, *", "x: int, *"), BODY, "signature", "signature of f"),
        ("python", F, "async " + F, BODY, "signature", "signature of f"),
        ("python", "@cached\n" + F, F, BODY, "signature", "signature of f"),
        ("python", F, F.replace("x", "number"), ("types",), "signature", "signature of f"),
        ("typescript", TS, TS.replace("b?: string", "b: string"), BODY, "signature", "of f"),
        ("go", GO, GO.replace("a, b", "a"), BODY, "signature", "signature of f"),
        ("python", F, F.replace("x + y", "np.add(x, y)"), BODY, "unknown", "np"),
        ("java", "@interface A {\n  String value();\n}", "@interface A {\n  String values();\n}",
         BODY, "lost", "value"),
        ("python", F, F.replace("(x,", "(x: List,"), ("types",), "unknown", "List"),
        ("python", SAYS, SAYS.replace('"no such price: " + str(x)', '""'), BODY, "lost_text",
         "drop the text"),
        ("lua", "error('no such price: ' .. x)", "error('one')", BODY, "lost_text",
         "no such price"),
        ("typescript", TWICE, TWICE.partition("\n")[2], BODY, "lost_text", "gives the sum"),
        ("go", SQL, SQL.replace("`\n\tSELECT name\n\tFROM shops\n`", '""'), BODY, "lost_text",
         "SELECT name FROM shops"),
        ("python", F, F.replace("(x,", "(x: 'Shop | None',"), ("types",), "unknown", "Shop"),
        ("typescript", TS, TS.replace("const c =", "const c: Wanted ="), ("types",), "unknown",
         "Wanted"),
        ("typescript", TS, TS.replace(") {", "): ns.Shop {"), ("types",), "unknown", "ns"),
        ("python", F, F.replace("z = x + y", "for a, b, z in x.items(): pass"), BODY, "fails",
         r"items\(\) gives 2 values at a time, not 3"),
        ("python", F, F.replace("z = x", "z += x"), (*BODY, "types", "names"), "fails",
         r"fail when it runs \(z has no value"),
        ("python", F, F.replace("return z", "return f()"), ALL, "fails", r"f\(\) needs x"),
        ("python", F, F.replace("x + y", "x - y"), ("types",), "beyond", "type annotations"),
        ("python", F, F.replace("x + y", "y + x"), DOC, "beyond", "documentation"),
        ("python", F, F.replace(":\n", ":\n    x = 0\n"), DOC, "beyond", "more than"),
        ("python", "def f():\n    while 1:\n        g()\n    h()",
         "def f():\n    while 1:\n        g()\n        h()", DOC, "beyond", "more"),
        ("python", F, F.replace("z", "x"), ("names",), "beyond", "names of local"),
        ("python", "def f(x):\n    return len(x)", "def f(x):\n    return sum(x)", ("names",),
         "beyond", "names"),
        ("python", "class A:\n    b = 1", "class A:\n    c = 1", ("names",), "beyond", "names"),
        ("typescript", TS, TS.replace("const c = a", "const c = b"), ("types",), "beyond", "type"),
    ],
)  # fmt: skip
def test_what_is_refused(
    language: str, old: str, new: str, changes: tuple[str, ...], told: str, words_: str
) -> None:
    with pytest.raises(RefusedError, match=words_) as caught:
        validate_rewrite(_subject(old, language), new, changes)
    assert caught.value.repair == told
    assert all(f"${name}" in words("repair")[told] for name in caught.value.values)
    assert all(caught.value.values.values())


def test_mistakes_that_were_there_before_or_are_elsewhere_are_nobodys_fault() -> None:
    wrong = "    for a, b, c in x.items():\n        y = a\n"
    target = _subject(F.replace("    z", wrong + "    z"), after="\n\n\nf(1, 2)\n")
    validate_rewrite(target, F.replace("    z", wrong + "    z"), BODY)
    validate_rewrite(target, F.replace("*, ", ""), ALL)


def test_a_name_that_is_used_behind_the_selection_stays() -> None:
    target = _subject("    z = x + 1", before="def f(x):\n", after="\n    return z\n")
    with pytest.raises(RefusedError):
        validate_rewrite(target, "    total = x + 1", ("names",))
    target = _subject("    z = x + 1\n    g(z)", before="def f(x, g):\n", after="\n    return 1\n")
    validate_rewrite(target, "    total = x + 1\n    g(total)", ("names",))


def test_examples_are_kept_by_what_changes_no_behaviour() -> None:
    old = F.replace(":\n", ':\n    """Add.\n\n    >>> f(1)\n    2\n    """\n', 1)
    new = F.replace(":\n", ':\n    """Add one to x, or y."""\n', 1)
    for changes, keeps in ((DOC, False), (BODY, True)):
        with pytest.raises(RefusedError, match=r"drop the text >>> f\(1\)"):
            validate_rewrite(_subject(old), new, changes, keeps_behaviour=keeps)
        validate_rewrite(_subject(old), old.replace("Add.", "Sum up."), changes, None, False, keeps)
    validate_rewrite(_subject(old), new, (*BODY, "signatures"))


def test_names_that_the_model_was_shown_may_be_used() -> None:
    target, new = _subject(GO, "go"), GO.replace("return a", "return helper(a)")
    with pytest.raises(RefusedError, match=r"not defined here \(helper\)"):
        validate_rewrite(target, new, BODY, shown="func shown(a int) int")
    validate_rewrite(target, new, BODY, shown="func helper(a int) int")
    validate_rewrite(target, new, BODY)  # what it was shown is not known


def test_errors_that_were_there_before_are_nobodys_fault() -> None:
    target = _subject(F, after="\n\n\ndef broken(:\n")
    validate_rewrite(target, "def f(x, *, y=1):\n    return x + y", BODY)


def test_a_method_is_known_without_its_class() -> None:
    target = _subject("    def m(self, a):\n        b = a\n        return b", before="class A:\n")
    validate_rewrite(target, "    def m(self, a):\n        return a", BODY)
    with pytest.raises(RefusedError, match="signature of m"):
        validate_rewrite(target, "    def m(self):\n        return 1", BODY)


@pytest.mark.parametrize(
    ("new", "noticed"),
    [
        (F.replace("x + y", "y"), False),
        (F.replace("(x,", "(x: int,"), False),
        (F.replace("*, ", ""), True),
        ("async " + F, True),
        (F.replace("def f", "def g"), True),
    ],
)
def test_what_callers_would_notice(new: str, noticed: bool) -> None:
    assert validate_rewrite(_subject(F), new, (*ALL, "types")) == noticed


def test_a_large_file_is_judged_soon() -> None:
    rest = "".join(f"\n\ndef g{at}(x):\n    y = x\n    return y\n" for at in range(4000))
    target = _subject(F, after="\n" + rest)
    started = time.process_time()
    validate_rewrite(target, "def f(x, *, y=1):\n    return x + y", BODY)
    assert time.process_time() - started < 15  # a third of that where nothing else is going on


def test_what_extracts_a_function_has_to_define_one() -> None:
    target, changes = _subject(GO, "go"), (*BODY, "new_definitions")
    new = GO.replace("return a", "return b")
    validate_rewrite(target, new, changes)
    with pytest.raises(RefusedError, match="nothing new"):
        validate_rewrite(target, new, changes, extracts=True)
