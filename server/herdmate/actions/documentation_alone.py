"""The documentation alone of a definition that a model was only to document.

Small models change the code below the comment, leave it out, or do not get to its end. The comment
is good all the same, and the code is in the file.
"""

from __future__ import annotations

import re

from herdmate.actions.omissions import announces_gap
from herdmate.context import syntax, syntax_queries
from herdmate.context.definition_at import Found, found_at
from herdmate.context.file_header import split
from herdmate.context.languages import BRACES, COMMENTS, line_comment
from herdmate.text import BYTE_ORDER_MARK, Selection, Span, indent_of, line_ending

_LONGEST_REPLY = 100_000
_LONGEST_COMMENT = 10_000
_FEWEST_WORDS = 2
_MOST_ATTRIBUTES = 20

_BLOCK, _SLASHES = r"/\*\*(?![*/])[\s\S]*\*/\Z", r"///(?!/)"
_LINE_MARKS = {
    **dict.fromkeys(["c", "cpp", "csharp", "dart", "objective-c", "rust", "swift"], _SLASHES),
    "go": r"//(?=[ \t]|$)",
    "lua": r"---?(?![-\[])",
    "ruby": r"#(?=[ \t]|$)",
    "shellscript": r"#(?=[ \t]|$)",
}
"""What each line of documentation begins with; directives to a compiler have no space behind it."""

_WITH_BLOCKS = BRACES - {"go", "csharp"}

_FIRST_WORDS = {"go": r"//[ \t]+{name}\b", "ruby": r"#[ \t]+[A-Z@]", "shellscript": r"#[ \t]+[A-Z]"}
"""How documentation begins where any comment could be one: not like a directive."""

_ATTRIBUTE = re.compile(r"\A[ \t]*(?:@|#?\[|template\b).*\n\s*")
_STAR = re.compile(r"^[ \t]*/?\*+", re.MULTILINE)
_RECEIVER = re.compile(r"(?<=func )\([^()\n]*\)")

_TAG = re.compile(r"^[ \t]*(?:(?:/\*+|\*+|//+|#+|--+)[ \t]*)?[@\\]([a-zA-Z]\w*)", re.MULTILINE)
_TAGS = frozenset(
    {"param", "tparam", "arg", "typeParam", "template", "return", "returns", "result", "retval"}
    | {"yield", "yields", "yieldparam", "yieldreturn", "throw", "throws", "exception", "raise"}
    | {"raises", "receiver", "property", "prop", "brief", "details", "short", "note", "remark"}
    | {"remarks", "warning", "see", "seealso", "sa", "since", "example", "code", "endcode"}
    | {"description", "summary", "pre", "post", "async", "function", "method", "constructor"}
)
"""Tags that only describe; others are read by tools, and some change what code does."""

_PARAMETER = re.compile(
    r"[@\\]t?param(?:\[[\w, ]{0,20}\])?[ \t]+"
    r"(?:\{[^\n]{0,200}?\}[ \t]+|\[[^\]\n=]{0,200}\][ \t]+(?=\w))?"
    r"(?:[^\s$]{1,200}[ \t]+(?=[&.]{0,4}\$))?[&.]{0,4}\[?\$?<?(\w+)"
    r"|<(?:type)?param(?:ref)? name=[\"'](\w+)"
    r"|- Parameter (\w+):"
)


def documentation_alone(code: str, target: Selection) -> str | None:
    """The target below the documentation that some code has above the same definition.

    ``None`` if the code has none, or none that is surely about the target, if the target is more
    or less than one definition, or if it is documented already.
    """
    document, span = target.document, target.span
    tree = syntax.fresh_tree_of(document) if len(code) <= _LONGEST_REPLY else None
    if tree is None or (name := _undocumented(tree, target)) is None:
        return None
    code = split(code, document.language)[2]
    text = document.text[: span.start] + code + document.text[span.end :]
    parsed = syntax.parse(text, document.language)
    if parsed is None:
        return None
    said, rest = _above(parsed, text, Span(span.start, span.start + len(code)))
    if not _is_about(rest, name, document.language):
        return None
    if not _is_documentation(said, name, target):
        return None
    return _placed(said, target)


def with_documentation(target: Selection) -> Selection:
    """A target that is one definition, with the documentation directly above it."""
    document, span = target.document, target.span
    tree = syntax.fresh_tree_of(document)
    if tree is None or (found := _definition(tree, target)) is None:
        return target
    said = document.text[found.lines.start : span.start].strip()
    name = _name(tree, document.text, found) if document.language != "go" else ""  # rarely kept to
    if len(said) > _LONGEST_COMMENT or not _has_form(said, name, document.language):
        return target
    return Selection(document, Span(found.lines.start, span.end))


