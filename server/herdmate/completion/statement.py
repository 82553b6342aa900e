"""Where a statement that is being written ends: with its line, or with the block that it opens."""

from __future__ import annotations

import re

from herdmate.completion.cursor_context import indentation
from herdmate.context.languages import BRACES, ECMASCRIPT, line_comment
from herdmate.context.lexical import (
    LONG_QUOTES,
    brackets,
    code_language,
    is_quote_open,
    opens_block,
    trailing_comment,
    unclosed,
)

_PROSE = frozenset(
    {"plaintext", "markdown", "latex", "tex", "bibtex", "restructuredtext", "asciidoc", "log"}
)
_SELECTORS = frozenset({"css", "scss", "less"})
_WITHOUT_WORDS = (BRACES - {"php"}) | {"python", "yaml", "json", "jsonc"} | _SELECTORS

_CLOSES = re.compile(r"\s*(?:[)\]}]|</|/>)")
_CLOSES_BY_WORD = re.compile(
    r"\s*(?:(?:fi|done|esac|until|end(?:if|while|for|foreach|function|switch|case|macro|try|def)?)\b"
    r"(?!\s*[:=])|\{[%{/#~-]+\s*end|\{/|@end)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"\s*(?:[)\]}]+\s*)?(?:else|elif|elsif|elseif|except|finally|catch|rescue|ensure)\b"
)
_ENDS_ITSELF = re.compile(r"[\s;]end[);]{0,3}\s*\Z")
_IS_CASE = re.compile(r"\s*(?:when|in|else)\b")
_LABEL = re.compile(r"\s*(?:case\b|default\b|#|\w{1,60}\s?\w{0,60}:(?!:))")
_ATTRIBUTE = re.compile(r"\s*(?:@[\w.]{1,100}(?:\(.{0,400}\))?|#!?\[.{0,400}\])\s*\Z")
_WITH_ATTRIBUTES = BRACES | {"python", "groovy"}
_CHAINED = re.compile(r"\s*(?:[?&]?\.[A-Za-z_]|\|>|->)")
_ENDS_IN_CHAIN = re.compile(r"[\w)\]}]\.\s*\Z")
_UNFINISHED = re.compile(r"(?:[=+*%&|<\\({\[,]|=>|->)\s*\Z")
_NO_HEAD = re.compile(r"[;,({\[]\s*\Z")

_LONG_QUOTES = {
    **dict.fromkeys(("python", "toml", "dart", "groovy"), LONG_QUOTES),
    **dict.fromkeys(ECMASCRIPT, ("`",)),
    "go": ("`",),
}
_WITH_HERE = frozenset({"shellscript", "ruby", "perl", "php"})
_HERE = re.compile(r"<<[<~-]?\s?['\"]?([A-Z_]{2,40})\b")
"""What begins a text that ends at the next line with this word."""

_CLOSERS = {"(": ")", "[": "]", "{": "}"}


