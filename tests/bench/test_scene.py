from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.bench.scene import excerpt, scene_of, variant
from herdmate.errors import SelectionError

CODE = "a = 1\nb = 2\n\nif a:\n    c = a + b\n    d = c\nprint(d)\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


def test_what_is_typed_was_taken_out_with_the_rest_of_its_line(file: Path) -> None:
    scene = scene_of(file, 6)
    text = scene.document.text
    start = CODE.index("    c = a")
    assert scene.offset == start
    assert "".join(scene.keys) == CODE[start : start + 6]
    assert text == CODE.replace("    c = a + b", "")
    assert scene.document.language == "python"


def test_a_file_that_is_too_short_is_named(file: Path) -> None:
    with pytest.raises(SelectionError, match=r"code\.py has only"):
        scene_of(file, 600)
    with pytest.raises(SelectionError, match="cannot be read"):
        scene_of(file.with_name("none.py"), 6)


def test_the_own_scene_needs_no_file() -> None:
    scene = scene_of(None, 400)
    assert len(scene.keys) == 400
    assert scene.document.text.count("\n") > 150
    assert "\n" in scene.keys or any(key.startswith("\n") for key in scene.keys)


def test_variants_differ_from_their_first_line_and_have_the_same_place() -> None:
    scene = scene_of(None, 10)
    one, other = variant(scene, 1, 500), variant(scene, 2, 500)
    assert one.document.uri != other.document.uri
    assert one.document.text[:3] != other.document.text[:3]
    for cut in (one, other):
        assert cut.document.text[cut.offset :] == scene.document.text[scene.offset :]
        assert 500 <= cut.offset < 700


def test_an_excerpt_ends_at_the_place() -> None:
    scene = scene_of(None, 10)
    text = excerpt(scene, 300).text
    assert scene.document.text[: scene.offset].endswith(text)
    assert 300 <= len(text) < 400
