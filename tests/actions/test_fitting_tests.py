"""Tests from the model whose imports do not fit."""

from __future__ import annotations

import pytest

from herdmate.actions.action_input import ActionInput
from herdmate.actions.fitting_tests import fitted
from herdmate.actions.reference import opening_of_tests
from herdmate.context.importable import Reach
from herdmate.context.style_of_tests import StyleOfTests
from herdmate.errors import RefusedError

_OPENING = opening_of_tests(StyleOfTests("node_test"), Reach(), "")
_ASSERT = "import assert from 'node:assert/strict';\n"
_REQUIRED = opening_of_tests(StyleOfTests("node_test", requires=True), Reach(), "")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"{_OPENING}it('a', f);\n", f"import {{ it }} from 'node:test';\n{_ASSERT}it('a', f);\n"),
        (f"{_OPENING}import {{ test }} from 'node:test';\ntest('a', f);\n",
         f"{_ASSERT}import {{ test }} from 'node:test';\ntest('a', f);\n"),
        (f"{_OPENING}describe('a', () => {{\n  beforeEach(f);\n  it.skip('b', f);\n}});\n",
         f"import {{ describe, it, beforeEach }} from 'node:test';\n{_ASSERT}"
         "describe('a', () => {\n  beforeEach(f);\n  it.skip('b', f);\n});\n"),
        ("import { test as t } from 'node:test';\ntest();\n",
         "import { test as t } from 'node:test';\ntest();\n"),
        ("import { mock } from 'node:test';\nmock();\n",
         "import { mock } from 'node:test';\nmock();\n"),
        ("import x from \"../x\";\n'node:test';\n", "import x from \"../x.js\";\n'node:test';\n"),
    ],
)  # fmt: skip
def test_imports_are_mended(code: str, expected: str) -> None:
    told = ActionInput(module="../x.js", opening=_OPENING)
    assert fitted(code, StyleOfTests("node_test", ".js"), told) == expected


def test_what_is_required_is_mended_too() -> None:
    told = ActionInput(module="../x", opening=_REQUIRED)
    found = fitted(f"{_REQUIRED}test('a', f);\n", StyleOfTests("node_test", requires=True), told)
    assert found.startswith("const { test } = require('node:test');\nconst assert = require(")


@pytest.mark.parametrize(
    "code", ["test('a', f);\n", f"{_OPENING}expect(1);\n", f"{_OPENING}jest.fn();\n"]
)
def test_what_cannot_run_is_refused(code: str) -> None:
    with pytest.raises(RefusedError, match="not written for node:test"):
        fitted(code, StyleOfTests("node_test"), ActionInput())
    assert fitted(code, StyleOfTests("jest"), ActionInput())
    loaded = "import { test } from 'node:test';\nimport { expect } from 'chai';\nexpect(1);\n"
    assert fitted(loaded, StyleOfTests("node_test"), ActionInput()) == loaded


def test_what_is_tested_is_imported_at_once() -> None:
    style, reach = StyleOfTests("jest", ".js"), Reach("f", exported="named")
    opening = opening_of_tests(style, reach, "../x.js")
    assert opening == "import { f } from '../x.js';\n"
    told = ActionInput(module="../x.js", opening=opening)
    more = "import { f, g } from '../x';\nit('a', f);\n"
    assert fitted(opening + more, style, told) == more.replace("../x", "../x.js")
    other = "import { g } from \"../x.js\";\nit('a', f);\n"
    assert fitted(opening + other, style, told) == opening + other
    default = opening_of_tests(style, Reach("f", exported="default"), "../x.js")
    assert default == "import f from '../x.js';\n"
