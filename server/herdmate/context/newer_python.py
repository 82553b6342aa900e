"""Newer Python rewritten for an older one, for a server that runs on that.

Rows keep their places, names need not: the result serves only to check whether the rest of the code
is well formed.
"""

from __future__ import annotations

import ast
import re
import warnings

_MOST_NESTED = 5
_MOST_PARAMETERS = 2_000  # characters of one list of type parameters

_TOKEN = re.compile(
    r"""\#[^\n]*
    | (?P<prefix>(?<!\w)[a-zA-Z]{1,2})?(?P<quote>\"{3}|'{3}|\"|')""",
    re.VERBOSE,
)
_REST = {
    quote: re.compile(
        rf"(?:[^{quote[0]}\\{'' if len(quote) > 1 else chr(10)}]|\\[\s\S]"
        rf"{'|' + quote[0] + '(?!' + quote[0] * 2 + ')' if len(quote) > 1 else ''})*{quote}"
    )
    for quote in ('"""', "'''", '"', "'")
}
_TYPED = re.compile(r"^([ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+)[ \t]*\[", re.MULTILINE)
_ALIAS = re.compile(r"^([ \t]*)type[ \t]+(\w+)[ \t]*(\[|=(?!=))", re.MULTILINE)
_GROUP = re.compile(r"^([ \t]*except)[ \t]*\*[ \t]*(?=[\w(])", re.MULTILINE)
_BARE = re.compile(
    r"^([ \t]*except[ \t]+)([\w.]+[ \t]*,[ \t]*[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*)[ \t]*:", re.MULTILINE
)
_UNPACKED = re.compile(r"(?<=\w)\[\*(?=\w)|(?<=\w:)[ \t]*\*(?=\w)")


def in_older_words(code: str) -> str | None:
    """The code without what Python 3.11 and later have added to the grammar.

    ``None`` if something in it is wrong in every Python.
    """
    if (plain := _without_nested_quotes(code, _MOST_NESTED)) is None:
        return None
    plain = _GROUP.sub(r"\1 ", plain)
    plain = _BARE.sub(r"\1(\2):", plain)
    plain = _UNPACKED.sub(lambda found: "[" if found[0].startswith("[") else " ", plain)
    if (plain_aliases := _without_parameters(plain, _ALIAS)) is None:
        return None
    return _without_parameters(plain_aliases, _TYPED)


def _without_nested_quotes(code: str, levels: int) -> str | None:
    """The code with an empty string for each f-string that this Python does not support."""
    parts: list[str] = []
    at = 0
    without_end: dict[str, int] = {}  # by quote, the offset before which no string ends
    while (token := _TOKEN.search(code, at)) is not None:
        if token.start() < without_end.get(token["quote"] or "", 0):
            end = token.end()
        elif (found := _end_of_token(code, token, levels)) is None:
            return None
        elif (end := found) == token.end() and (quote := token["quote"]):
            line_end = code.find("\n", end) if len(quote) == 1 else -1
            without_end[quote] = line_end if line_end >= 0 else len(code)
        said = code[token.start() : end]
        is_known = not _is_formatted(token) or _parses(said)
        parts += [code[at : token.start()], said if is_known else _blank(said)]
        at = end
    return "".join((*parts, code[at:]))


def _is_formatted(token: re.Match[str]) -> bool:
    return bool(token["quote"]) and bool(set((token["prefix"] or "").lower()) & set("ft"))


def _blank(said: str) -> str:
    lines = "\n" * said.count("\n")
    return f"'''{lines}'''" if lines else "''"


def _end_of_token(code: str, token: re.Match[str], levels: int) -> int | None:
    """Where a comment or string ends; ``None`` for an f-string that is wrong in every Python."""
    if _is_formatted(token):
        return _end_of_formatted(code, token.end(), token["quote"], levels) if levels else None
    rest = _REST[token["quote"]].match(code, token.end()) if token["quote"] else None
    return rest.end() if rest else token.end()


def _end_of_formatted(code: str, at: int, quote: str, levels: int) -> int | None:
    """The end of an f-string whose opening quote ends at ``at``."""
    while at < len(code):
        char = code[at]
        if code.startswith(quote, at):
            return at + len(quote)
        if char == "\n" and len(quote) == 1:
            return None
        if char == "\\" or code.startswith(("{{", "}}"), at):
            at += 2
        elif char == "{":
            if (end := _end_of_field(code, at + 1, quote, levels)) is None:
                return None
            at = end
        elif char == "}":
            return None
        else:
            at += 1
    return None


_STEP = re.compile(r"[^\"'#!:=<>()\[\]{}a-zA-Z]+|(?<!\w)[a-zA-Z]{1,2}(?=[\"'])|\w+|[!=<>]=")


def _end_of_field(code: str, start: int, quote: str, levels: int) -> int | None:
    """The end of a replacement field whose brace is before ``start``."""
    at, depth = start, 0
    while at < len(code) and (depth or code[at] not in "}!:=" or _STEP.match(code, at)):
        char = code[at]
        if (token := _TOKEN.match(code, at)) is not None:
            if (end := _end_of_token(code, token, levels - 1)) is None:
                return None
            at = end
            continue
        depth += (char in "([{") - (char in ")]}")
        step = _STEP.match(code, at)
        at = step.end() if step else at + 1
    expression = code[start:at]
    if not expression.strip() or not _is_expression(expression, levels):
        return None
    rest = _CONVERSION.match(code, at)
    at = rest.end() if rest else at
    if code[at : at + 1] == ":":
        at += 1
        while at < len(code) and code[at] != "}":
            if code.startswith(quote, at) or (code[at] == "\n" and len(quote) == 1):
                return None
            end = _end_of_field(code, at + 1, quote, levels) if code[at] == "{" else at + 1
            if end is None:
                return None
            at = end
    return at + 1 if code[at : at + 1] == "}" else None


_CONVERSION = re.compile(r"(?:=\s*)?(?:![rsa]\s*)?")


def _is_expression(code: str, levels: int) -> bool:
    if _parses(f"(\n{code}\n)"):
        return True
    older = _without_nested_quotes(code, levels - 1) if levels > 1 else None
    return older is not None and older != code and _parses(f"(\n{older}\n)")


def _parses(code: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(code)
        except (SyntaxError, ValueError):
            return False
        except (RecursionError, MemoryError):
            return True  # too deep to tell
    return True


def _without_parameters(code: str, heads: re.Pattern[str]) -> str | None:
    """The code without the type parameters after ``heads``; ``None`` if they are not valid ones."""
    parts: list[str] = []
    at = 0
    while (head := heads.search(code, at)) is not None:
        is_alias = heads is _ALIAS
        parts += [code[at : head.start()], head[1], head[2] if is_alias else ""]
        at = head.end()
        if is_alias and head[3] == "=":
            parts.append(" =")
            continue
        if (end := _end_of_bracket(code, at)) is None:
            return None
        if not _parses(f"def _({code[at:end]}): pass"):
            return None
        lines, at = "\n" * code.count("\n", at, end), end + 1
        behind = _BRACKET.match(code, at)
        if is_alias:
            parts.append(f"[0{lines}]")
        elif behind is not None:
            parts.append(f"({lines}")
            at = behind.end()
        elif lines:
            parts.append(f"({lines})")
    return "".join((*parts, code[at:]))


_BRACKET = re.compile(r"[ \t]*\(")


def _end_of_bracket(code: str, start: int) -> int | None:
    depth = 1
    for at in range(start, min(start + _MOST_PARAMETERS, len(code))):
        depth += (code[at] in "([{") - (code[at] in ")]}")
        if not depth:
            return at
    return None
