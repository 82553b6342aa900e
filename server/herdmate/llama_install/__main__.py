"""Offers and installs llama.cpp: ``python -m herdmate.llama_install``.

``offer`` prints JSON and asks no one, ``reach`` asks the index, and ``install`` says how far it is.
``pins`` fetches every wheel in the pinned version, and prints what ``wheels.sha256`` contains.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from herdmate.ended_by_signal import exits_on_signal
from herdmate.errors import InstallError
from herdmate.llama_install import INDEX
from herdmate.llama_install.install import How, Request, check_reachable, install, offer
from herdmate.llama_install.machine import this_machine
from herdmate.llama_install.pins import pins
from herdmate.printable import one_line

_LONGEST = 500  # characters of an error, which VS Code shows


def main(words: Sequence[str] | None = None) -> int:
    """Progress goes to standard output, line by line; pip's words and errors to standard error."""
    parser = argparse.ArgumentParser(prog="herdmate.llama_install", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("offer", "reach", "pins", "install"):
        command = commands.add_parser(name)
        command.add_argument("--index", default=INDEX)
    command.add_argument("--how", choices=get_args(How), required=True)
    command.add_argument("--work", type=Path, required=True)
    command.add_argument("--locked", type=Path, nargs=2, metavar=("TOOLS", "LLAMA"))
    told = parser.parse_args(words)
    try:
        with exits_on_signal():  # so that nothing temporary is left, and no compiler
            if told.command == "offer":
                _say(json.dumps(asdict(offer(this_machine(), told.index))))
            elif told.command == "reach":
                check_reachable(this_machine(), told.index)
            elif told.command == "pins":
                pins(told.index, _say)
            else:
                locked = (told.locked[0], told.locked[1]) if told.locked else None
                install(Request(told.how, told.work, told.index, locked), this_machine(), _say)
    except (InstallError, OSError) as error:
        sys.stderr.write(f"error: {one_line(str(error), _LONGEST)}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
