"""Definitions behind imports that another language server has named: what is taken, and shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from herdmate.context.declarations import (
    MOST_BYTES,
    Declared,
    Known,
    declared_at,
    read_declaring,
    within_bounds,
)
from herdmate.context.excerpts import Material, excerpts, texts
from herdmate.context.fragments import Fragment
from herdmate.context.index import Defined, Index
from herdmate.context.outline import Head
from herdmate.context.project import Project
from herdmate.text import Cursor, Document
from tests.context.test_project import COUNTS

LONG_PYTHON = "def long(a, b):\n" + "    a += b\n" * 60
LONG_TYPE = "export interface Long {\n" + "  member: string;\n" * 60 + "}\n"
CLASS = f"@dataclass\nclass Shop:\n    def total(self):\n{'        x = 1' * 40}\n"


def _declared(path: Path, row: int, name: str, kin: str = "python") -> Declared | None:
    file = read_declaring(path, kin, ())
    assert file is not None
    return declared_at(file, row, name)


@pytest.mark.parametrize(
    ("file", "code", "row", "name", "shown"),
    [
        ("a.py", "X = 1\ndef f(a):\n    return a\n\n\ndef g(): ...\n", 1, "f",
         "def f(a):\n    return a\n"),
        ("a.pyi", "def f(\n    a: int,\n) -> str: ...\n", 0, "f",
         "def f(\n    a: int,\n) -> str: ...\n"),
        ("a.py", LONG_PYTHON, 0, "long", "def long(a, b): ...\n"),
        ("a.py", CLASS, 1, "Shop", "class Shop: ...\n    def total(self): ...\n"),
        ("a.py", "if True:\n    def f(a):\n        return a\n    x = 1\n", 1, "f",
         "def f(a):\n    return a\n"),
        ("a.py", "LIMIT = (\n    1,\n)\nOTHER = 2\n", 0, "LIMIT", "LIMIT = (\n    1,\n)\n"),
        ("a.py", "\r\ndef f(a):\r\n    return a\r\n", 1, "f", "def f(a):\n    return a\n"),
        ("a.d.ts", "\nexport declare function f(\n  a: string,\n): Money;\nexport {};\n", 1, "f",
         "export declare function f(\n  a: string,\n): Money;\n"),
        ("a.d.ts", "export type Money = { cents: number };\n", 0, "Money",
         "export type Money = { cents: number };\n"),
        ("a.d.ts", LONG_TYPE, 0, "Long", "export interface Long {\n" + "  member: string;\n" * 20),
        ("a.d.ts", "export declare const f: (a: number) => string;\n", 0, "f",
         "export declare const f: (a: number) => string;\n"),
        ("a.ts", "\nexport default function make(a: number) { return a; }\n", 1, "other",
         "export default function make(a: number) { return a; }\n"),
        ("a.d.ts", "declare function f(a: string): void;\n" * 9, 0, "module", None),
        ("a.py", "def first(): ...\n", 0, "whole_module", None),
        ("a.py", "x = 1\ny = 2\n", 1, "f", None), ("a.py", "def f(): ...\n", 9**9, "f", None),
        ("a.py", "def f(): ...\n", -1, "f", None), ("a.py", "", 0, "f", None),
        ("a.py", "x" * 9_000 + "f\n", 0, "f", None),
    ],
)  # fmt: skip
def test_short_definitions_are_taken_whole_and_of_long_ones_the_heads(
    file: str, code: str, row: int, name: str, shown: str | None, tmp_path: Path
) -> None:
    path = tmp_path / file
    path.write_bytes(code.encode())
    kin = "python" if path.suffix in (".py", ".pyi") else "javascript"
    found = _declared(path, row, name, kin)
    assert (found and found.code) == shown


def _secret_link(at: Path) -> Path:
    (at / ".ssh").mkdir()
    (at / ".ssh" / "f.py").write_text("def f(): ...\n")
    (at / "f.py").symlink_to(at / ".ssh" / "f.py")
    return at / "f.py"


def _link_to_ignored(at: Path) -> Path:
    (at / "work" / "ignored.py").write_text("def f(): ...\n")
    (at / "f.py").symlink_to(at / "work" / "ignored.py")
    return at / "f.py"


def _pipe(at: Path) -> Path:
    os.mkfifo(at / "f.py")
    return at / "f.py"


def _file(name: str, data: bytes = b"def f(): ...\n") -> Callable[[Path], Path]:
    def made(at: Path) -> Path:
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return made


@pytest.mark.parametrize(
    ("made", "is_taken"),
    [
        (_file("library/f.py"), True), (_file("site-packages/lib/f.pyi"), True),
        (_file("work/f.py"), True), (_file("work/node_modules/a/f.py"), True),
        (_file("work/ignored.py"), False), (_file("work/out/lib/f.py"), False),
        (_file("secrets.py"), False), (_file(".aws/f.py"), False),
        (_file("repository/ignored.py"), True),
        (_file("f.ts", b"function f() {}\n"), False), (_file("f.txt"), False),
        (_file("f.py", b"def f(): ...\n\xff"), False),
        (_file("f.py", b"def f(): ...\n" + b"#" * 1_000_000), False),
        (lambda at: at / "missing.py", False), (lambda at: at, False),
        (lambda at: Path("/dev/zero"), False), (lambda at: Path("relative/f.py"), False),
        (lambda at: Path("/" + "a/" * 200 + "f.py"), False),
        (_secret_link, False), (_link_to_ignored, False), (_pipe, False),
    ],
)  # fmt: skip
def test_only_suitable_files_that_the_model_may_see_are_read(
    made: Callable[[Path], Path], is_taken: bool, tmp_path: Path
) -> None:
    for name in ("work", "repository/.git"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name.removesuffix("/.git") / ".gitignore").write_text("ignored.py\nout/\n")
    linked = tmp_path / "linked"
    linked.symlink_to(tmp_path / "work")
    path = made(tmp_path)
    for folder in (tmp_path / "work", linked):
        found = read_declaring(path, "python", (folder,))
        assert (found is not None) == is_taken


def test_what_is_kept_is_bounded() -> None:
    items = [Declared(Path(f"/lib/{at}.py"), 0, "x" * 399 + "\n", (1, 1)) for at in range(50)]
    kept = within_bounds([*items, *items])
    assert kept == tuple(items[: MOST_BYTES // 400])


def _library(name: str, code: str = "def far(): ...\n") -> Declared:
    return Declared(Path("/usr/lib/python3/site-packages/lib") / name, 0, code, (1, 1))


def test_the_workspaces_own_definitions_come_first_and_the_rest_as_far_as_there_is_room() -> None:
    own = Defined(Path("/work/a.py"), Head("near", "def near(): ...\n"))
    index = Index()
    index.put(own.path, (own.head,))
    part = Fragment(own.path, "near()\n", 40, 47)
    material = Material((own,), {}, (part,), (_library("b.py"), _library("a.py")))
    costs = dict.fromkeys(texts(material, index, (Path("/work"),)), 10)

    def shown(tokens: int) -> list[tuple[str, str]]:
        found = excerpts(material, index, (Path("/work"),), tokens, costs.__getitem__)
        return [(item.path, item.code) for item in found]

    near = "def near(): ...\n"
    assert shown(40) == [("a.py", near + "near()\n")]
    assert shown(60) == [("lib/b.py", "def far(): ...\n"), ("a.py", near + "near()\n")]
    assert [name for name, _ in shown(200)] == ["lib/a.py", "lib/b.py", "a.py"]


async def test_what_was_found_enters_the_prompt_in_a_pause_and_stays(tmp_path: Path) -> None:
    library = tmp_path / "library"
    (work := tmp_path / "work").mkdir()
    library.mkdir()
    (work / "near.py").write_text("def near(): ...\n")
    (library / "far.py").write_text("def far(a, b):\n    return a\n")
    project = Project(folders=(work,))
    project.index.read(work / "near.py")
    uri = (work / "main.py").as_uri()
    text = "from far import far\nnear(far("
    here = Cursor(Document(uri, "python", text), len(text))

    async def seen(cursor: Cursor = here, in_pause: bool = False) -> str:
        found = await project.excerpts_for(cursor, 500, COUNTS, in_pause)
        return "".join(item.code for item in found)

    assert await seen() == "def near(): ...\n"
    item = _declared(library / "far.py", 0, "far")
    assert item is not None
    project.declarations.known[uri] = Known("", (item,))
    assert await seen() == "def near(): ...\n"
    both = await seen(in_pause=True)
    assert both == item.code + "def near(): ...\n"
    longer = replace(here.document, text=text + "x")
    assert await seen(Cursor(longer, len(text) + 1)) == both
    assert await seen(Cursor(longer, len(text) + 1), in_pause=True) == both
    project.index.forget(work / "near.py")
    assert await seen() == item.code
    assert await project.excerpts_for(here, 0, COUNTS, True) == ()
    (library / "far.py").write_text("def far(a, b, c):\n    return c\n")
    assert await seen(in_pause=True) == ""
    project.forget(uri)
    assert not project.declarations.known


async def test_files_of_libraries_are_no_source_of_fragments(tmp_path: Path) -> None:
    (tmp_path / "near.py").write_text("def near(): ...\n")
    (tmp_path / "lib").mkdir()
    code = "def far(a):\n    return a\n\n\n" + "near(far(other_words))\n" * 30
    (tmp_path / "lib" / "far.py").write_text(code)
    project = Project(folders=(tmp_path,))
    project.index.read(tmp_path / "near.py")
    item = _declared(tmp_path / "lib" / "far.py", 0, "far")
    assert item is not None
    uri = (tmp_path / "main.py").as_uri()
    project.declarations.known[uri] = Known("", (item,))
    text = "near(far(other_words"
    cursor = Cursor(Document(uri, "python", text), len(text))
    found = await project.excerpts_for(cursor, 5_000, COUNTS, True)
    assert "".join(part.code for part in found) == item.code + "def near(): ...\n"
