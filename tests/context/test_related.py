"""Definitions of other files that the code at a cursor names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from herdmate.context.excerpts import Material, excerpts
from herdmate.context.index import Defined, Index, kin_at
from herdmate.context.outline import Head
from herdmate.context.related import Nearby, related
from herdmate.text import Cursor, Document
from tests.fake_model import cursor

GEOMETRY = """\
class Shape:
    def area(self): return 1

    def scale(self, by): return self


def centre(shape):
    return 0
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "geometry.py").write_text(GEOMETRY, "utf-8")
    (tmp_path / "app" / "colours.py").write_text("def centre(colour):\n    return 0\n", "utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "far.py").write_text("def unheard_of():\n    return 0\n", "utf-8")
    return tmp_path


def _index(project: Path) -> Index:
    index = Index()
    for path in sorted(project.rglob("*.py")):
        assert index.read(path)
    return index


def _at_end(text: str, path: Path, language: str = "python") -> Cursor:
    return Cursor(Document(path.as_uri(), language, text), len(text))


def _named(project: Path, text: str, nearby: Nearby | None = None) -> list[tuple[str, str]]:
    path = project / "app" / "main.py"
    found = related(_at_end(text, path), path, _index(project), nearby or Nearby())
    return [(item.path.stem, item.head.name) for item in found]


def test_what_the_code_names_is_found_and_the_imported_file_comes_first(project: Path) -> None:
    text = "from app.geometry import centre\n\nshape = make()\nx = centre(shape"
    assert _named(project, text)[:2] == [("geometry", "centre"), ("colours", "centre")]
    assert ("far", "unheard_of") in _named(project, "x = unheard_of(")
    assert _named(project, "nothing = known") == []


@pytest.mark.parametrize("line", ["source ../app/steps.sh", ". ./app/steps.sh"])
def test_functions_of_shell_scripts_are_found(project: Path, line: str) -> None:
    for name in ("app/steps.sh", "other/more.sh"):
        (project / name).write_text("build_all() {\n  make\n}\n", "utf-8")
    index = Index()
    for path in project.rglob("*.sh"):
        assert index.read(path)
    text = f"{line}\n\nbuild_all "
    path = project / "bin" / "run.sh"
    found = related(_at_end(text, path, "shellscript"), path, index, Nearby())
    assert [(item.path.stem, item.head.text) for item in found] == [
        ("steps", "build_all() { :; }\n")
    ]


def test_open_and_edited_files_count(project: Path) -> None:
    colours = project / "app" / "colours.py"
    assert _named(project, "centre(", Nearby(opened=frozenset({colours})))[0][0] == "colours"
    assert _named(project, "centre(", Nearby(edited=frozenset({colours})))[0][0] == "colours"


def test_a_class_comes_with_its_members_in_the_order_of_the_file(project: Path) -> None:
    index = _index(project)
    path = project / "main.py"
    found = related(_at_end("Shape(", path), path, index, Nearby())
    assert excerpts(Material(found), index, (project,), 100, lambda text: 1)[0].code == (
        "class Shape: ...\n    def area(self): ...\n    def scale(self, by): ...\n"
    )
    assert (
        excerpts(Material(found), index, (project,), 100, lambda text: 1)[0].path
        == "app/geometry.py"
    )
    several = (project.parent, project, project / "other")
    assert excerpts(Material(found), index, several, 100, lambda text: 1)[0].path == (
        f"{project.name}/app/geometry.py"
    )
    assert excerpts(Material(found), index, (project,), 3, lambda text: 1) == ()


def test_a_file_is_read_again_only_when_it_has_changed(project: Path) -> None:
    index = _index(project)
    path = project / "app" / "geometry.py"
    assert not index.read(path)
    path.write_text("def other(): ...\n", "utf-8")
    assert index.read(path)
    assert not index.named("Shape", "python")
    assert list(index.named("other", "python")) == [path]
    path.unlink()
    assert not index.read(path)
    assert not index.named("other", "python")
    assert not index.modules("geometry", "python")
    assert [file.stem for file in index.named("centre", "python")] == ["colours"]


def test_a_name_of_thousands_of_files_is_found_where_it_is_meant_and_at_once() -> None:
    index = Index()
    names = ("__init__", "get", "run")
    paths = [Path(f"/project/part{at}/module{at}.py") for at in range(3000)]
    for path in paths:
        index.put(path, tuple(Head(name, f"def {name}(): ...\n") for name in names))
    index.put(paths[0], (Head("get", "def get(self): ...\n"), Head("get", "def get(by): ...\n")))
    text = "from module0 import get, run\nimport module7\n" + "get(run(" * 50
    started = time.process_time()
    for path in paths[:100]:
        index.put(path, index.of_file(path))
    for _ in range(20):
        path = Path("/project/part7/main.py")
        found = related(_at_end(text, path), path, index, Nearby())
    assert time.process_time() - started < 0.5  # it took more than a second
    assert {(item.path.stem, item.head.text) for item in found} == {
        ("module0", "def get(self): ...\n"),
        ("module0", "def get(by): ...\n"),
        ("module7", "def get(): ...\n"),
        ("module7", "def run(): ...\n"),
    }


ONE_NAME = {
    "load.rs": "pub fn load(path: &str) -> Result<Config, io::Error> {\n    todo()\n}\n",
    "load.c": "struct load { int size; };\n\nint load(char *path) {\n  return 0;\n}\n",
    "load.ts": "export function load(path: string): Config {\n  return x\n}\n",
    "load.jsx": "export function load(url) {\n  return x\n}\n",
    "load.py": "def load(path):\n    return 0\n",
    "load.cpp": "int load(int size) {\n  return 0;\n}\n",
    "load.h": "struct load {\n  int size;\n};\n",
    "Load.java": "class A { void load() {} }\n",
    "Load.kt": "fun load(): Int {\n  return 1\n}\n",
    "load.go": "package a\n\nfunc load() int {\n\treturn 1\n}\n",
}


@pytest.mark.parametrize(
    ("file", "language", "seen"),
    [
        ("main.py", "python", "load.py"),
        ("main.rs", "rust", "load.rs"),
        ("main.go", "go", "load.go"),
        ("main.ipynb", "python", "load.py"),
        ("main.js", "javascript", "load.jsx load.ts"),
        ("main.tsx", "typescriptreact", "load.jsx load.ts"),
        ("main.vue", "vue", "load.jsx load.ts"),
        ("main.svelte", "svelte", "load.jsx load.ts"),
        ("main.c", "c", "load.c load.cpp load.h"),
        ("main.hpp", "cpp", "load.c load.cpp load.h"),
        ("main.m", "objective-c", "load.c load.cpp load.h"),
        ("main.kt", "kotlin", "Load.java Load.kt"),
        ("main.rb", "ruby", ""),
        ("main.py", "an editor's own name", "load.py"),
    ],
)
def test_only_definitions_of_the_same_kin_are_found(
    tmp_path: Path, file: str, language: str, seen: str
) -> None:
    index = Index()
    for name, code in ONE_NAME.items():
        (tmp_path / name).write_text(code, "utf-8")
        assert index.read(tmp_path / name)
    path = tmp_path / file
    found = related(_at_end("load(", path, language), path, index, Nearby())
    assert " ".join(sorted({item.path.name for item in found})) == seen


def test_what_is_not_imported_comes_last_and_only_if_it_is_close(tmp_path: Path) -> None:
    index = Index()
    for name, code in {
        "one": "def render(page): ...\n",
        "two": "def publish(page): ...\n",
        "three": "class Shelf:\n    def clear(self): ...\n",
    }.items():
        (tmp_path / f"{name}.py").write_text(code, "utf-8")
        index.read(tmp_path / f"{name}.py")
    far = "\n" * 1500

    def found(code: str) -> list[str]:
        here = cursor(code, "", (tmp_path / "main.py").as_uri())
        return [item.head.name for item in related(here, tmp_path / "main.py", index, Nearby())]

    assert found("from two import publish\nrender(publish(") == ["publish", "render"]
    assert found(f"from two import publish\nrender(){far}publish(") == ["publish"]
    assert found(f"shelf.clear(){far}") == []
    assert "clear" in found(f"shelf: Shelf = make()\nshelf.clear(){far}")


def test_a_file_without_a_grammar_is_akin_to_those_of_its_language_alone() -> None:
    kin = kin_at(Path("/p/CMakeLists.txt"), "cmake")
    assert kin == kin_at(Path("/p/rules.cmake"), "")
    assert kin != kin_at(Path("/p/notes.txt"), "plaintext")
    assert kin_at(Path("/p/a.mm"), "objective-cpp") == kin_at(Path("/p/a.h"), "c")
    assert kin_at(Path("/p/a.tex"), "latex") != kin_at(Path("/p/a.rst"), "")
    assert kin_at(Path("/p/a.nonsense"), "nonsense") == kin_at(Path("/p/b.nonsense"), "")


@pytest.mark.parametrize(
    ("file", "language", "line", "is_found"),
    [
        ("main.py", "python", "area = 1\nprint(area", False),
        ("main.py", "python", "print(shape.area", True),
        ("main.py", "python", "area(", False),
        ("main.ts", "typescript", "const area = 1; f(area", False),
        ("main.ts", "typescript", "f(shape?.area", True),
        ("main.rb", "ruby", "puts area", True),
        ("Main.java", "java", "int a = area(", True),
    ],
)
def test_a_variable_does_not_mean_a_member_of_its_name(
    tmp_path: Path, file: str, language: str, line: str, is_found: bool
) -> None:
    """Where members are reached without anything, as in Ruby and Java, any name can be one."""
    index = Index()
    for name, code in {
        "a.py": "class Shape:\n    def area(self): ...\n",
        "a.ts": "export class Shape {\n  area() {\n    return 1\n  }\n}\n",
        "a.rb": "class Shape\n  def area\n    1\n  end\nend\n",
        "A.java": "class Shape {\n  int area() {\n    return 1;\n  }\n}\n",
    }.items():
        (tmp_path / name).write_text(code, "utf-8")
        assert index.read(tmp_path / name)
    path = tmp_path / file
    said = {
        "python": "from a import Shape\n", "typescript": "import { Shape } from './a'\n",
    }.get(language, "") + line  # fmt: skip
    found = related(_at_end(said, path, language), path, index, Nearby())
    assert ("area" in [item.head.name for item in found]) is is_found


def test_at_first_only_the_best_class_comes_with_all_its_members() -> None:
    one, two = Path("/work/one.py"), Path("/work/two.py")
    index = Index()
    for path, name in ((one, "One"), (two, "Two")):
        index.put(path, (
            Head(name, f"class {name}: ...\n"),
            Head("__init__", "    def __init__(self): ...\n", name, 20),
            Head("run", "    def run(self): ...\n", name, 50),
        ))  # fmt: skip
    found = (Defined(two, index.of_file(two)[0]), Defined(one, index.of_file(one)[0]))
    whole = "class {}: ...\n    def __init__(self): ...\n    def run(self): ...\n"

    def shown(tokens: int) -> list[str]:
        chosen = excerpts(Material(found), index, (Path("/work"),), tokens, lambda text: 1)
        return [item.code for item in chosen]

    assert shown(100) == [whole.format("One"), whole.format("Two")]
    assert shown(7) == ["class One: ...\n    def __init__(self): ...\n", whole.format("Two")]
