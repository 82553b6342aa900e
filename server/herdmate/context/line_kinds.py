"""Which lines are code, and which begin inside a string or comment that an earlier line opened.

Like ``lexical``, for text without a tree, but across lines: raw strings, templates, heredocs, block
comments. One pass over the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from herdmate.context.languages import BRACES, line_comment
from herdmate.context.lexical import (
    PROSE,
    SINGLE_QUOTED,
    WITH_REGEX,
    code_language,
    is_quote_open,
    trailing_comment,
)
from herdmate.context.open_strings import string_closers

Kind = Literal["code", "string", "comment"]


@dataclass(frozen=True, slots=True)
class Inside:
    """What is open at a place: its kind, and the pattern of the rest of it.

    ``end`` would end it. ``is_open_at_end``: only what follows ends it, so it is open wherever a
    text ends.
    """

    kind: Kind
    rest: str
    end: str = ""
    is_open_at_end: bool = False


@dataclass(slots=True)
class LineKinds:
    """What is known about a text's lines, one entry for each.

    ``kinds``: what a line begins in; a line that is only a comment is ``"comment"`` too.
    ``brackets``: the innermost one open where it begins, ``""`` if there is none, ``ALIGNED`` if
    its content begins on the bracket's own line, so that later lines are aligned with that.
    ``inside`` is what is open where the text ends. ``strings``: where multi-line
    strings are.
    """

    kinds: list[Kind] = field(default_factory=lambda: ["code"])
    brackets: list[str] = field(default_factory=lambda: [""])
    inside: Inside | None = None
    strings: list[tuple[int, int]] = field(default_factory=list)


def line_kinds(text: str, language: str, inside: Inside | None = None) -> LineKinds:
    r"""The kinds of the lines of a text whose only line ending is ``\n``.

    ``inside`` is what is open where the text begins.
    """
    found, nesting, at = LineKinds(), [""], 0
    if inside is not None:
        found.kinds[0] = inside.kind
        at = _through(text, 0, inside, found)
    token, openers = _tokens(language)
    while (match := token.search(text, at)) is not None:
        _note_lines(text, at, match.start(), "code", nesting[-1], found)
        at, kind = match.end(), openers[(match.lastindex or 1) - 1]
        if kind is None:
            if match[0] in _BRACKETS:
                _nest(text, match.start(), nesting)
        else:
            opened = kind(match[0])
            if opened.kind == "comment" and _is_first(text, match.start()):
                found.kinds[-1] = "comment"
            at = _through(text, at, opened, found, match.start())
    _note_lines(text, at, len(text), "code", nesting[-1], found)
    return found


def without_strings(text: str, language: str, inside: Inside | None = None) -> str:
    """The text with spaces in place of multi-line strings, so that offsets stay the same."""
    parts, at = [], 0
    for start, end in line_kinds(text, language, inside).strings:
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join((*parts, text[at:]))


def lines_in_strings(text: str, language: str, inside: Inside | None = None) -> dict[int, str]:
    """The lines, from 0, that begin inside a string, each with the code behind that string.

    Only in languages in which a string in plain quotes can have several lines.
    """
    if language not in _WITH_LONG_STRINGS:
        return {}
    known, found, start = line_kinds(text, language, inside), {}, 0
    for at, line in enumerate(text.split("\n")):
        if known.kinds[at] == "string":
            ends = (end for begun, end in known.strings if begun <= start < end)
            found[at] = line[next(ends, start) - start :]
        start += len(line) + 1
    return found


def kind_at(text: str, language: str) -> Kind:
    r"""What the end of a text is in; its only line ending is ``\n``."""
    if code_language(language) != language and (script := _SCRIPT.search(text)) is not None:
        text, language = text[script.end() :], code_language(language)
    known, line = line_kinds(text, language), text[text.rfind("\n") + 1 :]
    if known.inside is not None and known.inside.kind == "comment":
        return "comment"
    if known.kinds[-1] == "comment" or trailing_comment(line, language) is not None:
        return "comment"
    if (closers := string_closers(line, language)[0]) and closers[0] not in "\"'`":
        return "code"  # within a string
    if known.inside is not None:
        return known.inside.kind
    return "string" if language not in PROSE and is_quote_open(line) else "code"


_SCRIPT = re.compile(r"<script\b[^<>]*>(?![\s\S]*</script)")


def end_of_comment(text: str, language: str) -> str:
    r"""What would end the block comment that is open where a text ends; ``""`` if none is."""
    inside = line_kinds(text, language).inside
    return "" if inside is None or inside.kind != "comment" else inside.end


_MOST_LINES = 40
"""The most lines of a string in plain quotes; a quote that is closed later was not one."""


def _through(text: str, at: int, inside: Inside, found: LineKinds, start: int = 0) -> int:
    """Continue after the end of what is open, or at the end of the text if nothing closes it."""
    closed = re.compile(inside.rest, re.MULTILINE).match(text, at)
    if closed is not None and inside.is_open_at_end and closed.end() == len(text):
        closed = None
    end = len(text) if closed is None else closed.end()
    if inside.rest in _PLAIN and text.count("\n", at, end) > _MOST_LINES:
        return at
    found.inside = inside if closed is None else None
    _note_lines(text, at, end, inside.kind, "", found)
    if inside.kind == "string" and "\n" in text[at:end]:
        found.strings.append((start, end))
    return end


def _note_lines(
    text: str, start: int, end: int, kind: Kind, bracket: str, found: LineKinds
) -> None:
    if count := text.count("\n", start, end):
        found.kinds += [kind] * count
        found.brackets += [bracket] * count


def _is_first(text: str, at: int) -> bool:
    """Is there nothing before it on its line?"""
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


ALIGNED = "|"
_BRACKETS = frozenset("()[]{}")


def _nest(text: str, at: int, nesting: list[str]) -> None:
    char = text[at]
    if char in ")]}":
        del nesting[max(len(nesting) - 1, 1) :]
        return
    end = text.find("\n", at)
    is_last = not text[at + 1 : end if end >= 0 else len(text)].strip()
    nesting.append(char if is_last or char == "{" else ALIGNED)


_Opener = Callable[[str], Inside] | None
"""What a token opens; ``None`` for one that is complete, or a bracket."""


def _up_to(end: str) -> str:
    return rf"[\s\S]*?{re.escape(end)}"


def _string(end: str, kind: Kind = "string") -> Inside:
    return Inside(kind, _up_to(end), end)


def _quoted(said: str) -> Inside:
    quote = said[-1]
    return Inside("string", rf"(?:[^{quote}\\]|\\[\s\S])*{quote}", quote)


_PLAIN = frozenset(_quoted(quote).rest for quote in "\"'")


def _long(said: str) -> Inside:
    return _string(said.lstrip("abcdefghijklmnopqrstuvwxyzBFRSTU~$@"))


def _verbatim(said: str) -> Inside:
    return Inside("string", r'(?:[^"]|"")*"(?!")', '"')


def _heredoc(said: str) -> Inside:
    name = re.sub(r"\W", "", said)
    return Inside("string", rf"[\s\S]*?^[ \t]*{name}\b", f"\n{name}")


def _cpp_raw(said: str) -> Inside:
    return _string(f'){said.partition(chr(34))[2][:-1]}"')


def _rust_raw(said: str) -> Inside:
    return _string('"' + "#" * said.count("#"))


def _lua_long(said: str) -> Inside:
    return _string(f"]{'=' * said.count('=')}]", "comment" if said[0] == "-" else "string")


def _here_string(said: str) -> Inside:
    return Inside("string", rf"[\s\S]*?^{said[1]}@", f"\n{said[1]}@")


def _ocaml_quoted(said: str) -> Inside:
    return _string("|}")


def _raw_tick(said: str) -> Inside:
    return _string("`")


def _block_scalar(said: str) -> Inside:
    """Deeper than its key, or than the dash of a list's entry without one."""
    key = len(said) - len(said.lstrip(" -"))
    is_entry = said[key] in "|>!"
    margin = (said.rfind("-", 0, key) if is_entry and "-" in said[:key] else key) + 1
    return Inside("string", rf"[^\n]*(?:\n(?: {{{margin},}}[^\n]*|[ \t]*(?=\n)))*", "", True)


