"""What code did before a rewrite that must keep its behaviour, and what nothing in it does now.

Only what cannot be a mistake of the judge: as soon as the new code calls something that might do
the same, nothing is said.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from herdmate.context.effects import Effects


def lost_behaviour(old: Effects, new: Effects, own: frozenset[str], language: str) -> str:
    """What the new code no longer does, as a verb and its object; ``""`` if nothing is sure.

    ``own`` are the functions that the file defines elsewhere.
    """
    return next(_lost(old, new, own, language), "")


def _lost(old: Effects, new: Effects, own: frozenset[str], language: str) -> Iterator[str]:
    yield from _lost_by_function(old, new, language)
    added = new.calls - old.calls - new.functions.keys() - _COLLECTORS
    if added:
        return
    kept = new.words
    if not new.bare_calls - old.calls:
        yield from (f"call {name}()" for name in _lost_effects(old, new))
    yield from _lost_values(old, new, own)
    for name in sorted(old.raised - kept - _NATURAL - old.caught):
        yield f"raise {name}"
    if not new.caught and (lost := old.caught - _caught_otherwise(old)):
        yield f"catch {min(lost)}"
    yield from _lost_statements(old, new, language)
    for name in sorted(old.stored - kept):
        yield f"set {name}"
    numbers = {text for text in new.tokens if text[:1].isdigit()}
    if numbers <= old.tokens.keys() and not old.tokens.keys() & {"**", "pow"}:
        yield from (f"use {number}" for number in sorted(old.factors - numbers - _SMALL))


def _lost_by_function(old: Effects, new: Effects, language: str) -> Iterator[str]:
    for name, had in old.functions.items():
        if name and name not in new.functions:
            continue
        has, where = new.functions.get(name, set()), f" in {name}" if name else ""
        if "docstring" in had - has:
            yield f"document {name}" if name else "have a docstring"
        if "yield" in had - has and not (language == "python" and "lazy" in has):
            yield f"yield anything{where}"
        # Go has results with names, which a bare ``return`` gives as well.
        if "return" in had - has and "yield" not in had | has and language != "go":
            yield f"return a value{where}"
        is_passed_on = "lazy" in has and language.startswith(("javascript", "typescript"))
        if "await" in had - has and not is_passed_on:
            yield f"await anything{where}"


def _lost_effects(old: Effects, new: Effects) -> list[str]:
    """Calls whose results were not used, so that they were there for what else they do."""
    lost = old.bare_calls - new.words - old.values - old.functions.keys()
    lost -= _REPLACEABLE | _COLLECTORS | _PURE
    return sorted(name for name in lost if not name.startswith(("set", "Set", "__")))


def _lost_values(old: Effects, new: Effects, own: frozenset[str]) -> Iterator[str]:
    words = new.words | new.tokens.keys()
    for kind in _KINDS:
        called = old.applied & kind.names
        is_replaced = words & (kind.names | kind.replaced_by) or _counts_more(new, old)
        if called and not is_replaced and not (old.words | old.tokens.keys()) & kind.absorbed_by:
            yield f"call {min(called)}()"
    if not (new.tokens.keys() - old.tokens.keys()) & _OPERATORS:
        lost = (old.own_calls & own) - new.words - old.values - old.functions.keys()
        yield from (f"call {name}()" for name in sorted(lost))


def _lost_statements(old: Effects, new: Effects, language: str) -> Iterator[str]:
    for word in ("with", "synchronized"):
        is_tried = new.tokens["try"] > old.tokens["try"] or "suppress" in old.words
        if old.tokens[word] and not new.tokens[word] and not is_tried:
            yield f"use {word}"
    if new.tokens.keys() <= old.tokens.keys() and not new.calls - old.calls:
        yield from _lost_refinements(old, new, language)
    gone = {word for word in old.tokens - new.tokens if word.isidentifier()}
    if gone == {"new"} and not new.tokens - old.tokens:
        yield "use new"
    if old.tokens.keys() & _LOOPS and not _may_repeat(old, new):
        yield "repeat anything"
    is_closed = new.tokens["try"] or new.tokens["with"] > old.tokens["with"]
    if old.tokens["finally_clause"] and not is_closed:
        yield "have a finally block"
    raises = new.raised - old.raised
    if old.tokens["assert"] and not new.tokens["assert"] and not raises:
        yield "assert anything"


def _lost_refinements(old: Effects, new: Effects, language: str) -> Iterator[str]:
    """Calls that gave a variable its next value, where nothing new stands anywhere."""
    if language == "python" and "else" in new.tokens:  # it may choose between two of them now
        return
    for variable, name in sorted(old.refined - new.refined):
        if variable in new.tokens and new.tokens[name] < old.tokens[name]:
            yield f"call {name}()"


def _may_repeat(old: Effects, new: Effects) -> bool:
    """Is there a loop, or anything at all that could stand for one?"""
    tokens = new.tokens.keys()
    is_new = tokens - old.tokens.keys() or new.calls - old.calls
    is_copied = old.calls & _GATHERING or new.calls & _COLLECTORS
    return bool(is_new or is_copied or tokens & (_LOOPS | {"in", "yield"}))


def _counts_more(new: Effects, old: Effects) -> bool:
    """Does the new code compare or negate more often, as what replaces ``abs`` does?"""
    return any(new.tokens[mark] > old.tokens[mark] for mark in ("-", "<", ">", "<=", ">=", "//"))


def _caught_otherwise(old: Effects) -> frozenset[str]:
    """What code without a handler can avoid: a missing key, for example, by asking for it."""
    if old.calls & {"remove", "index"}:
        return _AVOIDABLE | {"ValueError"}
    return _AVOIDABLE


@dataclass(frozen=True, slots=True)
class _Kind:
    """Functions that change a value in a way that only ``replaced_by`` does too.

    Where one of ``absorbed_by`` follows, they may have made no difference.
    """

    names: frozenset[str]
    replaced_by: frozenset[str]
    absorbed_by: frozenset[str]


def _kind(names: str, replaced_by: str, absorbed_by: str) -> _Kind:
    return _Kind(_words(names), _words(replaced_by), _words(absorbed_by))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KINDS = (
    _kind(
        "abs fabs Abs unsigned_abs",
        "max pow sqrt hypot dist copysign norm abs_diff isclose",
        "** pow len == != === !== sign signum copysign",
    ),
    _kind(
        "lower upper toLowerCase toUpperCase ToLower ToUpper to_lowercase to_uppercase casefold"
        " toLocaleLowerCase toLocaleUpperCase to_ascii_lowercase to_ascii_uppercase",
        "EqualFold equalsIgnoreCase compareToIgnoreCase localeCompare eq_ignore_ascii_case"
        " IGNORECASE re regex RegExp regexp capitalize title swapcase",
        "hexdigest len",
    ),
    _kind(
        "round floor ceil trunc rint Round Floor Ceil Trunc",
        "int format quantize toFixed parseInt as intValue longValue toInt divmod isqrt"
        " format_specifier % //",
        "len range toFixed format format_specifier // %",
    ),
    _kind(
        "sorted sort Sort toSorted sort_by sort_unstable sort_by_key sort_unstable_by",
        "min max nsmallest nlargest heapify heappush heappop insort bisect TreeMap TreeSet"
        " BTreeMap BTreeSet SortedDict SortedList Strings Ints Slice SliceStable SortFunc sortBy",
        "set len sum any all Counter frozenset min max length size count Set",
    ),
    _kind(
        "strip trim TrimSpace lstrip rstrip trimStart trimEnd trim_start trim_end",
        "split splitlines sub replace isspace removeprefix removesuffix re RegExp regexp fields"
        " Fields split_whitespace TrimLeft TrimRight Trim TrimPrefix TrimSuffix isBlank",
        "split int float Decimal parse Atoi ParseInt ParseFloat Number parseInt parseFloat loads"
        " isspace isBlank valueOf fromisoformat",
    ),
)

_REPLACEABLE = _words(
    "append add push extend update insert put push_back push_str unshift addAll putAll pop remove"
    " discard clear delete sort reverse close forEach for_each next acquire release setdefault"
    " setattr delattr then catch finally resolve reject drop free super splice copy"
    " extend_from_slice appendleft add_argument insert_str concat"
)
"""What a comprehension, an operator, a statement or a literal does as well as a call."""

_COLLECTORS = _words(
    "sum any all min max sorted list dict set tuple frozenset zip enumerate map filter range len"
    " join append extend items keys values format reversed isinstance reduce forEach some every"
    " find findIndex flatMap flat from entries includes push concat slice stream of collect toList"
    " toSet mapToInt mapToDouble mapToObj mapToLong count anyMatch allMatch noneMatch findFirst"
    " findAny joining groupingBy boxed iterator asList iter into_iter iter_mut fold for_each"
    " position filter_map flat_map cloned copied rev take skip make contains startswith endswith"
)  # fmt: skip
"""What only puts values together: it cannot replace a call for its effect, nor an exception."""

_PURE = frozenset(dir(builtins)) - {"print", "input", "exec", "eval", "open", "breakpoint"} | {
    *("split", "encode", "decode", "strip", "lower", "upper", "toString", "valueOf"),
}
"""What has no effect but its result: called for nothing, it does nothing."""

_NATURAL = _words(
    "KeyError IndexError LookupError StopIteration StopAsyncIteration ZeroDivisionError"
    " AttributeError AssertionError NullPointerException IndexOutOfBoundsException"
    " ArrayIndexOutOfBoundsException NoSuchElementException ClassCastException"
    " ArithmeticException NumberFormatException IOError EnvironmentError WindowsError"
)
"""Exceptions that the language raises itself, so that code need not, or that have two names."""

_AVOIDABLE = _NATURAL | {
    *("FileNotFoundError", "FileExistsError", "TypeError", "NameError", "UnboundLocalError"),
    *("ImportError", "ModuleNotFoundError"),
}

_OPERATORS = _words(
    "+ - * / % // ** == != === !== < > <= >= and or not in is && || ! & | ^ ~ << >> ?? ?"
)

_LOOPS = _words("for while loop")

_GATHERING = _words("append add push put insert extend push_back addAll")
"""What a loop calls that only copies."""

_SMALL = _words("0 1 2 10 0.0 1.0 2.0 0L 1L 1.0f")
"""Numbers that may be there for form's sake."""
