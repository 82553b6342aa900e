"""Which definitions a test can import."""

from __future__ import annotations

import pytest

from herdmate.context import syntax
from herdmate.context.importable import Reach, reach_of
from herdmate.text import Span

_F = "function f() {}\n"
_ESM = "export function g() {\n  f();\n  [1].map(f);\n}\n"


def _reach(code: str, language: str = "javascript") -> Reach:
    """What is known of the definition whose name is marked with ``§`` in front of it."""
    at = code.index("§") if "§" in code else code.index("f(")
    code = code.replace("§", "")
    tree = syntax.parse(code, language)
    assert tree is not None
    start = code.rfind("\n", 0, at) + 1
    return reach_of(tree, Span(start, len(code) if "{" not in code[at:] else code.index("{", at)))


@pytest.mark.parametrize(
    "code",
    [
        f"{_F}{_ESM}",
        f"{_F}module.exports = {{ g }};\n",
        f"{_F}exports.g = () => f();\n",
        f"const §f = () => {{}};\n{_ESM}",
        f"async function f() {{}}\nf();\n{_ESM}",
        f"{_F}export const g = f(1);\n",
        f"{_F}export default class G {{\n  m() {{ return f; }}\n}}\n",
    ],
)
def test_what_is_not_exported(code: str) -> None:
    told = "f is not exported, so a test cannot import it; export it first."
    assert _reach(code).obstacle == told


@pytest.mark.parametrize(
    "code",
    [
        _F,
        f"{_F}export {{ f }};\n",
        f"{_F}export {{ f as g }};\n",
        f"{_F}export default f;\n",
        f"{_F}export default {{ f, g }};\n",
        f"{_F}export const g = memo(f);\n",
        f"{_F}const api = {{ f }};\nexport default api;\n",
        f"{_F}module.exports = {{ f }};\n",
        f"{_F}module.exports.f = f;\n",
        f"{_F}exports.f = f;\nexports.g = 1;\n",
        f"const §f = () => {{}}, api = {{ f }};\n{_ESM}",
        f"{_F}G.prototype.m = f;\n{_ESM}",
        f"{_F}if (x) {{ module.exports = f; }}\n",
        "const api = {\n  §f() {}\n};\nexport { g };\n",
        "(function () {\n  function f() {}\n  exports.f = f;\n})();\n",
        "function §g() {\n  const h = 1;\n}\nexport = g;\n",
    ],
)
def test_what_may_be_reached(code: str) -> None:
    assert not _reach(code).obstacle


def test_how_it_is_exported() -> None:
    assert _reach("export function f() {}\n") == Reach("f", exported="named")
    assert _reach("export const §f = () => {};\n") == Reach("f", exported="named")
    assert _reach("export default function f() {}\n") == Reach("f", exported="default")
    assert _reach("export class A {\n  f() {}\n}\n") == Reach("A", exported="named")


def test_a_member_is_reached_by_its_class() -> None:
    found = _reach("class A {\n  f() {}\n}\nexport const b = 1;\n")
    assert found.obstacle == "A is not exported, so a test cannot import it; export it first."
    assert "#f is private" in _reach("export class A {\n  §#f() {}\n}\n").obstacle


@pytest.mark.parametrize(
    ("language", "code", "told"),
    [
        ("javascript", "export function g() {\n  function f() {}\n  f();\n}\n", "inside g"),
        ("javascript", "export function g() {\n  function f() {}\n  return { f };\n}\n", ""),
        ("javascript", "export function g() {\n  const §f = () => {};\n  return f();\n}\n",
         "inside g"),
        ("typescript", "export function g() {\n  function f() {}\n  f();\n}\n", "inside g"),
        ("python", "def g():\n    def f():\n        pass\n    f()\n", "inside g"),
        ("python", "def g():\n    def f():\n        pass\n    return f\n", ""),
        ("python", "def g():\n    @app.get\n    def f():\n        pass\n", ""),
        ("python", "class A:\n    def f(self):\n        pass\n", ""),
        ("kotlin", "fun g() {\n    fun f() {}\n    f()\n}\n", "inside g"),
        ("kotlin", "private fun f() {}\n", "f is private"),
        ("kotlin", "class A {\n    fun f() {}\n}\n", ""),
        ("java", "class A {\n    private int f() { return 1; }\n}\n", "f is private"),
        ("java", "class A {\n    int f() { return 1; }\n}\n", ""),
        ("go", "package a\n\nfunc f() {}\n", ""),
        ("typescript", "namespace N {\n  function f() {}\n}\nexport const a = 1;\n", ""),
    ],
)  # fmt: skip
def test_other_languages(language: str, code: str, told: str) -> None:
    found = _reach(code, language).obstacle
    assert told in found if told else not found
