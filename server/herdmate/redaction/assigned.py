"""The values of names that suggest secrets: ``password = …``, ``"apiKey": …``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from herdmate.redaction.literals import literal_at
from herdmate.redaction.places import Place
from herdmate.redaction.telling_names import Kind, telling_names_in
from herdmate.redaction.values import (
    LOOKS_SECRET,
    digits_in,
    entropy,
    is_passphrase,
    is_password,
    is_placeholder,
    is_secret_value,
    kinds_in,
)

_LONGEST_READ = 256
"""Characters of a value that are examined."""

_LONG_ENOUGH = 16
"""Characters. A value this long that looks random is hardly ever just a name."""

_OPERATOR = re.compile(
    r"(?:s|[_.-]?(?:(?i:key|access|secret|token|base|prod|production|dev|development|test|live|"
    r"staging|value|string|str|text|hash|default|v?\d{1,3})|[A-Z]{1,20})){0,3}"
    r"[\"'`\]]{0,2}[ \t]{0,8}"
    r"(?::[ \t]{0,2}[\w.]{1,30}(?:\[\w{1,30}\])?[ \t]{0,2}(?:\|[ \t]?None[ \t]{0,2})?(?==)|)"
    r"(?:=>|:=|\?=|<<?-(?![A-Za-z])|←|==?=?|!=|:|：|(?<=[\"'`\]]),|>|[ \t](?=[\"'「])|"
    r"\((?=[\"'`]|\s{0,80}[\"'])|"
    r",?\s{1,40}[\"']?[vV]alue[\"']?[ \t]{0,2}[:=])[ \t]{0,8}"
    r"(?:(?:&|!{1,2})[\w-]{1,40}[ \t]{1,4}){0,2}(?:\([ \t]{0,2})?"
)
"""What can come between such a name and its value."""

_SHORT = ("pass", "pw", "psw", "mdp")
"""Endings of names that are also ordinary words, or abbreviations of other things."""

_IS_SET = re.compile(r"=(?!=)|(?<!:):(?!:)|<-|>")
_RUN = re.compile(r"[^\s\"'`()\[\]{}<>;,]*")
_AFTER = re.compile(r"[ \t]{0,8}(?:[\r\n<;#,\"'`]|\Z)")
_ATTRIBUTE = re.compile(r"[A-Za-z_]+\.[A-Za-z_]\w{0,24}|[^.]*\.[^.]*\..*")
_CONSTANT = re.compile("[A-Z]+(?:_[A-Z0-9]+)+")
_LINE_END = re.compile(r"[ \t]{0,8}(?:[\r\n]|\Z)")
_PHRASE = re.compile(r"[a-z]{3,10}(?:[ -][a-z]{3,10}){3,23}(?=[ \t]{0,8}(?:[\r\n#]|\Z))")


def assigned_in(text: str) -> Iterator[Place]:
    """The places of the values of telling names, in the order of the names."""
    run = 0, 0
    for kind, start, end in telling_names_in(text):
        if (behind := _OPERATOR.match(text, end)) is None:
            continue
        if _is_another(text[start:end].lower(), behind[0]):
            continue
        at = behind.end()
        if (literal := literal_at(text, at, text[at - 1] != ",")) is not None:
            yield from literal.hidden(LOOKS_SECRET[kind])
            continue
        if kind in ("phrase", "words") and (phrase := _PHRASE.match(text, at)) is not None:
            if is_passphrase(phrase[0], 12 if kind == "words" else 4):
                yield phrase.span()
            continue
        if not run[0] <= at < run[1]:  # each run is read once, however many names it contains
            run = at, _RUN.match(text, at).end()  # type: ignore[union-attr]
        if _is_bare(text, kind, (start, end), (at, run[1])):
            yield at, run[1]


def _is_another(name: str, behind: str) -> bool:
    """Does a name mean something else where no value is set, as in ``pass "x"``, ``token("x")``?"""
    is_doubtful = name.endswith(_SHORT) or (name == "token" and "(" in behind)
    return is_doubtful and _IS_SET.search(behind) is None


def _is_bare(text: str, kind: Kind, name: Place, place: Place) -> bool:
    """Is the value of a name a secret without quotes?"""
    at, end = place
    value = text[at : min(end, at + _LONGEST_READ)]
    # In a shell a command can follow; after a long value in prose, anything can.
    may_go_on = text[at - 1] == "=" or (len(value) >= 20 and text[end : end + 1] == " ")
    if len(value) < 6 or not (may_go_on or _AFTER.match(text, end)):
        return False
    if text[at - 1] == ">":  # an element
        return LOOKS_SECRET[kind](value)
    return _is_bare_secret(value, kind, text, name, place)


def _is_bare_secret(value: str, kind: Kind, text: str, name: Place, place: Place) -> bool:
    """Does a value look like a secret, and not like an expression in code?"""
    at, end = place
    if kind == "hex":
        return LOOKS_SECRET[kind](value)
    of_people = kind in ("password", "phrase")
    if _CONSTANT.fullmatch(value) is not None:
        return False
    if _is_variable(text, name, at) and not is_placeholder(value):
        return of_people or len(set(value)) > 7
    digits, is_setting = digits_in(value), of_people and _is_setting(text, name, end)
    if is_setting and digits > 0 and kinds_in(value) >= 3 and is_password(value):
        return True
    if digits < 3 and not is_setting:
        return False
    if _ATTRIBUTE.fullmatch(value) is not None or not is_secret_value(value):
        return False
    if is_setting and len(value) >= _LONG_ENOUGH:
        return True
    return digits >= 3 and (entropy(value) >= 3.3 or (of_people and kinds_in(value) >= 3))


def _is_variable(text: str, name: Place, at: int) -> bool:
    """Is an environment variable or the like being set, as in a shell?"""
    before = _before(text, name[0])
    if _PASSED.search(before) is not None:
        return True
    is_upper = _EXPORTED.fullmatch(text, name[0], at) is not None
    return is_upper and _ENVIRONMENT.search(before) is not None


def _is_setting(text: str, name: Place, end: int) -> bool:
    """Is a line nothing but a name and a value, as in YAML and properties?"""
    is_name = _SETTING.fullmatch(_before(text, name[0])) is not None
    return is_name and _SET.match(text, name[1]) is not None and bool(_LINE_END.match(text, end))


def _before(text: str, at: int) -> str:
    """The start of a line, as far back as it is read."""
    low = max(at - _LONGEST_READ, 0)
    return text[max(low, text.rfind("\n", low, at) + 1) : at]


_ENVIRONMENT = re.compile(
    r"(?:^[ \t]*(?:-[ \t]+)?[\"']?|\b(?:export|set|setx|ENV|ARG|env)[ \t]+[\"']?|"
    r"(?:&&|;|Environment=)[ \t]{0,2}[\"']?)[A-Z0-9_]*\Z"
)
_EXPORTED = re.compile(r"[A-Z][A-Z0-9_]*(?:=|:[ \t]+)")
_PASSED = re.compile(
    r"(?:[ \t\"']-D|[ \t\"'](?:-e|--env|--build-arg|config:set|secrets[ ]set|vars[ ]set)"
    r"[ =\"',]{1,4}|-literal[= ]|\bkv[ ]put[ ][^\s=]{1,80}[ ])[\w.-]{0,80}\Z"
)
_SETTING = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w.-]*")
_SET = re.compile(r"[\w.-]{0,40}(?:=|:[ \t]{1,8})[^\s=]")
