"""Better names for local variables: the model says which, and Herdmate renames them."""

from __future__ import annotations

import re

from herdmate.actions.rewrite_validation import validate_rewrite
from herdmate.context import syntax
from herdmate.context.local_names import local_names, renamings
from herdmate.errors import SelectionError, UnchangedError
from herdmate.text import Edit, Selection, apply_edits

_LINE = re.compile(
    r"[\s\d.)*•-]{0,20}[`'\"]?(?P<old>[^\W\d]\w{0,80})[`'\"]?\s{0,9}(?:[-=]{1,3}>|→|:|\bto\b)\s{0,9}"
    r"[`'\"]?(?P<new>\w{1,80})[`'\"]?\s{0,9}[:;,.(—–-]{0,3}\s{0,9}(?P<why>.*)"
)
_MOST_LINES = 200
_MOST_NAMES = 40
_LONGEST_REASON = 200


def names_to_rename(target: Selection) -> tuple[str, ...]:
    """The local variables of a target that can be renamed.

    Raises ``SelectionError`` if there are none.
    """
    tree = syntax.fresh_tree_of(target.document)
    names = local_names(tree, target.span) if tree is not None else ()
    if not names:
        raise SelectionError("There is no local variable here that can be renamed safely.")
    return names[:_MOST_NAMES]


def renamed(target: Selection, reply: str) -> tuple[tuple[Edit, ...], str]:
    """The edits for the names that a reply gives, one ``old -> new: why`` a line, and the reasons.

    Raises ``UnchangedError`` if it gives no name that can be used, and ``RefusedError`` if the code
    would not be sound.
    """
    tree = syntax.fresh_tree_of(target.document)
    said: dict[str, tuple[str, str]] = {}
    for line in reply.splitlines()[:_MOST_LINES]:
        if found := _LINE.match(line):
            said.setdefault(found["old"], (found["new"], found["why"]))
    if tree is None:
        raise UnchangedError("The model had no better names to suggest.")
    text, span = target.document.text, target.span
    wanted = {old: new for old, (new, _) in said.items() if old != new}
    edits, used = renamings(tree, text, span, wanted)
    if not edits:
        raise UnchangedError("The model had no better names to suggest.")
    whole = apply_edits(text, edits)
    code = whole[span.start : span.end + len(whole) - len(text)]
    validate_rewrite(target, code, ("body", "documentation", "names"))
    reasons = (f"{old} → {new}: {said[old][1]}".strip(": ") for old, new in used.items())
    return edits, "\n".join(reason[:_LONGEST_REASON] for reason in reasons)
