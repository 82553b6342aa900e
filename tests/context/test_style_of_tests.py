"""With which framework a project's tests are written, and how they import what they test."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from herdmate.context import style_of_tests as style_of_tests_module
from herdmate.context.style_of_tests import StyleOfTests, style_of_tests
from tests import test_patterns

_NODE = "import { f } from '../lib/f.js';\nimport { test } from 'node:test';\n"
_JEST = "import { f } from '../lib/f';\n\ntest('f', () => expect(jest.fn()).toBe(1));\n"
_CHAI = "const { expect } = require('chai');\nconst f = require('../lib/f');\n"
_MOCHA = "const assert = require('assert');\ndescribe('f', () => { it('is', () => assert(1)); });\n"


def _style(
    root: Path, files: dict[str, str], source: str = "lib/cart.js", language: str = "javascript",
    text: str = "",
) -> StyleOfTests:  # fmt: skip
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    tests = [root / name for name in files if "test" in name.lower()]
    return style_of_tests(root / source, text, root / "tests/cart.test.js", language, tests, root)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tests/a.test.js": _NODE}, StyleOfTests("node_test", ".js")),
        ({"tests/a.test.js": _JEST}, StyleOfTests("jest")),
        ({"tests/a.test.js": _CHAI}, StyleOfTests("mocha_chai", requires=True)),
        ({"tests/a.test.js": _MOCHA}, StyleOfTests("mocha", requires=True)),
        ({"tests/cart_x.test.js": _JEST, "tests/a.test.js": _NODE, "tests/b.test.js": _NODE},
         StyleOfTests("node_test", ".js")),
        ({"other/cart.test.js": _JEST, "tests/a.test.js": _NODE}, StyleOfTests("node_test", ".js")),
        ({"tests/a.test.js": "import x from 'vitest'\n"}, StyleOfTests("vitest")),
        ({"tests/a.test.js": "it('x', () => expect(1).toBe(1));\n"}, StyleOfTests()),
        ({}, StyleOfTests()),
    ],
)  # fmt: skip
def test_the_nearest_tests_decide(
    tmp_path: Path, files: dict[str, str], expected: StyleOfTests
) -> None:
    assert _style(tmp_path, files) == expected


@pytest.mark.parametrize(
    ("package", "framework"),
    [
        ({"scripts": {"test": "node --test && tsc"}}, "node_test"),
        ({"scripts": {"test": "node --import tsx --test"}}, "node_test"),
        ({"scripts": {"test": "npm run lint", "test:unit": "vitest run"}}, "vitest"),
        ({"scripts": {"test": "c8 mocha"}, "devDependencies": {"chai": "4"}}, "mocha_chai"),
        ({"scripts": {"test": "./run"}, "devDependencies": {"ava": "6"}}, "ava"),
        ({"dependencies": {"jest": "29"}}, "jest"),
        ({"scripts": ["node --test"], "devDependencies": 3}, ""),
        ([1], ""),
    ],
)
def test_then_the_manifest_does(tmp_path: Path, package: object, framework: str) -> None:
    assert _style(tmp_path, {"package.json": json.dumps(package)}).framework == framework


def test_the_nearest_manifest_counts(tmp_path: Path) -> None:
    files = {
        "package.json": '{"devDependencies": {"jest": "1"}}',
        "packages/a/package.json": '{"type": "module", "scripts": {"test": "node --test"}}',
    }
    found = _style(tmp_path, files, "packages/a/lib/cart.js")
    assert found == StyleOfTests("node_test", ".js")


@pytest.mark.parametrize(
    ("source", "language", "imported", "suffix"),
    [
        ("lib/cart.ts", "typescript", "../lib/f.js", ".js"),
        ("lib/cart.ts", "typescript", "../lib/f.ts", ".ts"),
        ("lib/cart.tsx", "typescriptreact", "../lib/f.js", ".jsx"),
        ("lib/cart.ts", "typescript", "../lib/f", ""),
        ("lib/cart.js", "javascript", "../lib/f.mjs", ".js"),
        ("lib/cart.mjs", "javascript", "../lib/f", ".mjs"),
        ("lib/cart.cjs", "javascript", "../lib/f", ".cjs"),
        ("lib/cart.js", "javascript", "../lib/f.service", ""),
        ("lib/cart.js", "javascript", "../data.json", ""),
    ],
)
def test_the_suffix_is_the_one_that_others_write(
    tmp_path: Path, source: str, language: str, imported: str, suffix: str
) -> None:
    files = {"tests/a.test.js": f"import f from '{imported}';\n"}
    assert _style(tmp_path, files, source, language=language).suffix == suffix


def test_a_module_of_node_needs_its_suffix(tmp_path: Path) -> None:
    files = {"package.json": '{"type": "module"}'}
    assert _style(tmp_path, files).suffix == ".js"
    assert _style(tmp_path, files, "lib/cart.ts", language="typescript").suffix == ""


def test_code_that_exports_as_node_does_is_required(tmp_path: Path) -> None:
    text = "function f() {}\nmodule.exports = { f };\n"
    assert _style(tmp_path, {}, text=text).requires
    assert not _style(tmp_path, {}, text=f"import x from 'x';\n{text}").requires
    assert not _style(tmp_path, {"package.json": '{"type": "module"}'}, text=text).requires


@pytest.mark.parametrize(
    ("language", "name", "text", "framework"),
    [
        ("python", "test_a.py", "import unittest\n\nclass T(unittest.TestCase): ...\n", "unittest"),
        ("python", "test_a.py", "def test_a():\n    assert 1\n", "pytest"),
        ("java", "ATest.java", "import org.junit.Test;\n", "junit4"),
        ("java", "ATest.java", "import org.junit.jupiter.api.Test;\n", "junit5"),
        ("java", "ATest.java", "import org.testng.annotations.Test;\n", "testng"),
        ("java", "test.txt", "", ""),
        ("kotlin", "ATest.kt", "import kotlin.test.Test\n", "kotlin_test"),
        ("ruby", "a_test.rb", "class A < Minitest::Test\n", "minitest"),
        ("ruby", "a_spec_test.rb", "describe A do\n  it { expect(1).to eq 1 }\n", "rspec"),
        ("php", "ATest.php", "<?php\ntest('a', fn () => expect(1)->toBe(1));\n", "pest"),
        ("go", "a_test.go", '"github.com/stretchr/testify/assert"\n', "testify"),
        ("rust", "a_test.rs", "", ""),
    ],
)
def test_other_languages(
    tmp_path: Path, language: str, name: str, text: str, framework: str
) -> None:
    files = {f"tests/{name}": text}
    assert _style(tmp_path, files, "lib/cart.x", language=language).framework == framework


def test_a_build_file_tells_too(tmp_path: Path) -> None:
    files = {"pom.xml": "<dependency><artifactId>junit</artifactId></dependency>"}
    found = _style(tmp_path, files, "src/main/java/a/Cart.java", language="java")
    assert found.framework == "junit4"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_nothing_outside_is_read(tmp_path: Path) -> None:
    """Neither a link out of the project, nor a manifest above it, nor a pipe."""
    root, outside = tmp_path / "root", tmp_path / "outside.js"
    (root / "tests").mkdir(parents=True)
    outside.write_text(_NODE)
    (tmp_path / "package.json").write_text('{"type": "module", "scripts": {"test": "node --test"}}')
    (root / "tests" / "a.test.js").symlink_to(outside)
    os.mkfifo(root / "package.json")
    os.mkfifo(root / "tests" / "b.test.js")
    tests = [root / "tests" / "a.test.js", root / "tests" / "b.test.js"]
    source = root / "lib" / "cart.js"
    found = style_of_tests(source, "", root / "tests" / "c.test.js", "javascript", tests, root)
    assert found == StyleOfTests()


_MARKS = [mark for marks in style_of_tests_module._MARKS.values() for _, mark in marks]
_MARKS += [mark for _, marks in style_of_tests_module._MANIFESTS.values() for _, mark in marks]


@pytest.mark.parametrize("mark", _MARKS)
def test_a_strangers_file_is_looked_through_in_time_that_grows_with_it(mark: str) -> None:
    test_patterns.test_a_pattern_takes_no_longer_than_the_text_is("search", re.compile(mark))


def test_a_strangers_manifest_is_read_within_bounds(tmp_path: Path) -> None:
    source = tmp_path / "a.js"
    for text in ("[" * 400_000, "x" * 5_000_000, '{"scripts": {"test": 1, "test2": ["jest"]}}'):
        (tmp_path / "package.json").write_text(text)
        style = style_of_tests(source, "", tmp_path / "a.test.js", "javascript", [], tmp_path)
        assert style.suffix == ""