def loses_documentation(code: str, target: Selection) -> bool:
    """Does a target begin with documentation, but the code that is to replace it with none?"""
    language = target.document.language
    if language not in _WITH_BLOCKS and language not in _LINE_MARKS:
        return False
    marks = ("/*", line_comment(language) or "/*")
    return target.text.lstrip().startswith(marks) and not code.lstrip().startswith(marks)


def _definition(tree: syntax.SyntaxTree, target: Selection) -> Found | None:
    """The definition that a target is, without anything before or behind it."""
    text, span = target.document.text, target.span
    found = found_at(tree, text, span)
    start = span.start + len(target.text) - len(target.text.lstrip())
    if found is None or found.span.start != start:
        return None
    return None if text[found.span.end : span.end].strip(" \t\r\n;,") else found


def _name(tree: syntax.SyntaxTree, text: str, found: Found) -> str:
    """The last word of a definition's name; ``""`` if there is none."""
    names = syntax_queries.definition_names(tree, text, found.span)
    return re.split(r"\W", names[0])[-1] if names else ""


def _undocumented(tree: syntax.SyntaxTree, target: Selection) -> str | None:
    """The name of the definition that a target is, if no comment is directly above it."""
    text, span = target.document.text, target.span
    found = _definition(tree, target)
    if found is None or target.text.startswith(BYTE_ORDER_MARK):
        return None
    above = len(text[: span.start].rstrip())
    is_below = above > 0 and text.count("\n", above, span.start) < 2
    if is_below and syntax_queries.is_in_string_or_comment(tree, text, above - 1) == "comment":
        return None
    return _name(tree, text, found) or None


def _above(tree: syntax.SyntaxTree, text: str, span: Span) -> tuple[str, str]:
    """The last comment before any code in a span, and what follows directly below it."""
    start, at = span.start, span.start
    for comment in _comments(tree, span):
        between = text[at : comment.start]
        if between.strip():
            break
        if at == span.start or between.count("\n") > 1:
            start = comment.start
        at = comment.start + len(text[comment.start : comment.end].rstrip())
    rest = text[at : span.end]
    below = rest[: len(rest) - len(rest.lstrip())]
    return ("", rest) if rest.strip() and below.count("\n") != 1 else (text[start:at], rest)


def _comments(tree: syntax.SyntaxTree, span: Span) -> list[Span]:
    """The comments that begin in a span, in text order."""
    source = tree.source
    first, last = source.to_byte(span.start), source.to_byte(span.end)
    found, waiting = list[Span](), [tree.tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.start_byte >= last or node.end_byte <= first:
            continue
        if node.type not in COMMENTS:
            waiting += reversed(node.children)
        elif node.start_byte >= first:
            found.append(Span(source.to_offset(node.start_byte), source.to_offset(node.end_byte)))
    return found


def _is_about(rest: str, name: str, language: str) -> bool:
    """Does some code begin with the definition of a name, or is there none?"""
    rest = rest.lstrip()
    for _ in range(_MOST_ATTRIBUTES):
        rest = _ATTRIBUTE.sub("", rest, count=1)
    head = re.match(
        r"[^(){};=]*" if language in BRACES else r"[^(){};=\n]*", _RECEIVER.sub("", rest)
    )
    return not rest or (head is not None and name in re.findall(r"\w+", head[0]))


def _is_documentation(said: str, name: str, target: Selection) -> bool:
    """Is a comment in the form of documentation, and about what the target has?"""
    language, words = target.document.language, set(re.findall(r"\w+", target.text))
    if len(said) > _LONGEST_COMMENT or len(re.findall(r"\w{2,}", said)) < _FEWEST_WORDS:
        return False
    if not _has_form(said, name, language):
        return False
    named = {next(filter(None, found)) for found in _PARAMETER.findall(said)}
    return (
        named <= words
        and set(_TAG.findall(said)) <= _TAGS
        and not announces_gap(_STAR.sub("//", said), target.text)
    )


def _has_form(said: str, name: str, language: str) -> bool:
    """Does a comment look like the documentation of a name?"""
    is_block = language in _WITH_BLOCKS and re.match(_BLOCK, said) and said.count("*/") == 1
    mark = _LINE_MARKS.get(language)
    lines = [line.strip() for line in said.split("\n")]
    if not is_block and not (mark and all(re.match(mark, line) for line in lines)):
        return False
    first = _FIRST_WORDS.get(language, "").replace("{name}", re.escape(name))
    return re.match(first, said) is not None


def _placed(said: str, target: Selection) -> str:
    """The comment above the target, indented like it and with the file's line endings."""
    indent, end = indent_of(target.text), line_ending(target.document.text)
    lines = [line.strip() for line in said.split("\n")]
    if lines[0].startswith("/*"):
        lines[1:] = [f" {line}" if line.startswith("*") else f"   {line}" for line in lines[1:]]
    return end.join([*(f"{indent}{line}".rstrip() for line in lines), target.text])