class Statement:
    """A statement whose first lines are known.

    ``is_ended``: only ``else`` and the like, directly below, can still belong to it.
    """

    def __init__(self, line: str, prefix: str, language: str, closed_behind: int) -> None:
        """``line`` is its first line, and ``prefix`` the part of that before the cursor.

        ``closed_behind`` is how many brackets of the prefix are closed after the cursor.
        """
        self._language = code_language(language)
        # Text inside a string opens nothing, unless the string ends on its line.
        is_text = is_quote_open(prefix) and is_quote_open(line)
        self._is_line = is_text or language in _PROSE or language.startswith("git-")
        self._quotes = _LONG_QUOTES.get(self._language, ('"""',))
        self._base = indentation(line)
        self._head = self._last = line
        self._open: list[str] = []  # brackets
        self._credit = min(closed_behind, unclosed(prefix, self._language))
        self._quote = ""
        self._has_body = False
        by_word = self._language not in _WITHOUT_WORDS
        self.is_ended = by_word and _ENDS_ITSELF.search(line) is not None
        self._read(line)

    def goes_on_with(self, line: str, is_string: bool = False) -> bool:
        """Does the next line, which is not blank, belong to the statement?

        ``is_string``: it seems to begin inside a string.
        """
        level, base = indentation(line), self._base
        if (self._quote and not self._is_line) or (
            is_string and (level > base or not self._closes(line))
        ):
            return True
        if self._is_line or level < base:
            return line.startswith("#") and bool(self._open) and self._language in BRACES
        if self._is_in_bracket():
            return level > base or self._closes(line) or self._holds(line)
        if self._is_chained(line):
            return True
        if self.is_ended:
            return level == base and _GOES_ON.match(line) is not None
        return self._may_go_deeper() if level > base else self._goes_on_beside(line)

    def take(self, line: str, behind_string: str | None = None) -> None:
        """Add the next line, which ``goes_on_with`` it.

        ``behind_string``: the code on it, if it begins inside a string.
        """
        if behind_string is not None and not self._quote:
            self._has_body, self.is_ended = True, False
            self._read(behind_string)
            self._last = behind_string or self._last
            return
        level, was_open = indentation(line), self._is_in_bracket()
        closes = not self._quote and level <= self._base and self._closes(line)
        self._has_body = self._has_body or level > self._base or bool(self._quote)
        self._read(line)
        self._last = line
        self.is_ended = (
            closes
            and not self._is_in_bracket()
            and not self._opens(line)
            and not (was_open and line.strip()[0] in ")]" and self._may_open_below())
        )

    def _read(self, line: str) -> None:
        """Count a line's brackets, and the quotes of multi-line strings."""
        if self._quote:
            _, ended, line = line.rpartition(self._quote)
            if not ended:
                return
            self._quote = ""
        for quote in self._quotes:
            if (line.count(quote) - line.count("\\" + quote)) % 2:
                self._quote, line = quote, line[: line.rfind(quote)]
                break
        if self._language in _WITH_HERE and (here := _HERE.search(line)):
            self._quote = here[1]
        for _, char in brackets(line, self._language):
            if char in _CLOSERS:
                self._open.append(char)
            elif self._open:
                self._open.pop()

    def _is_in_bracket(self) -> bool:
        return len(self._open) > self._credit

    def _closes(self, line: str) -> bool:
        by_word = self._language not in _WITHOUT_WORDS and _CLOSES_BY_WORD.match(line)
        return bool(by_word or _CLOSES.match(line))

    def _holds(self, line: str) -> bool:
        """Can a line that is no deeper than the statement be inside its open bracket?"""
        if self._open[-1] == "{":
            return bool(_LABEL.match(line) or _GOES_ON.match(line))
        if line.lstrip().startswith("{"):
            return self._language in BRACES
        return self._last.rstrip().endswith((",", "(", "["))

    def _is_chained(self, line: str) -> bool:
        """Is a line the next call of a chain?"""
        if self._language in _SELECTORS | _PROSE | {"yaml", "makefile", "dockerfile"}:
            return False
        if _CHAINED.match(self._head) and indentation(line) == self._base:
            return False  # the links of a chain are lines of their own
        return bool(_CHAINED.match(line) or (self.is_ended and _ENDS_IN_CHAIN.search(self._last)))

    def _may_go_deeper(self) -> bool:
        if self._language != "python":
            is_loop = self._open[-1:] == ["("]  # ``for (int i = 0;`` on several lines
            return self._has_body or is_loop or not self._last.rstrip().endswith(";")
        return self._has_body or self._opens(self._last)

    def _goes_on_beside(self, line: str) -> bool:
        """Does a line as deep as the statement's first belong to it?"""
        if self._has_body:
            is_case = _IS_CASE.match(line) and "case " in self._head
            if _GOES_ON.match(line) or is_case:
                return True
        if self._language not in _WITHOUT_WORDS and _CLOSES_BY_WORD.match(line):
            return self._has_body or self._opens(self._head)
        if _CLOSES.match(line):
            is_tag = line.lstrip().startswith(("</", "/>"))
            return self._has_body and (is_tag or self._credit > 0)
        last = self._last.rstrip()
        is_brace = line.strip() == "{" or self._language in BRACES
        if is_brace and line.lstrip().startswith("{"):
            ends = (";", "}") if self._language == "rust" else (";", ",", "}")  # ``where T: A,``
            return not last.endswith(ends)
        if self._language == "yaml" and line.lstrip().startswith("- "):
            return self._head.rstrip().endswith(":")
        if self._language in _SELECTORS and last.endswith(",") and not self._has_body:
            return ":" not in last
        return self._language in _WITH_ATTRIBUTES and _ATTRIBUTE.match(last) is not None

    def _may_open_below(self) -> bool:
        """Can the block of a head whose parameters have just ended begin on the next line?"""
        return self._language in BRACES or opens_block(self._head, self._language)

    def _opens(self, line: str) -> bool:
        """Does a line announce more below it?"""
        comment = trailing_comment(line, self._language)
        line = line[:comment].rstrip()
        mark = line_comment(self._language)
        if mark and line.lstrip().startswith(mark):
            return False
        return bool(_UNFINISHED.search(line)) or opens_block(line, self._language)
