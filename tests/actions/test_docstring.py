"""Only the documentation is taken of a reply that was to document a Python definition."""

from __future__ import annotations

import pytest

from herdmate.actions.docstring import with_docstring

METHOD = "    def add(self, item):\n        self.items.append(item)\n        return self"
DOCUMENTED = (
    'def add(self, item):\n    """Add an item.\n\n    Args:\n        item: One more.\n    """\n'
    "    self.items.append(item)\n    return self"
)

CASES = {
    "inside": (METHOD, DOCUMENTED, DOCUMENTED),
    "above": (
        METHOD,
        '    """\n    Add an item.\n\n    Args:\n        item: One more.\n    """\n'
        "    def add(self, item):\n        self.items.append(item)\n        return self",
        'def add(self, item):\n    """\n    Add an item.\n\n    Args:\n        item: One more.\n'
        '    """\n    self.items.append(item)\n    return self',
    ),
    "with other code": (
        METHOD,
        'def add(self, item):\n    """Add an item."""\n    if item is None:\n'
        "        raise ValueError\n    self.items.append(item)",
        'def add(self, item):\n    """Add an item."""\n    self.items.append(item)\n'
        "    return self",
    ),
    "a head of several lines": (
        "@cache\ndef f(\n    a,\n    b,\n):\n    @x\n    def g(): ...\n    return g",
        'def f(a, b):\n    "Do it."\n',
        '@cache\ndef f(\n    a,\n    b,\n):\n    "Do it."\n    @x\n    def g(): ...\n    return g',
    ),
    "a class": (
        "class A:\n    x = 1",
        '"""A thing."""\nclass A:\n    x = 1',
        'class A:\n    """A thing."""\n    x = 1',
    ),
    "documented already": (
        'def f():\n    """Old.\n\n    >>> f()\n    1\n    """\n\n    return 1',
        'def f():\n    """Give one.\n\n    >>> f()\n    1\n    """\n    return 1 + 0',
        'def f():\n    """Give one.\n\n    >>> f()\n    1\n    """\n\n    return 1',
    ),
}

AS_THEY_ARE = {
    "fewer words": (
        'def f():\n    "The old one."\n    return 1',
        'def f():\n    "New."\n    return 2',
    ),
    "without its examples": (
        'def f():\n    """Old.\n\n    >>> f()\n    1\n    """\n    return 1',
        'def f():\n    "New, and with a lot more words."\n    return 2',
    ),
    "with code behind the docstring": (
        'def f():\n    "Old."; g()\n    return 1',
        'def f():\n    "New and longer."\n    return 2',
    ),
    "with the docstring above": (
        '"Old."\ndef f():\n    return 1',
        'def f():\n    "New and longer."\n    return 2',
    ),
    "without a docstring": ('def f():\n    "Old."\n    return 1', "def f():\n    return 2"),
    "another name": ("def f():\n    return 1", 'def g():\n    "New."\n    return 1'),
    "two definitions": ("def f():\n    pass\ndef g():\n    pass", 'def f():\n    "New."\n'),
    "comments": ("def f():\n    return 1", "# New.\ndef f():\n    return 1"),
    "no Python": ("def f():\n    return 1", "def f(:"),
    "one line": ("def f(): return 1", 'def f():\n    "New."\n    return 1'),
    "nothing": ("def f():\n    return 1", ""),
    "half an emoji": ("def f():\n    return 1", "def f():\n    '\ud83d'\n    return 1"),
}


@pytest.mark.parametrize(("original", "code", "wanted"), CASES.values(), ids=CASES)
def test_the_documentation_is_taken(original: str, code: str, wanted: str) -> None:
    assert with_docstring(code, original) == wanted


@pytest.mark.parametrize(("original", "code"), AS_THEY_ARE.values(), ids=AS_THEY_ARE)
def test_what_stays(original: str, code: str) -> None:
    assert with_docstring(code, original) == code
