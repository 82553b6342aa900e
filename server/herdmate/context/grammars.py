"""Grammars by LSP language id, from whichever grammar package this Python has.

tree-sitter-languages (tree-sitter 0.21 API) has no wheels for Python 3.13 and later, where
tree-sitter-language-pack 0.13 (API of 0.25 and later) takes its place. Their parsers differ in how
they are stopped; ``parse_bytes`` hides that.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Generator
from functools import cache
from pathlib import PurePath
from typing import Any

from herdmate.context.languages import LANGUAGES, Language

LONGEST_PARSE = 1.0
"""Seconds. Text that is not really in its language can take a hundred times as long as code."""

_SLICE = 0.02
"""Seconds that a parse may take before yielding."""

_CHUNK = 1 << 16

_PARSED_ANEW = frozenset({"swift"}) if sys.version_info >= (3, 13) else frozenset()
"""Languages whose scanner in this package frees memory it does not own on incremental parses, so
every parse starts over. Found by ``tests/context/test_grammar_fuzz.py``."""

_BY_FILE = {name: language for language, item in LANGUAGES.items() for name in item.files}


def parse_bytes(
    language: str, source: bytes, old_tree: Any | None = None, seconds: float = LONGEST_PARSE
) -> Any | None:
    """The ``tree_sitter.Tree`` of UTF-8 text; ``None`` if there is no grammar or time runs out."""
    parser = parser_for(language)
    if parser is None:
        return None
    try:
        return _parse_for(parser, source, _reusable(language, old_tree), seconds)
    except ValueError:
        # Out of time. Without a reset the next parse would continue with this text.
        parser.reset()
        return None


def parse_in_slices(
    language: str, source: bytes, old_tree: Any | None = None, seconds: float = LONGEST_PARSE
) -> Generator[None, None, Any | None]:
    """Like ``parse_bytes``, but yields after every ``_SLICE`` seconds.

    Only time spent in slices counts. A thread would not help: tree-sitter holds the interpreter
    lock.
    """
    # Not the shared parser: its next caller would continue with this text.
    parser, old_tree = _new_parser(language), _reusable(language, old_tree)
    while parser is not None and seconds > 0:
        began = time.monotonic()
        try:
            return _parse_for(parser, source, old_tree, min(_SLICE, seconds))
        except ValueError:  # out of time; the next call continues with the same text
            seconds -= max(time.monotonic() - began, _SLICE / 2)
            yield
    return None


def _reusable(language: str, tree: Any | None) -> Any | None:
    return None if language in _PARSED_ANEW else tree


def _parse_for(parser: Any, source: bytes, old_tree: Any | None, seconds: float) -> Any:
    """Parse, or raise ``ValueError`` when time runs out."""
    old = () if old_tree is None else (old_tree,)
    if sys.version_info < (3, 13):
        parser.set_timeout_micros(int(seconds * 1_000_000))
        return parser.parse(source, *old)
    end = time.monotonic() + seconds
    return parser.parse(
        lambda at, _: source[at : at + _CHUNK],
        *old,
        progress_callback=lambda at, has_error: time.monotonic() > end,
    )


@cache
def parser_for(language: str) -> Any | None:
    """The ``tree_sitter.Parser`` for an LSP language id, loaded on the first call, or ``None``.

    All callers share it: parse on one thread only.
    """
    return _new_parser(language)


def _new_parser(language: str) -> Any | None:
    known = LANGUAGES.get(language)
    if known is None:
        return None
    try:
        return _from_language_pack(known) if sys.version_info >= (3, 13) else _from_languages(known)
    except (ImportError, OSError, AttributeError, LookupError):
        # Neither package has every grammar, and we are useful without either.
        return None


def language_of(path: str | PurePath) -> str:
    """The LSP language id for a file's name, ``"plaintext"`` if it is unknown."""
    name = PurePath(path)
    suffix = name.suffix
    return (
        _BY_FILE.get(name.name)
        or _BY_FILE.get(suffix)
        or _BY_FILE.get(suffix.lower())
        or "plaintext"
    )


def ending_of(language: str) -> str:
    """The file extension for an LSP language id, ``".txt"`` if it is unknown."""
    known = LANGUAGES.get(language)
    return next((name for name in known.files if name.startswith(".")), "") if known else ".txt"


def _from_language_pack(language: Language) -> Any:
    import tree_sitter_language_pack as pack

    return pack.get_parser(language.grammar)  # type: ignore[arg-type, unused-ignore]


def _from_languages(language: Language) -> Any:
    import tree_sitter_languages as pack

    with warnings.catch_warnings():
        # tree-sitter 0.21 warns about the call with which this package loads its grammars.
        warnings.simplefilter("ignore", FutureWarning)
        return pack.get_parser(
            language.grammar if language.old_grammar is None else language.old_grammar
        )
