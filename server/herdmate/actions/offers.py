"""Which actions make sense at a selection, found without asking the model."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.actions.action_input import ActionInput, Diagnostic, short_message
from herdmate.actions.target import has_target, resolve_target
from herdmate.context import syntax
from herdmate.context.node_kinds import kinds_around, symbol_at
from herdmate.errors import SelectionError
from herdmate.prompting.library import Action
from herdmate.prompting.template import fill
from herdmate.text import Selection


@dataclass(frozen=True, slots=True)
class ActionOffer:
    """An action with the title that the user sees and the input that it is offered for."""

    action: Action
    title: str
    action_input: ActionInput


def offers(
    actions: tuple[Action, ...], selection: Selection, problems: tuple[Diagnostic, ...],
    may_be_more: bool = False,
) -> list[ActionOffer]:  # fmt: skip
    """The actions offered at a selection, in order; some are offered once for each problem.

    ``may_be_more``: there may be more problems nearby, which are known by the time an action runs.

    Call it before the first ``await``: it reads the document's tree.
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


def _offers(action: Action, problems: tuple[Diagnostic, ...], symbol: str) -> list[ActionOffer]:
    if "diagnostic" in action.needs:
        inputs = [ActionInput(problems=(problem,), symbol=symbol) for problem in problems[:3]]
    else:
        inputs = [
            ActionInput(problems=problems if "diagnostics" in action.needs else (), symbol=symbol)
        ]
    return [
        ActionOffer(action, title_of(action, action_input), action_input) for action_input in inputs
    ]


def title_of(action: Action, action_input: ActionInput) -> str:
    """An action's title as the user sees it."""
    about = short_message(action_input.problems[0]) if action_input.problems else ""
    return fill(action.title, {"symbol": action_input.symbol, "diagnostics": about})


def _there_is(
    selection: Selection, action: Action, tree: syntax.SyntaxTree | None, symbol: str,
    problems: tuple[Diagnostic, ...],
) -> frozenset[str] | None:  # fmt: skip
    """Which of the ``NEEDS`` of actions are met; ``None`` if there is nothing to work on."""
    if action.works_on == "selection" and not has_target(selection):
        return None
    try:
        target = resolve_target(selection, action.works_on == "definition")
    except SelectionError:
        return None
    found = set(kinds_around(tree, target.span)) if tree is not None else set()
    found |= {"selection"} if selection.text.strip() else set()
    found |= {"symbol"} if symbol else set()
    found |= {"diagnostic"} if problems else set()
    found |= {"diagnostics"} if len(problems) > 1 else set()
    return frozenset(found)
