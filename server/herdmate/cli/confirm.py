"""A yes-or-no question on the terminal."""

from __future__ import annotations

from rich.prompt import Confirm
from rich.text import Text

from herdmate.cli.console import Console


def agrees(question: str, console: Console) -> bool:
    """Does the user say yes? Just pressing Enter, or the end of the input, means no."""
    try:
        return Confirm.ask(
            Text(question, no_wrap=True, overflow="ignore"), console=console, default=False
        )
    except EOFError:
        console.print()
        return False
