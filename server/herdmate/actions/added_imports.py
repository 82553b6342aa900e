"""Imports that a reply adds: they go to the top of the file, once each, and only if needed."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from herdmate.context.file_header import Header, Statement, all_imports, header_of
from herdmate.context.imported_names import SCRIPTS, Import, imports_in
from herdmate.context.python_code import names_at_top
from herdmate.text import Edit, Span, line_ending, line_start, with_line_feeds

_ONLY_BY_NAME = SCRIPTS | {"python", "go", "java", "kotlin", "php", "lua", "zig"}
"""Languages in which an import that code never names does nothing, or is an error."""

_MOST = 50
"""Imports that one reply may add."""

_WORD = re.compile(r"[\w$]+")


def new_imports(statements: Sequence[str], code: str, file: str, language: str) -> tuple[str, ...]:
    """Those of a reply's import statements that ``code`` needs and ``file`` does not have yet.

    A statement with some names that the file has is replaced by one for each other name.
    """
    known, used = _known(file, language), frozenset(_WORD.findall(code))
    found: dict[str, None] = {}
    for statement in statements:
        items = imports_in(statement, language)
        wanted = [item for item in items if _is_wanted(item, known, used, language)]
        if len(wanted) == len(items):
            found.setdefault(with_line_feeds(statement).strip())
        else:
            found.update(dict.fromkeys(item.alone for item in wanted))
        known = known | {item.key for item in wanted}
    return tuple(found)[:_MOST]


def import_edit(text: str, before: int, statements: Sequence[str], language: str) -> Edit | None:
    """The edit that adds import statements above offset ``before`` of a file; ``None`` for none."""
    if not statements:
        return None
    end = line_ending(text)
    header = header_of(text[: line_start(text, before)], language)
    imported, lines = header.imports, [line for item in statements for line in item.split("\n")]
    if language == "go" and imported and (edit := _in_block(text, imported[-1], lines)):
        return edit
    if language == "python" and imported and any("__future__" in line for line in lines):
        at = imported[0].span.start
        return Edit(Span(at, at), "".join(line + end for line in lines))
    if imported:
        at = imported[-1].span.end
        start = line_start(text, at)
        indent = text[start : len(text[:at]) - len(text[start:at].lstrip(" \t"))]
        return Edit(Span(at, at), "".join(end + indent + line for line in lines))
    return _first(text, header, lines, language, end)


def _known(file: str, language: str) -> Set[str]:
    """What a file imports already, and in Python what it defines at its top level."""
    said = all_imports(file, language)
    known = {item.key for one in said for item in imports_in(one, language)}
    return known | names_at_top(file) if language == "python" else known


def _is_wanted(item: Import, known: Set[str], used: Set[str], language: str) -> bool:
    is_idle = language in _ONLY_BY_NAME and item.name not in used and item.name != ""
    return not is_idle and known.isdisjoint((item.key, item.whole))


def _in_block(text: str, last: Statement, lines: list[str]) -> Edit | None:
    """Go: in the brackets of the last ``import ( … )``, if there are any."""
    block = text[last.span.start : last.span.end]
    if not block.endswith(")"):
        return None
    end, at = line_ending(text), line_start(text, last.span.end)
    specs = [line.removeprefix("import").strip() for line in lines]
    specs = [spec for spec in specs if spec not in ("(", ")", "")]
    return Edit(Span(at, at), "".join(f"\t{spec}{end}" for spec in specs))


def _first(text: str, header: Header, lines: list[str], language: str, end: str) -> Edit:
    """Imports in a file that has none: behind what must come first."""
    if header.statements:
        at, indent = header.statements[-1].span.end, ""
        if language == "elixir":
            start = line_start(text, header.statements[0].span.end)
            head = text[start : header.statements[0].span.end]
            indent = head[: len(head) - len(head.lstrip())] + "  "
        return Edit(Span(at, at), end + "".join(end + indent + line for line in lines))
    at, body = header.top, end.join(lines)
    if at and text[at : at + 1] in ("\r", "\n"):
        return Edit(Span(at, at), f"{end}{end}{body}")
    space = end * (3 if language == "python" else 2)
    return Edit(Span(at, at), body + (space if text[at:].strip() else end))
