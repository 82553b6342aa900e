"""Which actions make sense at a selection, found without asking the model."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.actions.action_input import ActionInput, Diagnostic, short_message
from herdmate.actions.target import targets_of
from herdmate.context import syntax
from herdmate.context.languages import PROSE_AND_DATA
from herdmate.context.lexical_definitions import kinds_at
from herdmate.context.node_kinds import kinds_around, symbol_at
from herdmate.printable import one_line
from herdmate.prompting.library import Action
from herdmate.prompting.template import fill
from herdmate.text import Selection

_LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class ActionOffer:
    """An action with the title that the user sees, what it works on, and its input."""

    action: Action
    title: str
    target: Selection
    action_input: ActionInput


def offers(
    actions: tuple[Action, ...], selection: Selection, problems: tuple[Diagnostic, ...],
    may_be_more: bool = False,
) -> list[ActionOffer]:  # fmt: skip
    """The actions offered at a selection, in order; some are offered once for each problem.

    ``may_be_more``: there may be more problems nearby, which are known by the time an action runs.

    Call it before the first ``await``: it reads the document's tree.
    """
    symbol, found = symbol_of(selection), []
    tree = syntax.tree_of(selection.document)
    targets = targets_of(selection)
    met = {
        works_on: _met(selection, target, tree, symbol, problems, may_be_more)
        for works_on, target in targets.items()
    }
    for action in actions:
        if action.languages and selection.document.language not in action.languages:
            continue
        target = targets.get(action.works_on)
        if target is not None and met[action.works_on].issuperset(action.needs):
            found += _offers(action, target, problems, symbol)
    return found


def unmet_needs(
    action: Action, selection: Selection, problems: tuple[Diagnostic, ...] = ()
) -> tuple[str, ...]:
    """What an action needs (see ``NEEDS``) that a selection does not have, but any code can have.

    Without a syntax tree it is unknown which definitions there are, so they are taken to be there.
    """
    tree = syntax.tree_of(selection.document)
    target = targets_of(selection).get(action.works_on)
    needs = set(action.needs) - {"diagnostics", "code"}
    if tree is None or target is None:
        needs -= {"definition", "function", "loop", "symbol"}
    symbol = symbol_of(selection)
    met = _met(selection, target or selection, tree, symbol, problems, False)
    return tuple(need for need in action.needs if need in needs - met)


def symbol_of(selection: Selection) -> str:
    """The name at a position; empty where there is none, or if more is selected."""
    tree = syntax.tree_of(selection.document)
    if tree is None or not selection.span.is_empty:
        return ""
    return symbol_at(tree, selection.document.text, selection.span.start)


def _offers(
    action: Action, target: Selection, problems: tuple[Diagnostic, ...], symbol: str
) -> list[ActionOffer]:
    if "diagnostic" in action.needs:
        inputs = [ActionInput(problems=(problem,), symbol=symbol) for problem in problems[:3]]
    else:
        inputs = [
            ActionInput(problems=problems if "diagnostics" in action.needs else (), symbol=symbol)
        ]
    return [
        ActionOffer(action, title_of(action, action_input), target, action_input)
        for action_input in inputs
    ]


def title_of(action: Action, action_input: ActionInput) -> str:
    """An action's title as the user sees it; a change in their own words is called by these."""
    if action_input.instruction and action.title.endswith("…"):  # which asked for the words
        return f"“{one_line(action_input.instruction, _LONGEST_TITLE)}”"
    about = short_message(action_input.problems[0]) if action_input.problems else ""
    return fill(action.title, {"symbol": action_input.symbol, "diagnostics": about})


def _met(
    selection: Selection, target: Selection, tree: syntax.SyntaxTree | None, symbol: str,
    problems: tuple[Diagnostic, ...], may_be_more: bool,
) -> frozenset[str]:  # fmt: skip
    """Which of the ``NEEDS`` of actions are met."""
    found = set(kinds_around(tree, target.span)) if tree is not None else set()
    found |= kinds_at(selection.document.text, selection.document.language, target.span)
    found |= {"code"} if selection.document.language not in PROSE_AND_DATA else set()
    found |= {"selection"} if selection.text.strip() else set()
    found |= {"symbol"} if symbol else set()
    found |= {"diagnostic"} if problems else set()
    found |= {"diagnostics"} if len(problems) > 1 or (may_be_more and problems) else set()
    return frozenset(found)