def _comment(said: str) -> Inside:
    return Inside("comment", r"[^\n]*")


def _block(said: str) -> Inside:
    return _string(_BLOCK_ENDS[said], "comment")


_BLOCK_ENDS = {
    "/*": "*/", "<!--": "-->", "{-": "-}", "(*": "*)", "#=": "=#", "<#": "#>", "=begin": "\n=end",
}  # fmt: skip

_STAR = (re.escape("/*"), _block)
_MARKUP = (re.escape("<!--"), _block)
_DASHES = (re.escape("{-"), _block)
_TRIPLE = (r"(?:[a-zA-Z]{1,2}|~[sS]|\$+)?\"\"\"", _long)
_TRIPLES = (r"(?:[a-zA-Z]{1,2}|~[sS])?(?:\"\"\"|''')", _long)
_TEMPLATE = ("`", _quoted)
_RAW_TICK = ("`", _raw_tick)
_DOUBLE = ('"', _quoted)
_BOTH = ("[\"']", _quoted)

_LONG: dict[str, tuple[tuple[str, _Opener], ...]] = {
    **dict.fromkeys(("css", "scss", "less", "c", "objective-c"), (_STAR,)),
    **dict.fromkeys(WITH_REGEX, (_STAR, _TEMPLATE)),
    **dict.fromkeys(("vue", "svelte", "astro"), (_MARKUP, _STAR, _TEMPLATE)),
    **dict.fromkeys(("html", "xml", "markdown", "mdx"), (_MARKUP,)),
    **dict.fromkeys(("java", "kotlin", "scala", "swift", "groovy"), (_STAR, _TRIPLE)),
    "cpp": (_STAR, (r'(?:u8|[LuU])?R"[^()\\\s]{0,16}\(', _cpp_raw)),
    "csharp": (_STAR, _TRIPLE, (r'(?:\$@|@\$?)"', _verbatim)),
    "dart": (_STAR, _TRIPLES),
    "go": (_STAR, _RAW_TICK),
    "rust": (_STAR, (r'\b(?:b|c)?r#*"', _rust_raw), _DOUBLE),
    "php": (_STAR, (r"<<<[ \t]*[\"']?[A-Za-z_]\w*[\"']?", _heredoc), _BOTH),
    "python": (_TRIPLES,),
    "toml": (_TRIPLES,),
    "elixir": (_TRIPLES, _DOUBLE),
    "julia": (_TRIPLE, (re.escape("#="), _block), _DOUBLE),
    "ruby": (
        (r"^=begin\b", _block),
        (r"<<[~-](?:\"[^\"\n]+\"|'[^'\n]+'|`\w+`|\w+)|<<[\"']?[A-Z]\w*[\"']?", _heredoc),
        _BOTH,
    ),
    "perl": ((r"<<~?(?:[A-Z]\w*|\"\w+\"|'\w+')", _heredoc), _BOTH),
    "shellscript": ((r"(?<!<)<<-?[ \t]*[\"'\\]?[A-Za-z_]\w*[\"']?", _heredoc), _BOTH),
    "powershell": ((r"@[\"'](?=\n)", _here_string), (re.escape("<#"), _block)),
    "lua": ((r"(?:--)?\[=*\[", _lua_long),),
    "yaml": (
        (r"^ *(?:- +)*(?:[^\s#][^\n#]*[:-] +)?(?:!\S+ +)?[|>][-+\d]*[ \t]*(?=\n)", _block_scalar),
    ),
    "sql": (_STAR, ("'", _quoted)),
    "haskell": (_DASHES,),
    "elm": (_DASHES, _TRIPLE),
    "ocaml": ((re.escape("(*"), _block), (r"\{\|", _ocaml_quoted), _DOUBLE),
    "clojure": (_DOUBLE,),
    "r": (_BOTH,),
}  # fmt: skip
"""What can span several lines, by language."""

