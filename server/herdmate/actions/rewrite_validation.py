"""Is a rewrite faithful? Before anything is shown, the file is parsed with it, and everything that
its action must not change is compared with the original.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from herdmate.actions.lost_behaviour import lost_behaviour
from herdmate.actions.prose_losses import PROSE_WITH_FENCES
from herdmate.actions.ways_on import SELECT_LESS, SELECT_PART, TRY_LARGER
from herdmate.context import syntax, syntax_queries
from herdmate.context.effects import KNOWN_LANGUAGES, effects
from herdmate.context.literals import lost_literals, lost_texts
from herdmate.context.preserved_tokens import leaves, renamed
from herdmate.context.python_code import row_of_error, unknown_names
from herdmate.context.python_mistakes import mistakes
from herdmate.context.signatures import Signature, signatures
from herdmate.context.syntax_queries import named_definitions
from herdmate.context.type_names import unknown_types
from herdmate.context.unknown_uses import unknown_uses
from herdmate.errors import RefusedError
from herdmate.text import Edit, Selection, Span, apply_edits, line_end, line_start, rows_of

_LONGEST_SHOWN = 80
_KINDS = {
    "documentation": "comments and documentation",
    "types": "type annotations",
    "names": "names of local variables",
}


def validate_rewrite(
    target: Selection, code: str, changes: Collection[str], imports: Edit | None = None,
    extracts: bool = False, keeps_behaviour: bool = False, shown: str | None = None,
) -> bool:  # fmt: skip
    """Raise ``RefusedError`` if replacing the target with ``code`` does harm.

    ``imports`` is the edit that adds imports above the target. ``changes`` names what the code may
    change: see ``prompting.library.CHANGES``. ``extracts``: it has to define something new;
    ``keeps_behaviour``: it has to do what the target does. ``shown`` is what else the model was
    told, whose names it may use; ``None`` if that is not known. Returns whether code elsewhere may
    have to change too. Without a known grammar, only strings are compared.
    """
    text, language, span = target.document.text, target.document.language, target.span
    above = apply_edits(text[: span.start], (imports,) if imports else ())
    new_text = above + code + text[span.end :]
    new_span = Span(len(above), len(above) + len(code))
    trees = syntax.fresh_tree_of(target.document), syntax.parse(new_text, language)
    if trees[0] is None or trees[1] is None:
        if language not in PROSE_WITH_FENCES and "definitions" not in changes:
            _refuse_lost_literals(lost_texts(target.text, code))
        return False
    before, after = _Version(text, trees[0], span), _Version(new_text, trees[1], new_span)
    _refuse_broken_syntax(before, after)
    old, new = (signatures(one.tree, one.span) for one in (before, after))
    _refuse_other_definitions(old, new, changes)
    if "new_definitions" in changes:
        _refuse_useless_definitions(before, after, extracts)
    if language == "python":
        _refuse_failing_python(before, after)
    known = above + text[span.start :]
    if language.startswith("typescript") and "types" in changes:
        _refuse_unknown_names(unknown_types(after.tree, new_span, known))
    _refuse_undefined(after, known, shown)
    _refuse_lost_texts(before, after, changes, keeps_behaviour)
    if keeps_behaviour and language in KNOWN_LANGUAGES:
        _refuse_lost_behaviour(before, after)
    if "body" not in changes:
        _refuse_more_than_asked(before, after, changes)
    return bool(_promises(old) - _promises(new))


@dataclass(frozen=True, slots=True)
class _Version:
    """The file before or after a rewrite of the code at ``span``."""

    text: str
    tree: syntax.SyntaxTree
    span: Span


def _refuse_useless_definitions(before: _Version, after: _Version, extracts: bool) -> None:
    """New definitions are used, and code that is to be extracted has one."""
    old, new = (signatures(one.tree, one.span) for one in (before, after))
    added = {item.name for item in new} - {item.name for item in old}
    if extracts:
        inner, known = (
            {name for name, _ in named_definitions(one.tree, one.span)} for one in (after, before)
        )
        _refuse_nothing_new(inner - known)
    _refuse_unused(added, after)


def _refuse_broken_syntax(before: _Version, after: _Version) -> None:
    """Errors that the file already had are accepted; new ones are not."""
    span = after.span
    at: int | None = None
    if syntax.error_count(after.tree) > syntax.error_count(before.tree):
        at = syntax_queries.first_error(after.tree, span)
    elif after.tree.language == "python" and (row := row_of_error(after.text)) is not None:
        at = _start_of_row(after.text, row) if row_of_error(before.text) is None else None
    if at is not None:
        at = min(max(at, span.start), span.end)
        line = after.text[line_start(after.text, at) : line_end(after.text, at)]
        raise RefusedError(
            f"The model's code would break the file's syntax, {TRY_LARGER}",
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
            f"The model's code would remove {_listed(lost)}, {SELECT_LESS}",
            "lost",
            names=_listed(lost),
        )
    if (added := list((new - old).elements())) and "new_definitions" not in changes:
        raise RefusedError(
            f"The model's code would also define {_listed(added)}, {TRY_LARGER}",
            "added",
            names=_listed(added),
        )
    if "signatures" in changes:
        return
    left = Counter(_promise(item, changes) for item in after)
    if broken := [item for item in before if not left[_promise(item, changes)]]:
        raise RefusedError(
            "The model's code would change the signature of "
            f"{_listed(item.name for item in broken)}, {TRY_LARGER}",
            "signature",
            heads="; ".join(item.shown for item in broken),
        )


def _refuse_nothing_new(names: Collection[str]) -> None:
    if not names:
        raise RefusedError(
            f"The model's code would define nothing new, {SELECT_PART}", "nothing_new"
        )


def _refuse_unused(names: Collection[str], after: _Version) -> None:
    """What is extracted has to be used: otherwise the model has only added a copy."""
    span = after.span
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
            f"The model's code would define {_listed(unused)} without using it, {TRY_LARGER}",
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
            f"The model's code would drop the text {shown}, {SELECT_LESS}",
            "lost_text",
            names=shown,
        )


def _refuse_lost_texts(
    before: _Version, after: _Version, changes: Collection[str], keeps_behaviour: bool
) -> None:
    if "definitions" not in changes:
        _refuse_lost_literals(
            lost_literals(before.tree, before.span, after.tree, after.span, after.text)
        )
    if before.tree.language == "python" and (keeps_behaviour or "body" not in changes):
        old, new = (one.text[one.span.start : one.span.end] for one in (before, after))
        _refuse_lost_literals(_lost_examples(old, new))


def _lost_examples(old: str, new: str) -> list[str]:
    """The first of the examples in docstrings, which are tests, that the new code has not."""
    kept = {line.strip() for line in new.splitlines()}
    lines = (line.strip() for line in old.splitlines())
    return [line for line in lines if line.startswith(">>> ") and line not in kept][:1]


def _refuse_unknown_names(names: Collection[str]) -> None:
    if names:
        raise RefusedError(
            f"The model's code uses names that are not defined here ({_listed(sorted(names))}), "
            f"{TRY_LARGER}",
            "unknown",
            names=_listed(sorted(names)),
        )


def _refuse_undefined(after: _Version, known: str, shown: str | None) -> None:
    if shown is not None:
        _refuse_unknown_names(unknown_uses(after.tree, after.span, f"{known}\n{shown}"))


def _refuse_lost_behaviour(before: _Version, after: _Version) -> None:
    old, new = (effects(one.tree, one.span) for one in (before, after))
    within = set(syntax_queries.definition_names(before.tree, before.text, before.span))
    own = frozenset(syntax_queries.definition_names(before.tree, before.text)) - within
    if lost := lost_behaviour(old, new, own, before.tree.language):
        raise RefusedError(
            f"The model's code would no longer {lost}, {TRY_LARGER}", "behaviour", names=lost
        )


def _refuse_failing_python(before: _Version, after: _Version) -> None:
    """Names that nothing defines, and code that fails whenever it is reached, are refused."""
    if unknown := unknown_names(after.text):
        _refuse_unknown_names(unknown - unknown_names(before.text))
    if not (wrong := mistakes(after.text, rows_of(after.text, after.span))):
        return
    if new := sorted(wrong - mistakes(before.text, rows_of(before.text, before.span))):
        raise RefusedError(
            f"The model's code would fail when it runs ({new[0]}), {TRY_LARGER}",
            "fails",
            names=new[0],
        )


def _refuse_more_than_asked(before: _Version, after: _Version, changes: Collection[str]) -> None:
    old, new = (leaves(one.tree, one.span, changes) for one in (before, after))
    mapping, elsewhere = renamed(old, new), _words_beside(before)
    moved = {name: to for name, to in (mapping or {}).items() if name != to}
    if mapping is not None and (not moved or "names" in changes):
        bound = {leaf.text for leaf in old if leaf.binds}
        if moved.keys() <= bound and elsewhere.isdisjoint({*moved, *moved.values()}):
            return
    kinds = " and ".join(words for kind, words in _KINDS.items() if kind in changes) or "whitespace"
    raise RefusedError(
        f"The model changed more than {kinds}, {TRY_LARGER}",
        "beyond",
        kinds=kinds,
    )


def _words_beside(version: _Version) -> frozenset[str]:
    """The words of the definition around a span, without those in the span."""
    text, span = version.text, version.span
    whole = syntax_queries.enclosing_definition(version.tree, text, span) or span
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
