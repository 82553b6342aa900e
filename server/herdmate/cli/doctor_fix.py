"""``herdmate doctor --fix``: installs a llama.cpp that works here, if the user agrees."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.prompt import Prompt
from rich.text import Text

from herdmate.cli.console import Console
from herdmate.cli.wording import in_terminal
from herdmate.ended_by_signal import exits_on_signal
from herdmate.errors import InstallError
from herdmate.llama_install.install import How, Offer, Request, check_reachable, install, offer
from herdmate.llama_install.machine import this_machine


def fix(index: str) -> bool:
    """Offer what can be done about llama.cpp, and do it. Does it work then, as far as it could?"""
    console = Console(highlight=False)
    machine = this_machine()
    try:
        can = offer(machine, index)
        if not can.needed:
            console.print("There is nothing to fix about llama.cpp.")
            return True
        chosen = _chosen(can, console)
        if chosen == "nothing":
            console.print("Nothing was done.")
            return False
        if chosen == "fetch":
            check_reachable(machine, index)
        with exits_on_signal(), tempfile.TemporaryDirectory() as folder:
            how: How = "ready-made" if chosen == "fetch" else "build"
            wanted = Request(how, Path(folder) / "llama", index, is_again=True)
            install(wanted, machine, lambda line: console.print(in_terminal(line)))
    except InstallError as error:
        console.print(Text(in_terminal(str(error)), style="bold red"))
        return False
    console.print("llama.cpp works now.")
    return True


def _chosen(can: Offer, console: Console) -> str:
    """``fetch``, ``build`` or ``nothing``, which is the answer if nobody gives one."""
    console.print(f"\n{can.question}\n\n{can.detail}\n")
    possible = {"fetch": can.readyMade, "build": can.build, "nothing": True}
    choices = [name for name, is_possible in possible.items() if is_possible]
    try:
        return Prompt.ask(
            "llama.cpp", console=console, choices=choices, default="nothing", show_default=True
        )
    except EOFError:
        console.print()
        return "nothing"
