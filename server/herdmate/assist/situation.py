"""Which actions make sense at a selection. Nothing is asked of the model for that."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.assist.subject import has_subject, subject_of
from herdmate.assist.wish import Problem, Wish, short
from herdmate.context import syntax
from herdmate.context.sites import sites, symbol_at
from herdmate.errors import SelectionError
from herdmate.prompting.library import Action
from herdmate.prompting.template import fill
from herdmate.text import Selection


@dataclass(frozen=True, slots=True)
class Offer:
    """An action under the title that the user sees, with what it is offered for."""

    action: Action
    title: str
    wish: Wish


def offers(
    actions: tuple[Action, ...], selection: Selection, problems: tuple[Problem, ...],
    may_be_more: bool = False,
) -> list[Offer]:  # fmt: skip
    """What is offered at a selection, in order; for each of the problems where that is meant.

    ``may_be_more``: there may be more problems around it, which are known when it is run.

    To be asked before the first ``await``: it reads the document's tree.
    """
    symbol, found = "", []
    tree = syntax.tree_of(selection.document)
    if tree is not None and selection.span.is_empty:
        symbol = symbol_at(tree, selection.document.text, selection.span.start)
    known: dict[str, frozenset[str] | None] = {}
    for action in actions:
        if action.languages and selection.document.language not in action.languages:
            continue
        if action.works_on not in known:
            known[action.works_on] = _there_is(selection, action, tree, symbol, problems)
        there_is = known[action.works_on]
        if may_be_more and problems and there_is is not None:
            there_is |= {"diagnostics"}
        if there_is is not None and there_is.issuperset(action.needs):
            found += _offers(action, problems, symbol)
    return found


def _offers(action: Action, problems: tuple[Problem, ...], symbol: str) -> list[Offer]:
    if "diagnostic" in action.needs:
        wishes = [Wish(problems=(problem,), symbol=symbol) for problem in problems[:3]]
    else:
        wishes = [Wish(problems=problems if "diagnostics" in action.needs else (), symbol=symbol)]
    return [Offer(action, title_of(action, wish), wish) for wish in wishes]


def title_of(action: Action, wish: Wish) -> str:
    """An action's title as the user sees it."""
    about = short(wish.problems[0]) if wish.problems else ""
    return fill(action.title, {"symbol": wish.symbol, "diagnostics": about})


def _there_is(
    selection: Selection, action: Action, tree: syntax.SyntaxTree | None, symbol: str,
    problems: tuple[Problem, ...],
) -> frozenset[str] | None:  # fmt: skip
    """All that an action may need that is there; ``None`` where it has nothing to work on."""
    if action.works_on == "selection" and not has_subject(selection):
        return None
    try:
        subject = subject_of(selection, action.works_on == "definition")
    except SelectionError:
        return None
    found = set(sites(tree, subject.span)) if tree is not None else set()
    found |= {"selection"} if selection.text.strip() else set()
    found |= {"symbol"} if symbol else set()
    found |= {"diagnostic"} if problems else set()
    found |= {"diagnostics"} if len(problems) > 1 else set()
    return frozenset(found)