_WITH_LONG_STRINGS = frozenset(
    language
    for language, rules in _LONG.items()
    if any(rule in (_DOUBLE, _BOTH, ("'", _quoted)) for rule in rules)
)

_CHARACTER = r"'(?:\\[^\n]{1,8}?|[^'\\\n])'"
_REGEX = (
    r"(?<=[(,=:\[!&|?{};])[ \t]*/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\\\n]){0,100}\]|[^/\\\[\n]){1,300}/"
)


@cache
def _tokens(language: str) -> tuple[re.Pattern[str], tuple[_Opener, ...]]:
    """One pattern with a group for each kind of token, and what each kind opens."""
    rules: list[tuple[str, _Opener]] = [(r"\\.", None)]
    long = _LONG.get(language, (_STAR,) if language in BRACES else ())
    plain = (_DOUBLE, _BOTH, ("'", _quoted))
    rules += [rule for rule in long if rule not in plain]
    if mark := line_comment(language):
        before = {"#": "" if language == "python" else r"(?<!\S)", "//": "(?<!:)"}.get(mark, "")
        rules.append((before + re.escape(mark), _comment))
    if language == "php":
        rules.append((r"(?<!\S)#(?!\[)", _comment))
    if language in WITH_REGEX:
        rules.append((_REGEX, None))
    if language not in PROSE:
        quotes = "\"'" if language in SINGLE_QUOTED else '"'
        rules += [(rf"{quote}(?:\\.|[^{quote}\\\n])*{quote}", None) for quote in quotes]
        if language not in SINGLE_QUOTED:
            rules.append((_CHARACTER, None))
        rules += [rule for rule in long if rule in plain]
        rules.append((r"[()\[\]{}]", None))
    pattern = "|".join(f"({rule})" for rule, _ in rules)
    return re.compile(pattern, re.MULTILINE), tuple(opener for _, opener in rules)
