"""The statements that a file begins with: its package, its directives and its imports.

Judged by what they look like, as a model's reply is rarely a whole file that a grammar could parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from herdmate.context.languages import ECMASCRIPT, line_comment
from herdmate.text import BYTE_ORDER_MARK, LINE_BREAK, Span

_MOST_LINES = 20_000
_MOST_OF_A_STATEMENT = 200  # lines

_SCRIPT = r"import\b(?!\s*[(.])|export\b.*\bfrom\s*[\"']|(?:const|let|var)\s.*=\s*require\s*\("
_INCLUDE = r"#\s*(?:include|import)\b|@import\b|using\s+namespace\b"
_JVM = r"(?:@\w+\s+)?import\s+[\w.]"

_IMPORTS = {
    **dict.fromkeys([*ECMASCRIPT, "vue", "svelte"], _SCRIPT),
    **dict.fromkeys(["c", "cpp", "objective-c"], _INCLUDE),
    **dict.fromkeys(["java", "kotlin", "scala", "elm", "haskell", "swift"], _JVM),
    "csharp": r"(?:global\s+)?using\s+(?:static\s+|\w+\s*=\s*)?[\w:][\w.:<>, ]*;",
    "css": r"@import\b",
    "dart": r"(?:import|export|part)\s+['\"]",
    "elixir": r"(?:alias|import|require|use)\s+[A-Z:]",
    "erlang": r"-(?:include|include_lib|import)\(",
    "go": r"import\s*(?:\(|(?:[\w.]+\s+)?[\"`])",
    "julia": r"(?:using|import)\s+\w",
    "lua": r"local\s+\w+\s*=\s*require\b",
    "makefile": r"-?include\s",
    "ocaml": r"open\s+[A-Z]",
    "perl": r"(?:use|require)\s+[\w:]",
    "php": r"use\s+[\w\\]",
    "powershell": r"using\s+(?:module|namespace)\s|Import-Module\s",
    "python": r"(?:from\s+[\w.]+\s+import\b|import\s+\w)(?!.*;\s*\S)",
    "r": r"(?:library|require)\(",
    "ruby": r"require(?:_relative)?\b",
    "rust": r"(?:pub(?:\([^)]*\))?\s+)?use\s|extern\s+crate\s",
    "scss": r"@(?:import|use|forward)\b",
    "zig": r"(?:pub\s+)?const\s+\w+\s*=\s*@import\(",
}
_ONCE = {
    **dict.fromkeys(ECMASCRIPT, r"([\"'])use \w+\1;?\s*$"),
    **dict.fromkeys(
        ["c", "cpp", "objective-c"], r"#\s*(?:pragma\s+once|ifndef\s+\w+|define\s+\w+)\s*$"
    ),
    **dict.fromkeys(["java", "kotlin", "scala", "perl"], r"package\s+[\w.:]+\s*;?\s*$"),
    "csharp": r"namespace\s+[\w.]+\s*;",
    "css": r"@charset\b",
    "dart": r"(?:library|part\s+of)\b",
    "elm": r"(?:port\s+)?module\s",
    "erlang": r"-(?:module|export|behaviou?r)\(",
    "go": r"package\s+\w+",
    "haskell": r"module\s",
    "php": r"<\?php\b|declare\(|namespace\s+[\w\\]+\s*;",
    "rust": r"#!\[|mod\s+\w+;",
}
"""What a file has at most once, at its top, and what a part of it never repeats."""

_OPENS = {
    **dict.fromkeys(["vue", "svelte"], r"<script\b[^>]*>\s*$"),
    "elixir": r"defmodule\s.*\bdo\s*$|@moduledoc\b",
    "julia": r"(?:bare)?module\s+\w+\s*$",
}
"""The line that opens the part of a file in which its imports are."""

_INDENTED = frozenset(_OPENS)
"""Languages whose imports may be indented."""

_BY_INDENTATION = frozenset(["haskell", "elm"])
"""Languages in which a statement goes on over all indented lines."""

_BLOCKS = (
    ("/*", "*/"),
    ("{-", "-}"),
    ("(*", "*)"),
    ("<!--", "-->"),
    ('"""', '"""'),
    ("'''", "'''"),
)
_PREFIXED = re.compile(r"[rRuU](?=\"\"\"|''')")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: whole lines, without the final line ending. ``is_import``, or else unique."""

    span: Span
    is_import: bool


@dataclass(frozen=True, slots=True)
class Header:
    """The statements at the top of some code.

    ``top``: where an import can be put if there is no statement, behind a comment about the file.
    """

    statements: tuple[Statement, ...]
    top: int = 0

    @property
    def imports(self) -> tuple[Statement, ...]:
        """The statements that bring in names."""
        return tuple(item for item in self.statements if item.is_import)


def has_imports(language: str) -> bool:
    """Is it known what imports look like in a language?"""
    return language in _IMPORTS


