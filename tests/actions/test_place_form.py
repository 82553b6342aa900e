"""The comma, semicolon and head that a reply forgets, in the languages that need them."""

from __future__ import annotations

import pytest

from herdmate.actions.place_form import in_form

CASES = {
    "a method of an object": (
        "javascript",
        "  total() {\n    return a + b;\n  },",
        "total() {\n  return sum(a, b);\n}",
        "total() {\n  return sum(a, b);\n},",
    ),
    "a function as the value of a member": (
        "typescript",
        "  total: () => {\n    return a;\n  },",
        "  total: () => a",
        "  total: () => a,",
    ),
    "an arm of a match in Rust": ("rust", "    A => {\n        1\n    },", "A => 1", "A => 1,"),
    "a named argument": ("python", "    limit=2,", "    limit=3", "    limit=3,"),
    "a table's function in Lua": (
        "lua",
        "  f = function()\n    return 1\n  end,",
        "  f = function() return 1 end",
        "  f = function() return 1 end,",
    ),
    "the last member of an object": (
        "javascript",
        "  total() {\n    return a + b;\n  }",
        "total() {\n  return sum(a, b);\n},",
        "total() {\n  return sum(a, b);\n}",
    ),
    "no tuple": ("python", "x = f(1)", "x = f(2),", "x = f(2)"),
    "a struct": (
        "cpp",
        "struct P {\n  int x;\n};",
        "struct P {\n  int x = 0;\n}",
        "struct P {\n  int x = 0;\n};",
    ),
    "a field that is a function": (
        "typescript",
        "  run = () => {\n    go();\n  };",
        "  run = () => {\n    return go();\n  }",
        "  run = () => {\n    return go();\n  };",
    ),
    "a declaration instead of a value": (
        "javascript",
        "const f = () => {\n  go();\n};",
        "function f() {\n  go();\n}",
        "function f() {\n  go();\n}",
    ),
    "a function for a method": (
        "javascript",
        "  total(items) {\n    return 1;\n  },",
        "function total(items) {\n  return 2;\n}",
        "total(items) {\n  return 2;\n},",
    ),
    "the modifiers of a method": (
        "typescript",
        "  /** All. */\n  @memo\n  private static async all<T>(of: T[]) {\n    return 1;\n  }",
        "export async function all<T>(of: T[]) {\n  return 2;\n}",
        "private static async all<T>(of: T[]) {\n  return 2;\n}",
    ),
    "a method that becomes async": (
        "typescript",
        "  load(path: string) {\n    return 1;\n  }",
        "async function load(path: string) {\n  return 2;\n}",
        "async load(path: string) {\n  return 2;\n}",
    ),
    "a generator": (
        "javascript",
        "  *all() {\n    yield 1;\n  }",
        "function* all() {\n  yield 2;\n}",
        "*all() {\n  yield 2;\n}",
    ),
}

AS_THEY_ARE = {
    "a function": ("javascript", "  function f() {\n  }", "function f() {\n  go();\n}"),
    "a call with a block": ("javascript", "  if (f) {\n  }", "function f() {\n}"),
    "another function beside a method": (
        "javascript",
        "  total() {\n    return 1;\n  }",
        "function other() {\n}",
    ),
    "a function at the top": ("javascript", "total(items) {\n}", "function total(items) {\n}"),
    "an operator": ("python", "    a,", "    a +"),
    "a statement that ends a block": ("c", "int x = f(1);", "if (y) {\n}"),
    "the same end": ("go", "\tF: func() {\n\t},", "\tF: func() {\n\t\tgo()\n\t},"),
    "nothing": ("python", "", ""),
}


@pytest.mark.parametrize(("language", "original", "code", "wanted"), CASES.values(), ids=CASES)
def test_what_the_place_needs(language: str, original: str, code: str, wanted: str) -> None:
    assert in_form(code, original, language) == wanted
    assert in_form(wanted, original, language) == wanted


@pytest.mark.parametrize(("language", "original", "code"), AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_what_stays(language: str, original: str, code: str) -> None:
    assert in_form(code, original, language) == code
