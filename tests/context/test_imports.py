"""Which files of a workspace import statements mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from herdmate.context.imports import imports_of
from herdmate.context.index import Index, kin_at

FILES = """
    app/utils.py app/web/utils.py app/web/page.py app/web/__init__.py other/utils.py
    src/shapes.ts src/lib/shapes.ts src/lib/index.ts src/main.js
    geometry/area.go geometry/volume.go draw/shape.h draw/shape.cpp
    com/shop/Order.java com/till/Order.java
"""


@pytest.fixture
def index() -> Index:
    found = Index()
    for name in FILES.split():
        found.put(Path("/work", name), ())
    return found


@pytest.mark.parametrize(
    ("file", "text", "meant"),
    [
        ("app/web/page.py", "from .utils import a", "app/web/utils.py"),
        ("app/web/page.py", "from app.utils import a", "app/utils.py"),
        ("app/main.py", "from app.web.utils import a", "app/web/__init__.py app/web/utils.py"),
        ("app/main.py", "from app.web import (\n  page,\n)",
         "app/web/__init__.py app/web/page.py"),
        ("app/main.py", "text = 'utils'", ""),
        ("src/main.ts", "import { a } from './shapes'", "src/shapes.ts"),
        ("src/main.js", "import {\n  a,\n} from './lib/shapes'",
         "src/lib/index.ts src/lib/shapes.ts"),
        ("src/main.js", "const a = require('./lib')", "src/lib/index.ts"),
        ("main.go", 'import "x/geometry"', "geometry/area.go geometry/volume.go"),
        ("draw/main.c", '#include "shape.h"', "draw/shape.cpp draw/shape.h"),
        ("com/Main.kt", "import com.till.Order", "com/till/Order.java"),
        ("app/main.rs", "use utils;", ""),
    ],
)  # fmt: skip
def test_statements_mean_the_files_that_fit_them_best(
    index: Index, file: str, text: str, meant: str
) -> None:
    path = Path("/work", file)
    found = imports_of(text, path, kin_at(path, ""), index)
    assert " ".join(sorted(str(item.relative_to("/work")) for item in found.files)) == meant


def test_words_that_are_imported_and_not_used_yet(index: Index) -> None:
    text = "from app.utils import (\n    used,\n    other,\n)\nused(1)\n"
    found = imports_of(text, Path("/work/app/main.py"), "python", index)
    assert found.new == {"from", "app", "utils", "import", "other"}


def test_hostile_imports_take_little_work(index: Index) -> None:
    for text in (
        "import (" * 9_000,
        "from a import {\n" * 9_000,
        "} " * 30_000,
        "import " + "a." * 50_000,
    ):
        assert len(imports_of(text, Path("/work/a.py"), "python", index).words) <= 20_000
