"""Is a rewrite faithful? Before anything is shown, the file is parsed with it, and everything that
its action must not change is compared with the original.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from herdmate.actions.prose_losses import PROSE_WITH_FENCES
from herdmate.context import syntax, syntax_queries
from herdmate.context.literals import lost_literals, lost_texts
from herdmate.context.preserved_tokens import Leaf, leaves, renamed
from herdmate.context.python_code import row_of_error, unknown_names
from herdmate.context.signatures import Signature, signatures
from herdmate.context.syntax_queries import named_definitions
from herdmate.context.type_names import unknown_types
from herdmate.errors import RefusedError
from herdmate.text import Edit, Selection, Span, apply_edits, line_end, line_start

_NOTHING_CHANGED = "so nothing was changed"
_LONGEST_SHOWN = 80
_KINDS = {
    "documentation": "comments and documentation",
    "types": "type annotations",
    "names": "names of local variables",
}


def validate_rewrite(
    target: Selection, code: str, changes: Collection[str], imports: Edit | None = None,
    extracts: bool = False,
) -> bool:  # fmt: skip
    """Raise ``RefusedError`` if replacing the target with ``code`` does harm.

    ``imports`` is the edit that adds imports above the target. ``changes`` names what the code may
    change: see ``prompting.library.CHANGES``. ``extracts``: it has to define something new. Returns
    whether code elsewhere may have to change too. Without a known grammar, only strings are
    compared.
    """
    text, language, span = target.document.text, target.document.language, target.span
    above = apply_edits(text[: span.start], (imports,) if imports else ())
    new_text = above + code + text[span.end :]
    new_span = Span(len(above), len(above) + len(code))
    before, after = syntax.fresh_tree_of(target.document), syntax.parse(new_text, language)
    if before is None or after is None:
        if language not in PROSE_WITH_FENCES and "definitions" not in changes:
            _refuse_lost_literals(lost_texts(target.text, code))
        return False
    _refuse_broken_syntax(_Texts(text, before), _Texts(new_text, after), new_span)
    old, new = signatures(before, span), signatures(after, new_span)
    _refuse_other_definitions(old, new, changes)
    if "new_definitions" in changes:
        _refuse_useless_definitions(
            _Texts(text, before), span, _Texts(new_text, after), new_span, extracts
        )
    if language == "python" and (unknown := unknown_names(new_text)):
        _refuse_unknown_names(unknown - unknown_names(text))
    if language.startswith("typescript") and "types" in changes:
        _refuse_unknown_names(unknown_types(after, new_span, above + text[span.start :]))
    if "definitions" not in changes:
        _refuse_lost_literals(lost_literals(before, span, after, new_span, new_text))
    if "body" not in changes:
        beside = _words_beside(before, text, span)
        _refuse_more_than_asked(
            leaves(before, span, changes), leaves(after, new_span, changes), beside, changes
        )
    return bool(_promises(old) - _promises(new))


@dataclass(frozen=True, slots=True)
class _Texts:
    text: str
    tree: syntax.SyntaxTree


def _refuse_useless_definitions(
    before: _Texts, old_span: Span, after: _Texts, span: Span, extracts: bool
) -> None:
    """New definitions are used, and code that is to be extracted has one."""
    old, new = signatures(before.tree, old_span), signatures(after.tree, span)
    added = {item.name for item in new} - {item.name for item in old}
    if extracts:
        inner, known = (
            {name for name, _ in named_definitions(tree, within)}
            for tree, within in ((after.tree, span), (before.tree, old_span))
        )
        _refuse_nothing_new(inner - known)
    _refuse_unused(added, after, span)


def _refuse_broken_syntax(before: _Texts, after: _Texts, span: Span) -> None:
    """Errors that the file already had are accepted; new ones are not."""
    at: int | None = None
    if syntax.error_count(after.tree) > syntax.error_count(before.tree):
        at = syntax_queries.first_error(after.tree, span)
    elif after.tree.language == "python" and (row := row_of_error(after.text)) is not None:
        at = _start_of_row(after.text, row) if row_of_error(before.text) is None else None
    if at is not None:
        at = min(max(at, span.start), span.end)
        line = after.text[line_start(after.text, at) : line_end(after.text, at)]
        raise RefusedError(
            f"The model's code would break the file's syntax, {_NOTHING_CHANGED}; "
            "select a smaller part or try again.",
            "syntax",
            line=line.strip(),
        )


def _refuse_other_definitions(
    before: tuple[Signature, ...], after: tuple[Signature, ...], changes: Collection[str]
) -> None:
    if "definitions" in changes:
        return
    old, new = (Counter(item.name for item in items) for items in (before, after))
    if lost := list((old - new).elements()):
        raise RefusedError(
            f"The model's code would lose {_listed(lost)}, {_NOTHING_CHANGED}.",
            "lost",
            names=_listed(lost),
        )
    if (added := list((new - old).elements())) and "new_definitions" not in changes:
        raise RefusedError(
            f"The model's code would also define {_listed(added)}, {_NOTHING_CHANGED}.",
            "added",
            names=_listed(added),
        )
    if "signatures" in changes:
        return
    left = Counter(_promise(item, changes) for item in after)
    if broken := [item for item in before if not left[_promise(item, changes)]]:
        raise RefusedError(
            "The model's code would change the signature of "
            f"{_listed(item.name for item in broken)}, {_NOTHING_CHANGED}.",
            "signature",
            heads="; ".join(item.shown for item in broken),
        )


def _refuse_nothing_new(names: Collection[str]) -> None:
    if not names:
        raise RefusedError(
            f"The model's code would define nothing new, {_NOTHING_CHANGED}.", "nothing_new"
        )


def _refuse_unused(names: Collection[str], after: _Texts, span: Span) -> None:
    """What is extracted has to be used: otherwise the model has only added a copy."""
    code, found = after.text[span.start : span.end], named_definitions(after.tree, span)
    unused = []
    for name in sorted(names):
        bare = re.split(r"\W", name)[-1] or name
        own = [inner for said, inner in found if bare in re.split(r"\W", said)]
        places = re.finditer(rf"(?<!\w){re.escape(bare)}(?!\w)", code)
        if all(
            any(inner.start <= span.start + at.start() < inner.end for inner in own)
            for at in places
        ):
            unused.append(name)
    if unused:
        raise RefusedError(
            f"The model's code would define {_listed(unused)} without using it, "
            f"{_NOTHING_CHANGED}.",
            "unused",
            names=_listed(unused),
        )


def _promise(item: Signature, changes: Collection[str]) -> tuple[object, ...]:
    """What must stay the same in a signature: if types may change, only names and ``async``."""
    kept = item.is_async if "types" in changes else item.head
    return (item.name, item.parameters, kept)


def _promises(items: Iterable[Signature]) -> Counter[tuple[object, ...]]:
    """What callers would notice."""
    return Counter((item.name, item.parameters, item.is_async) for item in items)


def _refuse_lost_literals(lost: Collection[str]) -> None:
    if lost:
        shown = " ".join(next(iter(lost)).split())
        shown = shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
        raise RefusedError(
            f"The model's code would lose the text {shown}, {_NOTHING_CHANGED}.",
            "lost_text",
            names=shown,
        )


def _refuse_unknown_names(names: Collection[str]) -> None:
    if names:
        raise RefusedError(
            f"The model's code uses names that are not defined here ({_listed(sorted(names))}), "
            f"{_NOTHING_CHANGED}.",
            "unknown",
            names=_listed(sorted(names)),
        )


def _refuse_more_than_asked(
    old: tuple[Leaf, ...], new: tuple[Leaf, ...], elsewhere: frozenset[str],
    changes: Collection[str],
) -> None:  # fmt: skip
    mapping = renamed(old, new)
    moved = {name: to for name, to in (mapping or {}).items() if name != to}
    if mapping is not None and (not moved or "names" in changes):
        bound = {leaf.text for leaf in old if leaf.binds}
        if moved.keys() <= bound and elsewhere.isdisjoint({*moved, *moved.values()}):
            return
    kinds = " and ".join(words for kind, words in _KINDS.items() if kind in changes) or "whitespace"
    raise RefusedError(
        f"The model changed more than {kinds}, {_NOTHING_CHANGED}; try again or select a smaller "
        "part.",
        "beyond",
        kinds=kinds,
    )


def _words_beside(tree: syntax.SyntaxTree, text: str, span: Span) -> frozenset[str]:
    """The words of the definition around a span, without those in the span."""
    whole = syntax_queries.enclosing_definition(tree, text, span) or span
    around = text[whole.start : span.start] + " " + text[span.end : max(whole.end, span.end)]
    return frozenset(re.findall(r"\w+", around))


def _start_of_row(text: str, row: int) -> int:
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[:row]))


def _listed(names: Iterable[str]) -> str:
    """Names as a list for people: the first five, and how many more there are."""
    known = list(dict.fromkeys(names))
    shown = ", ".join(known[:5])
    return f"{shown} and {len(known) - 5} more" if len(known) > 5 else shown
