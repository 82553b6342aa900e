"""Definitions of other files that the code at a cursor names."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.context.index import Index
from herdmate.context.related import Nearby, excerpts, related

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


def _named(project: Path, text: str, nearby: Nearby | None = None) -> list[tuple[str, str]]:
    found = related(
        text, len(text), project / "app" / "main.py", _index(project), nearby or Nearby()
    )
    return [(item.path.stem, item.head.name) for item in found]


def test_what_the_code_names_is_found_and_the_imported_file_comes_first(project: Path) -> None:
    text = "from app.geometry import centre\n\nshape = make()\nx = centre(shape"
    assert _named(project, text)[:2] == [("geometry", "centre"), ("colours", "centre")]
    assert ("far", "unheard_of") in _named(project, "x = unheard_of(")
    assert _named(project, "nothing = known") == []


def test_open_and_edited_files_count(project: Path) -> None:
    colours = project / "app" / "colours.py"
    assert _named(project, "centre(", Nearby(opened=frozenset({colours})))[0][0] == "colours"
    assert _named(project, "centre(", Nearby(edited=frozenset({colours})))[0][0] == "colours"


def test_a_class_comes_with_its_members_in_the_order_of_the_file(project: Path) -> None:
    index = _index(project)
    found = related("Shape(", 6, project / "main.py", index, Nearby())
    assert excerpts(found, index, project, 100, lambda text: 1)[0].code == (
        "class Shape: ...\n    def area(self): ...\n    def scale(self, by): ...\n"
    )
    assert excerpts(found, index, project, 100, lambda text: 1)[0].path == "app/geometry.py"
    assert excerpts(found, index, project, 3, lambda text: 1) == ()


def test_a_file_is_read_again_only_when_it_has_changed(project: Path) -> None:
    index = _index(project)
    path = project / "app" / "geometry.py"
    assert not index.read(path)
    path.write_text("def other(): ...\n", "utf-8")
    assert index.read(path)
    assert index.named("Shape") == ()
    assert [item.head.name for item in index.named("other")] == ["other"]
    path.unlink()
    assert not index.read(path)
    assert index.named("other") == ()
    assert [item.path.stem for item in index.named("centre")] == ["colours"]
