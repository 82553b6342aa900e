"""Where tests of some code would go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herdmate.context.tests_of import file_of_tests, module_of


@pytest.mark.parametrize(
    ("language", "source", "files", "expected"),
    [
        ("python", "shop/cart.py", "", "tests/test_cart.py"),
        ("python", "shop/cart.py", "tests/test_a.py", "tests/test_cart.py"),
        ("python", "src/app/shop/cart.py", "tests/shop/test_a.py", "tests/shop/test_cart.py"),
        ("python", "src/app/other/cart.py", "tests/shop/test_a.py", "tests/test_cart.py"),
        ("python", "shop/cart.py", "shop/a_test.py shop/b_test.py", "shop/cart_test.py"),
        ("python", "cart.py", "test/test_a.py", "test/test_cart.py"),
        ("python", "shop/cart.py", "tests/test_cart.py", "tests/test_cart_total.py"),
        ("python", "cart.py", "tests/test_cart.py tests/test_cart_total.py",
         "tests/test_cart_total_2.py"),
        ("go", "shop/cart.go", "", "shop/cart_test.go"),
        ("typescript", "src/cart.ts", "", "src/cart.test.ts"),
        ("typescript", "src/cart.ts", "src/a.spec.ts", "src/cart.spec.ts"),
        ("typescript", "src/cart.ts", "src/__tests__/a.test.ts", "src/__tests__/cart.test.ts"),
        ("javascript", "lib/cart.js", "test/a.test.js", "test/cart.test.js"),
        ("java", "src/main/java/a/Cart.java", "", "src/test/java/a/CartTest.java"),
        ("ruby", "lib/cart.rb", "", "spec/cart_spec.rb"),
        ("klingon", "cart", "", None),
    ],
)  # fmt: skip
def test_where_tests_go(
    tmp_path: Path, language: str, source: str, files: str, expected: str | None
) -> None:
    known = [tmp_path / name for name in files.split()]
    for path in known:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = file_of_tests(tmp_path / source, tmp_path, language, known, "total")
    assert found == (tmp_path / expected if expected else None)


def test_how_tests_import(tmp_path: Path) -> None:
    package = tmp_path / "src" / "app" / "shop"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    test = tmp_path / "tests" / "test_cart.py"
    assert module_of(package / "cart.py", test, "python") == "app.shop.cart"
    assert module_of(package / "__init__.py", test, "python") == "app.shop"
    assert module_of(tmp_path / "cart.py", test, "python") == "cart"
    assert module_of(package / "cart.ts", package / "cart.test.ts", "typescript") == "./cart"
    assert module_of(package / "cart.ts", test, "typescript") == "../src/app/shop/cart"
    assert module_of(package / "cart.go", test, "go") == ""


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "a/b",
        "..",
        ".",
        "/etc/x",
        "a\\b",
        "C:\\x",
        "x" * 300,
        "ü" * 300,
        "\0",
        "a\nb",
        "a\x1b[2Jb",
        "<>",
        "it does: this?",
        "CON",
        "nul.txt",
        "a. . .",
        "",
        "==",
        "[]=",
        "\u202ea",
        "\ud800",
    ],
)
def test_a_name_out_of_code_is_a_name_of_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_shop.py").touch()
    found = file_of_tests(tmp_path / "shop.py", tmp_path, "python", [], name)
    assert found is not None
    assert found.parent == tmp_path / "tests"
    assert re.fullmatch(r"test_shop_[^\x00-\x1f/\\\\:<>|?*\"\u202e]{1,80}\.py", found.name)
    found.touch(exist_ok=False)


def test_a_link_to_nowhere_is_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_shop.py").symlink_to(tmp_path / "none")
    found = file_of_tests(tmp_path / "shop.py", tmp_path, "python", [], "total")
    assert found == tmp_path / "tests" / "test_shop_total.py"
    long = file_of_tests(tmp_path / f"{'x' * 250}.py", tmp_path, "python", [], "total")
    assert long is not None
    assert len(long.name) < 100