def header_of(text: str, language: str, of_file: bool = True) -> Header:
    """The statements before any other code. ``of_file``: the text is the start of a file."""
    found: list[Statement] = []
    top, start = 0, _start(text, language) if of_file else 0
    if not has_imports(language):
        return Header(())
    lines = list(_lines(text, start))
    depths = _depths(lines)
    unclosed: set[str] = set()
    row = 0
    while row < len(lines):
        first, last = row, _end_of_comment(lines, row, language, unclosed)
        row = last + 1
        if last > first or not lines[first][0].strip() or _is_comment(lines[first][0], language):
            if not found and _ends_part(lines, row) and lines[first][0].strip():
                top = lines[last][1].end
            continue
        is_import = _kind(lines[first][0], language, of_file)
        if is_import is None:
            break
        last = _end_of_statement(lines, depths, first, language)
        found.append(Statement(Span(lines[first][1].start, lines[last][1].end), is_import))
        row = last + 1
    return Header(tuple(found), max(top, start) if of_file else top)


def all_imports(text: str, language: str) -> tuple[str, ...]:
    """The imports of a file, wherever they stand, if they are not indented."""
    if not has_imports(language):
        return ()
    lines = list(_lines(text, 0))
    depths = _depths(lines)
    rows = [row for row, (line, _) in enumerate(lines) if _kind(line, language, False)]
    ends = {row: lines[_end_of_statement(lines, depths, row, language)][1].end for row in rows}
    return tuple(text[lines[row][1].start : end] for row, end in ends.items())


def split(code: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The imports at the top of some code, what else stands there only once, and the rest."""
    statements = header_of(code, language, of_file=False).statements
    if not statements:
        return (), (), code
    said = [(item.is_import, code[item.span.start : item.span.end]) for item in statements]
    rest = LINE_BREAK.sub("", code[statements[-1].span.end :], count=1)
    imports, others = (tuple(text for kind, text in said if kind is k) for k in (True, False))
    return imports, others, rest.lstrip("\r\n")


def joined(parts: list[str], language: str) -> str:
    """Pieces of code, each of which may begin with imports, as one that begins with all of them."""
    split_parts = [split(part, language) for part in parts]
    heads = [head for imports, once, _ in split_parts for head in (*once, *imports)]
    bodies = [rest.strip("\n") for _, _, rest in split_parts]
    whole = "\n\n".join(filter(None, bodies))
    return "\n".join([*dict.fromkeys(heads), "", whole]) if heads else whole


def _start(text: str, language: str) -> int:
    """Behind a byte order mark, and behind the last tag that opens a script."""
    if language in ("vue", "svelte"):
        tags = list(re.finditer(r"^<script\b[^<>]*>[ \t]*(?:\r\n|\n|\r)", text, re.MULTILINE))
        if tags:
            return tags[-1].end()
    return len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0


def _lines(text: str, start: int) -> Iterator[tuple[str, Span]]:
    for _ in range(_MOST_LINES):
        if start > len(text):
            return
        found = LINE_BREAK.search(text, start)
        end = found.start() if found else len(text)
        yield text[start:end], Span(start, end)
        if found is None:
            return
        start = found.end()


def _kind(line: str, language: str, of_file: bool) -> bool | None:
    """Is it an import, or what stands there once? ``None`` if neither."""
    line = line.lstrip() if language in _INDENTED else line
    if re.match(_IMPORTS[language], line):
        return True
    once = [_ONCE.get(language), _OPENS.get(language) if of_file else None]
    return False if any(kind and re.match(kind, line) for kind in once) else None


def _depths(lines: list[tuple[str, Span]]) -> list[int]:
    """How many brackets each line opens and does not close."""
    return [sum(map(line.count, "({")) - sum(map(line.count, ")}")) for line, _ in lines]


def _end_of_statement(
    lines: list[tuple[str, Span]], depths: list[int], first: int, language: str
) -> int:
    """The row of a statement's last line: that which closes its brackets."""
    depth = 0
    for row in range(first, min(first + _MOST_OF_A_STATEMENT, len(lines))):
        depth += depths[row]
        goes_on = lines[row][0].endswith("\\") or (
            language in _BY_INDENTATION and row + 1 < len(lines) and lines[row + 1][0][:1] == " "
        )
        if depth <= 0 and not goes_on:
            return row
    return first


def _end_of_comment(
    lines: list[tuple[str, Span]], first: int, language: str, unclosed: set[str]
) -> int:
    """The row of the last line of a comment or docstring of several lines, else ``first``.

    ``unclosed`` collects the marks that no later line has, so that none is looked for twice.
    """
    line = _PREFIXED.sub("", lines[first][0].strip(), count=1)
    if language in _INDENTED:
        line = line.removeprefix("@moduledoc").lstrip(" ~Ss")
    for opens, closes in _BLOCKS:
        if not line.startswith(opens) or (opens in ("'''", '"""') and _is_c_like(language)):
            continue
        if closes in line[len(opens) :] or closes in unclosed:
            return first
        for row in range(first + 1, len(lines)):
            if closes in lines[row][0]:
                return row
        unclosed.add(closes)
    return first


def _is_c_like(language: str) -> bool:
    return line_comment(language) == "//"


def _is_comment(line: str, language: str) -> bool:
    mark, said = line_comment(language), line.strip()
    is_marked = mark is not None and said.startswith(mark)
    return is_marked or said.startswith(("#!", *(opens for opens, _ in _BLOCKS)))


def _ends_part(lines: list[tuple[str, Span]], row: int) -> bool:
    return row < len(lines) and not lines[row][0].strip()
