"""Whatever a model replies: what is outside the target stays, and nothing of worth is lost.

All 2,000 replies are tried where ``HERDMATE_LONG`` is set, over the files of the folder that
``HERDMATE_FILES`` names if it is set as well.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herdmate.actions.rewrite import checked
from herdmate.actions.target import resolve_target
from herdmate.context.grammars import language_of
from herdmate.errors import HerdmateError, RefusedError
from herdmate.prompting.library import load_library
from herdmate.text import Document, Selection, Span, apply_edits
from tests.actions.mutations import lost_line_ends, mutated, outline_of_markdown

ROOT = Path(__file__).parents[2]
SIMPLIFY = load_library()[0].get("simplify")
IS_LONG = bool(os.environ.get("HERDMATE_LONG"))
COUNT = 2_000 if IS_LONG else 120
STRING = re.compile(r"\"\"\"[^\"]*\"\"\"|`[^`]*`|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*\*/|^[ \t]*(?:\*|//|#|--).*$", re.MULTILINE)
PATTERNS = (
    *("server/herdmate/actions/*.py", "extension/src/*.ts", "extension/media/*.*", "*.md"),
    *("extension/*.mjs", "extension/*.sh", "prompts/*.toml", "server/*.md", ".ci/run"),
)


@cache
def files() -> tuple[Document, ...]:
    folder = os.environ.get("HERDMATE_FILES")
    paths = sorted(Path(folder).iterdir()) if folder else _own()
    return tuple(
        Document(path.as_uri(), language_of(path), path.read_bytes().decode("utf-8"))
        for path in paths
        if path.suffix not in (".png", ".svg")
    )


def _own() -> list[Path]:
    return [path for pattern in PATTERNS for path in sorted(ROOT.glob(pattern))]


def _target(document: Document, chance: random.Random) -> Selection | None:
    """A definition, or some lines; in prose, a stretch of lines."""
    text = document.text
    if chance.random() < 0.3:
        rows = [match.start() for match in re.finditer(r"^", text, re.MULTILINE)]
        first = chance.randrange(len(rows))
        last = rows[min(first + 2 + chance.randrange(60), len(rows) - 1)]
        span = Span(rows[first], max(last, rows[first]))
    else:
        at = chance.randrange(len(text) + 1)
        span = Span(at, at)
    try:
        target = resolve_target(Selection(document, span))
    except HerdmateError:
        return None
    return target if len(target.text) < 20_000 else None


def damages(
    target: Selection, edits: tuple[tuple[Span, str], ...], after: str, reply: str
) -> list[str]:
    """What a rewrite that was not refused has damaged, in words."""
    found = []
    text, span = target.document.text, target.span
    for where, new in edits:
        is_inside = span.start <= where.start and where.end <= span.end
        lines = [line.strip() for line in new.splitlines() if line.strip()]
        is_import = where.is_empty and where.start <= span.start
        is_import = is_import and all(re.search(r"import|include|use|require", x) for x in lines)
        if not is_inside and not is_import:
            found.append("outside")
    new_target = after[span.start : len(after) - (len(text) - span.end)]
    if not after.endswith(text[span.end :]):
        found.append("outside")
    if lost := lost_line_ends(text, after):
        found.append(f"line ends of {lost[:1]}")
    if target.document.language == "markdown":
        old, new_ = outline_of_markdown(target.text), outline_of_markdown(new_target)
        for kind, one, other in zip(("headings", "code"), old, new_, strict=True):
            most = 0 if kind == "headings" else one.total() // 2
            if one.total() - other.total() > most and one - other:
                found.append(kind)
        return found
    found += _lost_code(target, new_target, after, reply)
    return found


def _lost_code(target: Selection, new_target: str, after: str, reply: str) -> Iterator[str]:
    if _names(target.document.language, target.text) - _names(target.document.language, new_target):
        yield "definitions"
    plain = reply.replace("\r\n", "\n")
    text, span = target.document.text, target.span
    blank = COMMENT.sub(lambda found: re.sub(r"[^\r\n]", " ", found[0]), text)
    code = blank[span.start : span.end]
    for literal in STRING.findall(code):
        words = set(re.findall(r"\w{2,}", literal))
        repeated = literal.replace("\r\n", "\n") in plain
        if "\n" in literal and repeated and literal not in after:
            yield f"literal {literal[:30]!r}"
        is_docstring = literal.startswith('"""')
        if len(words) >= 3 and not is_docstring and literal not in after:
            share = len(words & set(re.findall(r"\w{2,}", new_target))) / len(words)
            if share < 0.5:
                yield f"literal {literal[:30]!r} (words)"


def _names(language: str, code: str) -> Counter[str]:
    """The names of functions and classes at the start of lines."""
    words = r"(?:def|class|func|function|fn|interface|struct|enum|trait|impl|type)"
    found = re.findall(
        rf"^[ \t]*(?:export |public |async |static )*{words}\s+([\w.:]*\w)", code, re.M
    )
    return Counter(found if language != "markdown" else ())


def _outcome(
    document: Document, chance: random.Random, parity: int | None
) -> tuple[str, list[str]]:
    target = _target(document, chance)
    if target is None:
        return "no target", []

    def half(at: int) -> bool:
        return parity is None or at % 2 == parity

    reply, finished, said = mutated(target.text.replace("\r\n", "\n"), chance, half)
    try:
        done = checked(target, SIMPLIFY, reply, finished)
    except RefusedError:
        return "refused", []
    after = apply_edits(document.text, done.edits)
    edits = tuple((edit.span, edit.new_text) for edit in done.edits)
    return "applied", [
        f"{document.uri} {target.span} {said}: {what}"
        for what in damages(target, edits, after, reply)
    ]


def _all(count: int, seed: int, parity: int | None = None) -> tuple[Counter[str], list[str]]:
    kinds: Counter[str] = Counter()
    found: list[str] = []
    given_files = [f for at, f in enumerate(files()) if parity is None or at % 2 == parity]
    for at in range(count):
        chance = random.Random(seed * 1_000_003 + at)
        kind, damage = _outcome(given_files[at % len(given_files)], chance, parity)
        kinds[kind] += 1
        found += damage
    return kinds, found


@pytest.mark.timeout(3600)
def test_no_reply_damages_a_file() -> None:
    kinds, found = _all(COUNT, 1)
    assert not found, "\n".join(found[:20])
    assert kinds["applied"] > COUNT // 10
    assert kinds["refused"] > COUNT // 10


@settings(max_examples=COUNT // 4, deadline=None)
@given(
    st.integers(0, 10**9),
    st.lists(
        st.one_of(
            st.sampled_from(
                ["```", "```python", "~~~", "````", "\r", "\ufeff", "\t", "  ", "}", "end"]
            ),
            st.text(max_size=30),
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_any_text_in_any_place_of_a_reply(seed: int, texts: list[str], finished: bool) -> None:
    """The reply is what hypothesis makes of the target: its lines, with any text between them."""
    chance = random.Random(seed)
    document = files()[seed % len(files())]
    target = _target(document, chance)
    if target is None:
        return
    lines = ["```", *target.text.split("\n"), "```"]
    for text in texts:
        lines.insert(chance.randrange(len(lines) + 1), text)
    reply = "\n".join(lines)
    try:
        done = checked(target, SIMPLIFY, reply, finished)
    except RefusedError:
        return
    after = apply_edits(document.text, done.edits)
    edits = tuple((edit.span, edit.new_text) for edit in done.edits)
    assert not damages(target, edits, after, reply)
