"""The server's own work per keystroke, without a model, in a short file and in a long one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from herdmate.bench.conditions import Conditions
from herdmate.bench.figures import median
from herdmate.completion.cache import CompletionCache
from herdmate.completion.postprocess import finish
from herdmate.completion.syntax_check import syntax_check_at
from herdmate.completion.trigger import shape_at, silence_reason
from herdmate.context.window import fitting, gather, lines_in_reach
from herdmate.lsp.documents import Documents
from herdmate.lsp.open_document import change_to_lsp
from herdmate.text import Cursor, Document, Edit, Span

_LENGTHS = (500, 20_000)
_TYPED = "\n    value = compute(alpha, beta)[0] + total / count if count else default" * 3
_KEYS_TO_PAUSE = 10
_SAID = "value + 1\n    return value\n"


@dataclass(frozen=True, slots=True)
class Keystroke:
    """Median milliseconds by the file's number of lines: the total, ``all``, and its parts.

    ``edit`` covers positions, text and lines but not the syntax tree, which is ``tree``; ``window``
    is everything before the model is asked, ``rules`` everything after its answer. ``pause`` is not
    part of the total: it is the time to update the syntax tree once typing pauses. ``ratio`` is the
    longest file's total divided by the shortest one's.
    """

    milliseconds: dict[int, dict[str, float]]
    ratio: float


async def keystroke(given: Conditions) -> Keystroke:
    """Type in the middle of files made by repeating the scene's."""
    found = {}
    for count in _LENGTHS:
        given.tell(f"keystroke: {count} lines")
        document = _long(given.scene.document, count)
        rows = list(_typed(document, tree=True))
        without = list(_typed(document, tree=False))
        pauses = [row.pop("pause") for row in rows]
        parts = {name: median([row[name] for row in rows]) * 1000 for name in rows[0]}
        parts["pause"] = median(pauses[::_KEYS_TO_PAUSE]) * 1000
        parts["tree"] = parts["edit"] - median([row["edit"] for row in without]) * 1000
        parts["edit"] -= parts["tree"]
        found[count] = parts
    first, last = (found[count]["all"] for count in (_LENGTHS[0], _LENGTHS[-1]))
    return Keystroke(found, last / first)


def _typed(document: Document, tree: bool) -> Iterator[dict[str, float]]:
    """The seconds of each keystroke's parts."""
    documents, cache = Documents(), CompletionCache()
    documents.start(document if tree else _untold(document))
    _parse(documents)
    opened = documents.get(document.uri)
    offset = document.text.index("\n", len(document.text) // 2)
    for number, char in enumerate(_TYPED):
        change = change_to_lsp(opened, Edit(Span(offset, offset), char), number + 2)
        started = time.perf_counter()
        after = documents.change(change)
        assert after is not None
        opened, offset = after, offset + 1
        edited = time.perf_counter()
        cursor = Cursor(opened.document, offset)
        cache.get(cursor)
        silence_reason(cursor, invoked=False)
        shape_at(cursor, "auto")
        syntax_check_at(cursor)
        lines = lines_in_reach(cursor, 512, 128)
        assert lines.texts
        fitting(lines, _cost)
        gather(cursor, 384, 128, _cost)
        asked = time.perf_counter()
        finish(_SAID, cursor, "block")
        ended = time.perf_counter()
        pause = 0.0
        if number % _KEYS_TO_PAUSE == 0:
            documents.refresh(document.uri)
            _parse(documents)
            pause = time.perf_counter() - ended
            opened = documents.get(document.uri)
        yield {"all": ended - started, "edit": edited - started, "window": asked - edited,
               "rules": ended - asked, "pause": pause}  # fmt: skip


def _parse(documents: Documents) -> None:
    while documents.parse_on() is not None:
        pass


def _cost(text: str) -> int:
    return len(text) // 4 + 1


def _long(document: Document, count: int) -> Document:
    """The document's text repeated up to ``count`` lines."""
    lines = document.text.splitlines(keepends=True)
    lines = lines * (count // len(lines) + 1)
    return Document(document.uri, document.language, "".join(lines[:count]))


def _untold(document: Document) -> Document:
    """The same document as plain text, which has no syntax tree."""
    return Document(document.uri, "plaintext", document.text)
