"""A question on the terminal whose answer is yes or no."""

from __future__ import annotations

from rich.prompt import Confirm
from rich.text import Text

from herdmate.cli.terminal import Console


def agrees(question: str, console: Console) -> bool:
    """Does the user say yes? Only that is yes: no other key, and not the end of the input."""
    try:
        return Confirm.ask(Text(question), console=console, default=False)
    except EOFError:
        console.print()
        return False
