"""What an action is told in words: after ``--instruction``, or piped in."""

from __future__ import annotations

import argparse
import re

from herdmate.actions.action_input import LONGEST_OUTPUT, shortened
from herdmate.cli.action_checks import Words, takes_problem, takes_words
from herdmate.cli.console import waiting
from herdmate.cli.locations import INPUT, Place, opened
from herdmate.cli.terminal import is_piped, tell
from herdmate.errors import RefusedError
from herdmate.prompting.library import Action
from herdmate.text import with_line_feeds

_COLOURS = re.compile(r"\x1b\[[\d;]*[A-Za-z]")


def add_instruction_option(parser: argparse.ArgumentParser, what: str) -> None:
    """``--instruction``; ``what`` it says."""
    parser.add_argument(
        "--instruction", default="", metavar="TEXT",
        help=f"{what}; or pipe it in",
    )  # fmt: skip


def instruction_of(arguments: argparse.Namespace, action: Action) -> Words:
    """``--instruction`` or, for an action that needs one, what is piped in.

    Standard input is not read if it is the code (``-``), or if it is no pipe and no file. Raises
    ``RefusedError`` if the action needs to be told what is wrong and it is empty.
    """
    said = str(arguments.instruction)
    places = [*arguments.places, *arguments.select]
    is_code = any(place == INPUT or place.startswith(f"{INPUT}:") for place in places)
    if said.strip() or not takes_words(action) or is_code or not is_piped():
        return Words(said)
    with waiting("Reading standard input…"):
        text = opened(Place(INPUT), "plaintext").document.text
    text = with_line_feeds(_COLOURS.sub("", text)).strip("\n")
    if takes_problem(action):  # what it says of the code is looked for once that is known
        if not text.strip():
            raise RefusedError(_NOTHING)
        return Words(text, is_printed=True)
    if len(text) > LONGEST_OUTPUT:
        tell("herdmate: The model sees the beginning and the end of standard input, which is long.")
    return Words(shortened(text, LONGEST_OUTPUT))


_NOTHING = (
    "Standard input is empty, so it names nothing to fix; pipe in what a failing run prints, or "
    "say with --instruction what is wrong."
)
"""What a tool prints that found no fault, such as a compiler."""
