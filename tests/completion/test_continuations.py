"""Heads that lack their block, and calls that look like them."""

from __future__ import annotations

import pytest

from herdmate.completion.continuations import is_bare_head
from herdmate.completion.open_head import has_body


@pytest.mark.parametrize(
    ("language", "code", "is_bare"),
    [
        ("c", "if (a)", True),
        ("c", "if (a) {}", False),
        ("java", "  } else if (a && b)", True),
        ("php", "foreach ($a as $b)", True),
        # words that begin a head in some languages only
        ("kotlin", "when (x)", True),
        ("java", "when(repository.find(1))", False),
        ("csharp", "lock (x)", True),
        ("cpp", "lock(mutex_)", False),
        ("csharp", "using (var x = open())", True),
        ("javascript", "using(db)", False),
        # the end of a loop, or a loop
        ("c", "do\n{\n    a();\n}\nwhile (y)", False),
        ("csharp", "    do\n    {\n        a();\n    }\n    while (y)", False),
        ("c", "if (a)\n{\n}\nwhile (y)", True),
        ("c", "    do\n    {\n        a();\n        while (y)", True),
    ],
)
def test_what_lacks_its_block(language: str, code: str, is_bare: bool) -> None:
    assert is_bare_head(code, language) is is_bare


@pytest.mark.parametrize(
    ("language", "line", "has"),
    [
        ("python", "def f(", True),
        ("python", "    y = foo(", False),
        ("java", "public int sum(", True),
        ("java", "int x = foo(", False),
        ("java", "return foo(", False),
        ("javascript", "app.get(", False),
        ("javascript", "const f = async function(", True),
        ("go", "func (s *S) F(", True),
        ("c", "if (", True),
        ("rust", "pub fn f(", True),
    ],
)
def test_what_has_a_body(language: str, line: str, has: bool) -> None:
    assert has_body(line, language) is has
