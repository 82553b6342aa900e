"""Names that nothing declares, and names that only look like that."""

from __future__ import annotations

import pytest

from herdmate.context import syntax
from herdmate.context.unknown_uses import unknown_uses
from herdmate.text import Span

GO = 'package a\n\nimport "fmt"\n\nfunc helper(n int) int { return n }\n\n'
JAVA = "import java.util.List;\n\nclass A extends B {\n"
JS = "import { x } from './x.js';\n\n"


def _unknown(language: str, known: str, code: str) -> list[str]:
    tree = syntax.parse(known + code, language)
    assert tree is not None
    return sorted(unknown_uses(tree, Span(len(known), len(known) + len(code)), known))


@pytest.mark.parametrize(
    ("language", "known", "code", "unknown"),
    [
        ("go", GO, "func f() { g(1) }", "g"),
        ("go", GO, "func f(s S) { s.unset(keys...) }", "keys"),
        ("go", GO, "func f() { log.Fatal(1) }", "log"),
        ("go", GO, "func f() int { return len(items) }", "items"),
        ("go", GO, "func f() any { return Point{1, 2} }", "Point"),
        ("java", JAVA, "int f() { return new Mapper().read(); } }", "Mapper"),
        ("java", JAVA, "void f(List<A> a) { a.sort(Comparator.naturalOrder()); } }", "Comparator"),
        (
            "java",
            JAVA,
            "void f() { Optional<A> a = g(); Iterator i = h(); } }",
            "Iterator Optional",
        ),
        ("java", JAVA, "void f(Object o) { g((Mapper) o); } }", "Mapper"),
        ("java", JAVA, "List<Item> f() { List<Item> a = g(); return a; } }", "Item"),
        ("javascript", JS, "function f(a) { return isEmpty(a); }", "isEmpty"),
        ("javascript", JS, "function f(a) { return _.map(a, g); }", "_ g"),
        ("javascriptreact", JS, "const f = (a) => <p>{format(a)}</p>;", "format"),
        ("typescript", JS, "function f(a: number) { return new Money<A>(a); }", "Money"),
        ("typescriptreact", JS, "const f = (a: A) => useState(a);", "useState"),
    ],
)
def test_what_nothing_declares(language: str, known: str, code: str, unknown: str) -> None:
    assert _unknown(language, known, code) == unknown.split()


@pytest.mark.parametrize(
    ("language", "known", "code"),
    [
        ("go", GO, "func f(xs []int) (n int) { for _, k := range xs { n += helper(k) }; return }"),
        ("go", GO, "func f() { var g func(int) = func(y int) { fmt.Println(y) }; g(1) }"),
        ("go", GO, "func f() { if v, ok := m(); ok { print(v) } else { panic(ok) } }\nfunc m() {}"),
        ("go", GO, "func f[T any](a T) T { switch b := any(a).(type) { case int: g(b) }; return a }"
         "\nfunc g(c int) { copy(make([]byte, c), nil); close(ch) }\nvar ch chan int"),
        ("go", GO, "func f() { type point struct{ x int }; use(point{1}) }\nfunc use(p any) {}"),
        ("go", 'package a\nimport . "fmt"\n', "func f() { Println(1) }"),
        ("java", JAVA, "void f() { inherited(); LOGGER.info(other.x); super.f(); } }"),
        ("java", JAVA, "String f(Object o) { return String.valueOf(Math.abs(o.hashCode())); } }"),
        ("java", JAVA, "void f() { java.util.Objects.equals(a, b); Runnable r = () -> {}; } }"),
        ("java", JAVA, "<T> T f(T t) { T u = (T) t; List<T> l = g(u); return u; } }"),
        ("java", "import java.util.*;\nclass A {\n", "void f() { new HashMap<String, A>(); } }"),
        ("java", "import static x.Y.*;\nclass A {\n", "void f() { Help.me(); } }"),
        ("javascript", JS, "function f({ a, b: [c] }, ...d) { return a(c, d, x, f); }"),
        ("javascript", JS, "for (const [k, v] of Object.entries(x)) { k(v); }"),
        ("javascript", JS, "try { x(); } catch (error) { console.log(error, parseInt('1')); }"),
        ("javascript", JS, "const g = y => h(y); function h(z) { return z(g, window, fetch); }"),
        ("javascript", JS, "class C { m() { return new C(this.n, super.m(), undefined); } }"),
        ("javascript", "var x = 1;\n", "function f() { fromAnotherScript(x); }"),
        ("typescript", JS, "const f = (e: Event): e is MouseEvent => e instanceof MouseEvent;"),
        ("typescript", JS, "new HTMLElement(document.body as any)"),
        ("python", "import os\n", "def f(): return g(h)"),
        ("rust", "use a;\n", "fn f() { g(h) }"),
    ],
)  # fmt: skip
def test_what_may_well_be_declared(language: str, known: str, code: str) -> None:
    assert _unknown(language, known, code) == []


def test_many_names_take_no_time_that_grows_faster_than_they() -> None:
    code = f"func f() {{ g({', '.join(f'n{number}' for number in range(20_000))}) }}"
    assert len(_unknown("go", GO, code)) == 20_001
