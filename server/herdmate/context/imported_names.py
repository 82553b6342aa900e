"""What an import statement brings in, one name at a time.

Two statements can share some of their names, and in many languages importing a name twice is an
error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SCRIPTS = frozenset(
    ["javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"]
)
"""Languages with the imports of JavaScript."""
_PATHS = {
    "rust": ("use", "::", ";"), "php": ("use", "\\", ";"), "scala": ("import", ".", ""),
    "java": ("import", ".", ";"), "kotlin": ("import", ".", ""),
}  # fmt: skip
"""By language: the word before a path, what is between its parts, and what ends the statement."""

_CLAUSE = re.compile(
    r"import\s+(?P<type>type\s+)?(?:(?P<default>[\w$]+)\s*(?:,\s*)?)?(?:\*\s*as\s+(?P<all>[\w$]+)\s*)?"
    r"(?:\{(?P<some>[^}]*)\}\s*)?(?:from\s*)?(?P<source>[\"'][^\"'\n]*[\"'])"
)
_BOUND = re.compile(r"\s*(?:pub\s+)?(?:local|const|let|var)\s+(?P<names>\w+|\{[^}]*\})\s*=")
_SPEC = re.compile(
    r"(?:(?<![\w.])(?P<alias>[\w.]{1,100})[ \t]{1,9})?(?P<path>\"[^\"\n]+\"|`[^`\n]+`)"
)
_VERSION = re.compile(r"(?:v\d+|\w+\.v\d+)\Z")
_MOST_NAMES = 500
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a statement brings in, and the statement that brings in only this name.

    ``name`` is what code calls it; ``""`` if code need not mention it for the import to matter.
    ``key`` is the same for statements that cannot stand in one file. ``whole`` is the key of the
    one that brings in everything from the same place, if that is known.
    """

    name: str
    key: str
    alone: str
    whole: str = ""


def imports_in(statement: str, language: str) -> tuple[Import, ...]:
    """Each name that one import statement brings in."""
    if language == "python":
        found = _python(statement)
    elif language in SCRIPTS:
        found = _script(statement)
    elif language == "go":
        found = _go(statement)
    elif language in _PATHS:
        found = _paths(statement, language)
    else:
        found = _whole(statement)
    names = tuple(item for item, _ in zip(found, range(_MOST_NAMES), strict=False))
    return names or tuple(_whole(statement))


def _python(statement: str) -> Iterator[Import]:
    try:
        parsed = ast.parse(statement).body[:1]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in parsed:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for item in node.names:
                said = item.name + (f" as {item.asname}" if item.asname else "")
                name = item.asname or item.name.partition(".")[0]
                source = ""
                if isinstance(node, ast.ImportFrom):
                    source = f"from {'.' * node.level}{node.module or ''} "
                is_named = item.name != "*" and source != "from __future__ "
                key = name if is_named and "." not in item.name else f"{source}{said}"
                yield Import(name if is_named else "", key, f"{source}import {said}")


def _script(statement: str) -> Iterator[Import]:
    found = _CLAUSE.match(statement.strip())
    if found is None:
        return
    source, end = found["source"], ";" if statement.rstrip().endswith(";") else ""
    word = "import type" if found["type"] else "import"
    for name, said in ((found["default"], "{}"), (found["all"], "* as {}")):
        if name:
            yield Import(name, name, f"{word} {said.format(name)} from {source}{end}")
    for item in (found["some"] or "").split(","):
        if words := item.split():
            said = " ".join(words)
            yield Import(words[-1], words[-1], f"{word} {{ {said} }} from {source}{end}")


def _go(statement: str) -> Iterator[Import]:
    for found in _SPEC.finditer(statement.partition("import")[2]):
        path, alias = found["path"][1:-1], found["alias"] or ""
        parts = [part for part in path.split("/") if not re.fullmatch(r"v\d+", part)] or [path]
        name = alias if alias not in ("_", ".") else ""
        if not alias:
            name = re.sub(r"\.v\d+\Z|\Ago-|-go\Z|\.go\Z", "", parts[-1]).rpartition("-")[2]
        yield Import(name, path, f"import {alias} {found['path']}".replace("  ", " "))


def _paths(statement: str, language: str) -> Iterator[Import]:
    word, between, end = _PATHS[language]
    found = re.match(
        rf"\s*(?:pub(?:\([^)]*\))?\s+)?{word}\s+(?:(?:static|function|const)\s+)?", statement
    )
    if found is None:
        return
    head = " ".join(found[0].split())
    tree = statement[found.end() :].strip().rstrip("; \t\r\n")
    for path, name in _expanded(tree, between, 0):
        is_all = name in ("*", "_", "self")
        key = path.removesuffix(name) + "*" if is_all else name
        whole = path.rpartition(between)[0] + between + "*"
        yield Import("" if is_all else name, key, f"{head} {path}{end}", whole)


def _expanded(tree: str, between: str, level: int) -> Iterator[tuple[str, str]]:
    """Each path in a tree such as ``a::{b, c::{d as e}}``, and the name that it brings in."""
    stem, brace, rest = tree.partition("{")
    if not brace or level > _DEEPEST:
        path = " ".join(tree.split())
        if path:
            last = re.split(r" as | => ", path)[-1] if re.search(r" as | => ", path) else path
            yield path, last.rpartition(between)[2]
        return
    for part in _parted(rest.rpartition("}")[0]):
        for path, name in _expanded(part.strip(), between, level + 1):
            whole = stem.strip() + path
            if path == "self":
                whole = stem.strip().removesuffix(between)
                name = whole.rpartition(between)[2]
            yield whole, name


def _parted(text: str) -> list[str]:
    """The parts between commas that are in no braces."""
    ends, depth = [-1], 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == "," and not depth:
            ends.append(at)
    return [text[end + 1 : after] for end, after in pairwise([*ends, len(text)])]


def _whole(statement: str) -> Iterator[Import]:
    """A statement of which nothing is known but, sometimes, the variable that it sets."""
    said, bound = statement.strip(), _BOUND.match(statement)
    if bound is not None and not bound["names"].startswith("{"):
        yield Import(bound["names"], bound["names"], said)
    else:
        yield Import("", re.sub(r"[\s;]", "", said).replace("'", '"'), said)
