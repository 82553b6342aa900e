"""What the values of passwords and keys look like, as opposed to names, words and placeholders."""

# ruff: noqa: SIM905 - long lists of words, to be read and added to

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping

from herdmate.redaction.telling_names import Kind


def is_password(value: str) -> bool:
    """Does it look like a password that a person chose, rather than a name or a sentence?"""
    if len(value) < 6 or " " in value or is_placeholder(value):
        return False
    if _NO_PASSWORD.fullmatch(value[:200]) is not None:
        return False
    kinds = kinds_in(value)
    return kinds >= 3 or (kinds == 2 and _DIGIT.search(value) is not None and not is_name(value))


def is_secret_value(value: str) -> bool:
    """Does it look random?"""
    if len(value) < 8 or " " in value or is_placeholder(value):
        return False
    if (
        is_name(value)
        or value.count("|") > 1
        or ("/" in value and "." in value and value.count("/") > 2)
    ):
        return False
    if _HEX.fullmatch(value):
        return len(value) >= 20 and _DIGIT.search(value) is not None
    return is_mixed(value) and entropy(value) >= (3.0 if len(value) >= 16 else 2.75)


def is_passphrase(value: str, fewest: int) -> bool:
    """Is it made of at least ``fewest`` plain words, as if drawn at random, and not a sentence?"""
    words = re.split("[ -]", value[:300])
    return (
        fewest <= len(words) <= 24
        and all(_PLAIN_WORD.fullmatch(word) for word in words)
        and _OF_SENTENCES.isdisjoint(words)
    )


def digits_in(value: str) -> int:
    """How many digits it has."""
    return len(_DIGIT.findall(value))


_PLAIN_WORD = re.compile("[a-z]{3,10}")
_OF_SENTENCES = frozenset(
    "and are but can cannot enter file for from has have invalid key may must new not one only "
    "passphrase password phrase please provide required should that the them this type used user "
    "when which will with word words wrong you your".split()
)
_DIGIT, _HEX = re.compile(r"[0-9]"), re.compile(r"[0-9a-fA-F-]+")
_SIZE = re.compile("(?<=[A-Za-z])(?:256|384|512)(?=[_.-])")
_NO_PASSWORD = re.compile(
    r"(?:[A-Z][a-z]+){4,}[A-Z]?\d{0,2}|[~^]?v?\d+(?:\.\d+)+|[.~]{0,2}/[\w./-]+"
)
"""A name in camel case, a version, a path."""

_HEX_KEY = re.compile("(?:0x)?[0-9a-fA-F]{64}")
_DOTTED = re.compile(r"[A-Za-z]*\d{0,2}(?:[-_.:/][A-Za-z]*\d{0,2})*")


_PLACEHOLDER = re.compile(
    r"(?i)^\$(?![1-9a-z]{1,6}\$)|\$[({]|\$[a-z_]{3}|%[({sd]|\{|\}|<|>|\.\.\.|…|\*\*\*|"
    r"xxxx|\][+*]|\.[+*]|\[\^|\\[wWdDsSbB]|^(?:your|my|the|some|example|change|replace|"
    r"insert|enter|todo|none|null|true|false|undefined|dummy|fake|sample|placeholder|redacted)\b|"
    r"your[_-]|change[_-]?me|^[\w.]*(?:example|placeholder)$"
)
_WELL_KNOWN = frozenset(
    "pass passwd password pwd secret token user username pw hunter2 example p4ssw0rd pass123 test "
    "test123 password123 password1 secret123 abc123 123456 12345678".split()
)


def is_placeholder(value: str) -> bool:
    """Is it a placeholder, as in documentation and templates?"""
    if value.lower() in _WELL_KNOWN or len(set(value)) < 4:
        return True
    return _PLACEHOLDER.search(value[:200]) is not None


def is_name(value: str) -> bool:
    """Is it made of words, like names, paths and configuration keys?"""
    plain = _SIZE.sub("", value[:200])
    return _DOTTED.fullmatch(plain) is not None and not _is_random_word(value)


def _is_random_word(value: str) -> bool:
    """Does its case change more often than in any camel-case name?"""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", value[:200])
    return len(words) >= 6 and sum(map(len, words)) / len(words) < 3


def is_mixed(value: str) -> bool:
    """Does it mix digits with letters, or upper and lower case at random, as no word does?"""
    has_letter = any(map(str.isalpha, value[:200]))
    return (has_letter and _DIGIT.search(value) is not None) or _is_random_word(value)


def kinds_in(value: str) -> int:
    """How many kinds of characters it has: lower case, upper case, digits, others."""
    kinds = ("[a-z]", "[A-Z]", "[0-9]", r"[^A-Za-z0-9\s_.-]")
    return sum(re.search(kind, value) is not None for kind in kinds)


def entropy(value: str) -> float:
    """Bits per character."""
    value = value[:200]
    shares = [count / len(value) for count in Counter(value).values()]
    return -sum(share * math.log2(share) for share in shares)


def _is_chosen_or_random(value: str) -> bool:
    return is_password(value) or is_secret_value(value)


def _is_password_or_phrase(value: str) -> bool:
    return _is_chosen_or_random(value) or is_passphrase(value, 4)


def _is_mnemonic(value: str) -> bool:
    return is_passphrase(value, 12)


def _is_hex_key(value: str) -> bool:
    return _HEX_KEY.fullmatch(value) is not None and not is_placeholder(value)


LOOKS_SECRET: Mapping[Kind, Callable[[str], bool]] = {
    "password": _is_chosen_or_random,
    "phrase": _is_password_or_phrase,
    "words": _is_mnemonic,
    "hex": _is_hex_key,
    "random": is_secret_value,
}
