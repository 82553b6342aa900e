"""Refuses, before any model is loaded, what an action cannot do."""

from __future__ import annotations

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.offers import symbol_of, unmet_needs
from herdmate.actions.target import resolve_target
from herdmate.context.languages import language_name
from herdmate.errors import SelectionError
from herdmate.prompting.library import Action, Library
from herdmate.text import Selection

_LACKING = {
    "selection": "it works on lines that are named; name them as FILE:START-END",
    "definition": "there is no definition on these lines; name others",
    "function": "there is no function on these lines; name others",
    "loop": "there is no loop on these lines; name others",
    "symbol": "name the place of a name as FILE:LINE:COLUMN",
}


def action_named(library: Library, name: str, kinds: tuple[str, ...]) -> Action:
    """The action of this name, which must be of one of the kinds. Raises ``HerdmateError``."""
    action = library.get(name.replace("-", "_"))
    if action.kind in kinds:
        return action
    if action.kind == "explain":
        more = "" if action.name == "explain" else f" --action {action.name}"
        raise SelectionError(
            f"{action.name} explains code and changes none; run `herdmate explain{more} "
            "FILE:START-END`."
        )
    raise SelectionError(
        f"{action.name} changes code; run `herdmate refactor {action.name} FILE:START-END`."
    )


def action_input_for(action: Action, selection: Selection, instruction: str) -> ActionInput:
    """The action's input, if it makes sense here. Raises ``SelectionError`` if it does not."""
    instruction = instruction.strip()
    language = selection.document.language
    if action.languages and language not in action.languages:
        names = ", ".join(dict.fromkeys(map(language_name, action.languages)))
        raise SelectionError(f"{action.name} is for {names}, not for {language_name(language)}.")
    takes_problem = bool({"diagnostic", "diagnostics"} & set(action.needs))
    if action.asks_instruction and not instruction:
        raise SelectionError(f'{action.name} needs to know what to do: --instruction "…".')
    if takes_problem and not instruction:
        raise SelectionError(f'{action.name} needs to know what is wrong: --instruction "…".')
    if instruction and not action.asks_instruction and not takes_problem:
        raise SelectionError(
            f"{action.name} takes no --instruction; `herdmate refactor change` does."
        )
    problems: tuple[Diagnostic, ...] = ()
    if instruction and not action.asks_instruction:
        problems = (Diagnostic(selection.span, instruction),)
    resolve_target(selection, action.works_on == "definition")  # is there any code?
    if lacking := unmet_needs(action, selection, problems):
        raise SelectionError(f"{action.name} cannot be used here: {_LACKING[lacking[0]]}.")
    return ActionInput(instruction, problems, symbol_of(selection))
