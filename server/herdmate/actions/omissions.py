"""Has a model left out code, which would be deleted if its answer replaced the original?

It may say so (``# ... existing code ...``) or silently return less: only the documentation that it
was asked to write, or one function of two.
"""

from __future__ import annotations

import re

from herdmate.text import LINE_BREAK

_DOTS = r"(?:\.{3}|…)"
_OPENER = re.compile(r"\s*(?:#+|//+|\{?/\*+|--+|<!--|;+|%+)\s*")
_CLOSER = re.compile(r"(?:(?<!\*)\*+/\}?|(?<!-)--+>)\Z")
_LONGEST_PHRASE = 300
_WITHIN = re.compile(  # after code on the same line
    rf"/\*\s*{_DOTS}[^*]*\*/|[\s{{](?:#|//)\s*{_DOTS}\s*$"
    rf"|\{{\s*{_DOTS}\s*\}};?$"
)
_STUB = re.compile(rf":\s*{_DOTS}\s*$")

_PROSE = re.compile(r'"""|\'\'\'|/\*|<!--|^[ \t]*(?:#+ |//|-- |;;).*$', re.MULTILINE)
_END_OF_PROSE = {'"""': '"""', "'''": "'''", "/*": "*/", "<!--": "-->"}
_DEFINITION = re.compile(
    r"(?:(?!(?:for|if|elif|while|in|not)\b)[\w.]+ )*"
    r"(?:def[a-z]*|class|function\*?|func?|fn|sub|interface|struct|enum|trait|module|type|object|"
    r"protocol|record|union|namespace)"
    r" +(?:\([^)]*\) *)?(?P<named>[\w$]+(?:(?:\.|::?)[\w$]+)*)"
    r"|(?:local )?(?P<assigned>[\w.]+) *(?:<-|=) *function\b"
    r"|(?i:create (?:or replace )?\w+ (?:if not exists )?(?P<created>[\w.\"`]+))"
    r"|(?:export )?(?:const|let|var) (?P<bound>[\w$]+) *=.*(?:=>|\bfunction\b)"
    r"|(?!(?:return|raise|throw|await|yield|else|new|el?if|for|while|switch|catch|not|case|assert|"
    r"del|delete|import|from|with|using|go|defer|echo|print|let|const|var)\b)"
    r"(?:[\w:<>\[\],*&?]+ )+[*&]*(?P<typed>[\w~:]+) *\([^()\"';=]*(?:\)[\w .,]*)?\{?$"
)
_WHAT = (
    r"(?:code|functions?|methods?|class(?:es)?|implementations?|logic|lines?|body|file|script|"
    r"module|component|program|statements?|cases?|fields?|members?|properties|content|elements?)"
)
_UNTOLD = (
    r"(?:(?:is|are|remains?|stays?|goes|go|comes|continues?|kept|will be|should be) )*"
    r"(?:here|unchanged|the same|same|as is|as before|as above|unmodified|omitted|untouched|"
    r"intact|identical|below|follows?|continues?|remains?|not shown)"
    r"(?: as (?:before|above|is))?(?: here)?"
)
_TO_BE_DONE = r"(?:todo:? )?(?:implement|add|insert|put|write|fill in|place|include|paste)"
_PHRASES = re.compile(
    "|".join(
        (
            rf"(?:[a-z]+ ){{0,2}}(?:rest|remainder) of (?:[\w.]+ ){{0,3}}{_WHAT}(?: {_UNTOLD})?",
            rf"(?:the )?rest {_UNTOLD}",
            r"(?:(?:the|your|my|all|keep|some|more|any) )*"
            r"(?:existing|remaining|other|original|previous|actual|unchanged|same|more)"
            rf"(?: \w+)? {_WHAT}(?: {_UNTOLD})?",
            rf"(?:\w+ ){{0,2}}(?:code|implementation|logic|body|function|method) {_UNTOLD}",
            r"unchanged|omitted|no changes?(?: here| needed)?|same as (?:before|above)|as before|"
            r"snip(?:ped)?|elided|and so on|etc",
            r".*\bfor brevity",
            rf"{_TO_BE_DONE} (?:.* )?(?:code|logic|implementation|rest)(?: .*)?here",
            r"todo:? implement(?: this| it| me)?",
        )
    )
)
_ABOUT_CODE = re.compile(
    r"\b(?:code|rest|remain\w*|existing|same|unchanged|other|previous|original|omitted|more|"
    r"continue\w*|implementation|logic|above|before|here|methods?|functions?)\b"
)


