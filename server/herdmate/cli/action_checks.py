"""Refuses, before any model is loaded, what an action cannot do."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.actions.action_input import ActionInput, Diagnostic
from herdmate.actions.offers import symbol_of, unmet_needs
from herdmate.actions.target import resolve_target
from herdmate.cli.locations import Opened, selected
from herdmate.cli.tool_output import told_by_tool
from herdmate.context.languages import language_name
from herdmate.errors import PromptError, SelectionError, UsageError
from herdmate.prompting.library import Action, Library
from herdmate.text import Selection

_LACKING = {
    "selection": "it works on lines that are named; name them as FILE:START-END",
    "definition": "there is no definition on these lines; name others",
    "function": "there is no function on these lines; name others",
    "loop": "there is no loop on these lines; name others",
    "symbol": "name the place of a name as FILE:LINE:COLUMN",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What an action is told: the user's own words, or what a tool printed."""

    text: str = ""
    is_printed: bool = False


def is_action(library: Library, name: str) -> bool:
    """Is there an action of this name, however it is written?"""
    return name.replace("-", "_") in {action.name for action in library.actions}


def action_named(library: Library, name: str, kinds: tuple[str, ...]) -> Action:
    """The action of this name, which must be of one of the kinds. Raises ``UsageError``.

    For a name that there is not, only actions of these kinds are suggested.
    """
    if not is_action(library, name):
        possible = tuple(action for action in library.actions if action.kind in kinds)
        try:
            return Library(possible).get(name)
        except PromptError as error:
            raise UsageError(str(error)) from error
    action = library.get(name.replace("-", "_"))
    if action.kind in kinds:
        return action
    if action.kind == "explain":
        more = "" if action.name == "explain" else f" --action {action.name}"
        raise UsageError(
            f"{action.name} explains code and changes none; run `herdmate explain{more} "
            "FILE:START-END`."
        )
    raise UsageError(
        f"{action.name} changes code; run `herdmate refactor {action.name} FILE:START-END`."
    )


def selected_code(file: Opened) -> Selection:
    """The lines of a place. Raises ``SelectionError`` if there are none, or the file is empty."""
    if not file.document.text.strip():
        name = file.place.name if file.place.path else "Standard input"
        raise SelectionError(f"{name} is empty, so there is no code to work on.")
    return selected(file)


def takes_words(action: Action) -> bool:
    """Does an action need to be told what to do, or what is wrong?"""
    return action.asks_instruction or takes_problem(action)


def takes_problem(action: Action) -> bool:
    """Does an action need to be told what is wrong?"""
    return bool({"diagnostic", "diagnostics"} & set(action.needs))


def action_input_for(action: Action, selection: Selection, words: Words) -> ActionInput:
    """The action's input, if it makes sense here. Raises ``HerdmateError`` if it does not."""
    instruction = words.text.strip()
    language = selection.document.language
    if action.languages and language not in action.languages:
        names = ", ".join(dict.fromkeys(map(language_name, action.languages)))
        raise SelectionError(
            f"{action.name} is for {names}, not for {language_name(language)}; change takes any "
            "language, and your own words."
        )
    if takes_words(action) and not instruction:
        what = "what to do" if action.asks_instruction else "what is wrong"
        raise UsageError(
            f'{action.name} needs to know {what}: --instruction "…", or text piped in.'
        )
    if instruction and not takes_words(action):
        raise UsageError(f"{action.name} takes no --instruction; `herdmate refactor change` does.")
    problems: tuple[Diagnostic, ...] = ()
    if instruction and not action.asks_instruction:
        is_output = "\n" in instruction
        if words.is_printed:
            instruction = told_by_tool(instruction, selection)
        problems = (Diagnostic(selection.span, instruction, is_output=is_output),)
    resolve_target(selection, action.works_on == "definition")  # is there any code?
    if lacking := unmet_needs(action, selection, problems):
        raise SelectionError(f"{action.name} cannot be used here: {_LACKING[lacking[0]]}.")
    return ActionInput(instruction, problems, symbol_of(selection))
