"""Messages in the terminal's words: no editor's settings, commands or selections."""

from __future__ import annotations

import re

from herdmate.settings import keys

_FLAGS = {
    "model": "--model",
    "engine.contextTokens": "--context",
    "completion.maxTokens": "--max-tokens",
}
"""Settings that have an option of their own."""

_SETTING = re.compile(
    r"(?:\b(?P<article>the|an|a) )?(?P<noun>setting )?\bherdmate\.(?P<key>\w+(?:\.\w+)?)", re.I
)

_RESTART = re.compile(r"(?:run )?(?:the command )?herdmate\.restartEngine(?: to try again)?")

_SENTENCES = (
    ("Select the code first, or put the cursor inside a function.",
     "There is no code on these lines; name others as FILE:START-END."),
    ("Put the cursor inside a function or class in a saved file.",
     "There is no function or class on these lines of a file; name others as FILE:START-END."),
    ("select less or increase", "name fewer lines or increase"),
    ("select a smaller part or increase", "name fewer lines or increase"),
    ("answer was cut off, so nothing was changed; select a smaller part or use a larger model",
     "answer was cut off, so nothing was changed; --max-tokens allows more"),
    ("answer was cut off, so nothing was written; select a smaller definition or use a larger "
     "model",
     "answer was cut off, so nothing was written; --max-tokens allows more"),
    ("select a smaller part or use a larger model",
     "name fewer lines, or a larger model with --model; -v shows the answer"),
    ("select a smaller definition or use a larger model",
     "name a smaller definition, or a larger model with --model; -v shows the answer"),
    ("select more of the code or use a larger model",
     "name more lines, or a larger model with --model; -v shows the answer"),
    ("select more of the code, say in your own words what to do, or use a larger model",
     "name more lines, say what to do with --instruction, or name a larger model with --model; -v "
     "shows the answer"),
    ("select just the lines that are to become a function, or use a larger model",
     "name just the lines that are to become a function, or a larger model with --model; -v shows "
     "the answer"),
    ("; use a larger model", "; name a larger model with --model; -v shows the answer"),
    (", or run Herdmate: Set API Key in VS Code", ""),
    ("select code without it", "name lines without it"),
    ("before you start the editor, or turn", "first, or turn"),
    ("request a suggestion explicitly to see it", "a lower one shows it"),
    ("request a suggestion again", "try another place"),
)  # fmt: skip
"""What only an editor's user can do, and what one does in the terminal instead."""


def in_terminal(message: str, for_good: bool = False) -> str:
    """A message as someone in a terminal can act on it, for one command or ``for_good``."""
    for said, instead in _SENTENCES:
        message = message.replace(said, instead)
    message = _RESTART.sub("run the command again", message)
    return _SETTING.sub(lambda found: _named(found, for_good), message)


def _named(match: re.Match[str], for_good: bool) -> str:
    key = match["key"]
    if key not in keys():
        return f"{match['article'] or ''} {match['noun'] or ''}{key}".strip()
    if match["noun"] or for_good or key not in _FLAGS:
        if not match["noun"] and re.search(r"\bset $", match.string[: match.start()], re.I):
            return key
        begins = match.start() == 0 or match.string[match.start() - 2] in ".!?"
        return f"{'The' if begins else 'the'} setting {key}"
    return _FLAGS[key]
