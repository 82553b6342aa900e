"""The form that code needs in the original's place, which models forget once they see it alone.

A member of an object ends with a comma, and a method is no ``function``.
"""

from __future__ import annotations

import re

_CLOSES = re.compile(r"[\])}\w\"'`]")
"""What the code before a separator can end with."""

_JAVASCRIPT = ("javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte")

_MODIFIERS = frozenset({"public", "private", "protected", "static", "override", "async", "*"})

_NO_NAMES = frozenset({"if", "for", "while", "switch", "catch", "with", "function", "super"})


def in_form(code: str, original: str, language: str) -> str:
    """The code with the separator behind it and the head that the original has."""
    if language in _JAVASCRIPT:
        code = _as_method(code, original)
    return _with_separator(code, original)


def _with_separator(code: str, original: str) -> str:
    """The code with the comma or semicolon that the original ends with, or without its own."""
    body, whole = code.rstrip(), original.rstrip()
    ours, theirs = body[-1:], whole[-1:]
    if theirs == "," and _CLOSES.match(ours):
        return body + "," + code[len(body) :]
    if theirs == ";" and ours == whole.rstrip(";")[-1:] == "}":
        is_same = _first_word(code) == _first_word(original)  # no declaration in its place
        return body + ";" * is_same + code[len(body) :]
    if ours == "," and _CLOSES.match(theirs):
        return body[:-1] + code[len(body) :]
    return code


def _first_word(code: str) -> str:
    found = re.search(r"\w+", code)
    return found[0] if found else ""


def _as_method(code: str, original: str) -> str:
    """The code with a function of the original's name as the method that the original is."""
    method = next(filter(_is_code, original.split("\n")), "")
    modifiers, name, rest = _head(method)
    is_method = method[:1].isspace() and set(modifiers) <= _MODIFIERS and name not in _NO_NAMES
    if not is_method or not name.isidentifier() or not rest.rstrip().endswith("{"):
        return code
    lines = code.split("\n")
    for at, line in enumerate(lines):
        words, its_name, rest = _head(line)
        if its_name == name and "function" in words:
            added = [word for word in ("async", "*") if word in words and word not in modifiers]
            head = " ".join([*modifiers, *added, name]).replace("* ", "*")
            lines[at] = line[: len(line) - len(line.lstrip())] + head + rest
            break
    return "\n".join(lines)


def _is_code(line: str) -> bool:
    """Is a line neither blank, a comment nor a decorator?"""
    said = line.strip()
    return said not in ("", "*") and not said.startswith(("/", "* ", "*/", "@"))


def _head(line: str) -> tuple[list[str], str, str]:
    """The words before a function's name, the name, and the rest of its line."""
    end = min((at for sign in "(<" if (at := line.find(sign)) >= 0), default=0)
    words = line[:end].replace("*", " * ").split()
    return words[:-1], "".join(words[-1:]), line[end:]
