import ast

import pytest

from herdmate.context import newer_python
from herdmate.context.newer_python import in_older_words
from herdmate.context.python_code import row_of_error

SOUND = (
    'f"{x["a"]}"',
    "type X = int",
    "def f[T](x: T) -> T:\n    return x",
    "class A[T]:\n    pass",
    "try:\n    pass\nexcept* ValueError:\n    pass",
    'x = 1 + f"{a["b"]}" + "c"\ny = 2',
    "f'{', '.join(a)}'",
    'f"{f"{f"{1}"}"}"',
    'f"{x!r:>{w}} {d["k"]} {{no}}"',
    'f"""{\n  d["""k"""]  # comment\n}"""\nx = 1',
    "type A[T, *Ts, **P] = dict[T, P]",
    "async def g[T: (int, str) = int](a: T) -> T:\n    pass",
    "class B[T: int](Base):\n    x: T",
    "try:\n    pass\nexcept A, B:\n    pass",
    'x = t"hi {x["a"]}"',
    "a[*b]\na[*b, c] = 1",
    "def f(*args: *Ts) -> None:\n    pass",
    "f\"{'\\n'.join(a)}\"",
    "class A[\n    T,\n]:\n    pass",
    "def f[\n    T\n](\n    x: T,\n) -> None:\n    pass",
    'f"{x = } {d["a"]=!r}"',
    'rf"{d["a"]}\\d{{2}}"',
    'print(f"{a["b"] if a != 1 else (lambda: 2)()}")',
    "f'{a['b']:%Y-%m-%d}'",
)

WRONG = (
    "def f():\n",
    "type X =",
    'f"{x["a"]"',
    "1 = x",
    'x = f"{a["b"]}"\ndef g():\nreturn 1',
    'f"{}"',
    "class A[T\n    pass",
    'f"{"',
    "def f[T(x): pass",
    "class C[1]:\n    pass",
    'f"{x["a"]} {}"',
    'f"{x["a"]!z}"',
    "try:\n    pass\nexcept* :\n    pass",
    "type X[T = int",
    'f"{1 +}"',
    'print f"{x["a"]}"',
    'x = f"{a["b"]}"\n  y = 1',
    "def f[T](x: T) -> T:\n",
    'f"{a["b"}"',
    "type 1 = int",
    'f"{a["b"]:{"',
)


@pytest.mark.parametrize("code", SOUND)
def test_newer_syntax_is_no_error_on_an_older_python(code: str) -> None:
    assert row_of_error(code) is None


@pytest.mark.parametrize("code", SOUND)
def test_every_python_knows_the_older_words(code: str) -> None:
    older = in_older_words(code)
    assert older is not None
    assert older.count("\n") == code.count("\n")
    ast.parse(older)


@pytest.mark.parametrize("code", WRONG)
def test_what_is_wrong_in_every_python_stays_an_error(code: str) -> None:
    assert row_of_error(code) is not None


def test_the_row_of_an_error_below_newer_syntax_is_right() -> None:
    assert row_of_error('type A[\n    T\n] = int\nx = f"{a["b"]}"\ny = = 1\n') == 4


def test_code_of_today_stays_as_it_is() -> None:
    code = "x = f'{a}' + \"b\"  # type X = '\ntype = 1\n"
    assert in_older_words(code) == code


def test_code_that_is_too_deep_to_tell_is_no_error() -> None:
    assert row_of_error("x = " + " + ".join(["1"] * 20_000) + "\n") is None


def test_a_byte_order_mark_is_no_error() -> None:
    assert row_of_error("\ufeffx = 1\n") is None


@pytest.mark.parametrize(
    "piece", ['f"{', "f'{f\"{", "def f[", "type X[", "{{f'", "f'{a:{", "except A, "]
)
def test_hostile_code_is_answered(piece: str) -> None:
    assert row_of_error(piece * 90) is not None
    assert row_of_error(piece * 2_000) in (0, None)  # too deep for some Pythons to tell


@pytest.mark.parametrize("quote", ['"', '"""'])
def test_the_end_of_a_string_that_has_none_is_searched_once(
    quote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []

    class Counting:
        def match(self, code: str, at: int) -> None:
            searched.append(at)

    monkeypatch.setitem(newer_python._REST, quote, Counting())
    in_older_words(f"x = \\{quote}" * 500)
    assert len(searched) == 1
