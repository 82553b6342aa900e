"""A question on the terminal whose answer is yes or no."""

from __future__ import annotations

from rich.console import Console
from rich.prompt import Confirm


def agrees(question: str, console: Console) -> bool:
    """Does the user say yes? Only that is yes: no other key, and not the end of the input."""
    try:
        return Confirm.ask(question, console=console, default=False)
    except EOFError:
        console.print()
        return False
