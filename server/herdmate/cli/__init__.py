"""The command line: the composition root, which wires the other layers together."""

from herdmate.cli.main import main

__all__ = ["main"]