def leaves_out(code: str, original: str, is_strict: bool = False) -> bool:
    """Does ``original`` seem to have code that ``code`` neither repeats nor replaces?

    ``is_strict``: a new definition does not replace another.
    """
    return (
        announces_gap(code, original)
        or (bool(_bare(original)) and not _bare(code))
        or _lost_definitions(code, original, is_strict) > 0
    )


def announces_gap(code: str, original: str) -> bool:
    """Does ``code`` say that something was left out?

    Lines of ``original`` and of doctests do not count.
    """
    theirs = {line.strip() for line in LINE_BREAK.split(original)}
    lines = LINE_BREAK.split(code)
    in_doctest = False
    for line in lines:
        said = line.strip()
        in_doctest = said.startswith(">>>") or (in_doctest and said.startswith("..."))
        if not in_doctest and said not in theirs and (_is_gap(said) or _is_within(said, original)):
            return True
    shorter = sum(map(bool, map(str.strip, lines))) < len(theirs - {""})
    return shorter and any(_STUB.search(line) and line.strip() not in theirs for line in lines)


def _bare(code: str) -> str:
    """The code without comments and documentation."""
    return _without_prose(code).strip()


def _without_prose(code: str) -> str:
    kept: list[str] = []
    endless: set[str] = set()  # marks without an end, which is searched for only once
    at = 0
    while (mark := _PROSE.search(code, at)) is not None:
        kept.append(code[at : mark.start()])
        end = _END_OF_PROSE.get(mark[0])
        if end is None:
            at = mark.end()
            continue
        found = -1 if end in endless else code.find(end, mark.end())
        if found < 0:
            endless.add(end)
            kept.append(code[mark.start()])
            at = mark.start() + 1
        else:
            at = found + len(end)
    return "".join((*kept, code[at:]))


def _lost_definitions(code: str, original: str, is_strict: bool) -> int:
    """How many outermost definitions are gone without a new one in their place."""
    before, after = _definitions(original), _definitions(code)
    kept = _without_prose(code)
    lost = [name for name in set(before) if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", kept)]
    fewer = len(before) - len(after)
    return max(len(lost), fewer) if is_strict else len(lost) - len(set(after) - set(before))


def _definitions(code: str) -> list[str]:
    """Names defined at the indentation of the first line."""
    lines = [line for line in LINE_BREAK.split(_without_prose(code)) if line.strip()]
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())] if lines else ""
    heads = (line[len(indent) :] for line in lines if line.startswith(indent))
    found = (_DEFINITION.match(head) for head in heads if not head[:1].isspace())
    return [match[match.lastgroup or 0] for match in found if match]


def _is_gap(line: str) -> bool:
    said = _said_in_comment(line)
    body = (line if said is None else said).lower().strip(" ()[]<>")
    if re.match(_DOTS, body):
        rest = re.sub(rf"{_DOTS}|[()]", " ", body).strip()
        return not rest or _ABOUT_CODE.search(rest) is not None
    if said is None or len(body) > _LONGEST_PHRASE:
        return False
    return _PHRASES.fullmatch(re.sub(rf"{_DOTS}|[.:;,!]+$", "", body).strip()) is not None


def _said_in_comment(line: str) -> str | None:
    """The text of a comment line; ``None`` if the line is not a comment."""
    if (opener := _OPENER.match(line)) is None:
        return None
    return _CLOSER.sub("", line[opener.end() :].rstrip()).rstrip()


def _is_within(line: str, original: str) -> bool:
    is_example = line.startswith("*")  # in a documentation comment
    return not is_example and any(
        match[0].strip() not in original for match in _WITHIN.finditer(line)
    )
