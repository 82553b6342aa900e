"""The ``herdmate`` command: its subcommands and what they share."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib import import_module

from herdmate.cli.terminal import LogFormatter, Parser, tell
from herdmate.errors import HerdmateError
from herdmate.version import VERSION

_COMMANDS = {
    "demo": "show what Herdmate does, on a sample or on FILE",
    "setup": "print your editor's configuration; --write adds it",
    "serve": "start the language server on stdio",
    "complete": "print the ghost text at FILE:LINE:COLUMN",
    "explain": "explain the lines FILE:START-END",
    "refactor": "refactor the lines FILE:START-END",
    "models": "see, fetch, find and remove models",
    "stats": "show how ghost text fared; the counts stay on this machine",
    "bench": "measure the speed on this machine",
    "eval": "measure the quality on your own code or a benchmark",
}
"""The commands and what they do; each is the module of that name."""

_EVAL = {"fix": "eval_fix", "refactor": "eval_refactor", "typing": "eval_typing"}
"""What can follow ``eval`` instead of a set, and the module for each."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, 0 on success."""
    words = _joined(sys.argv[1:] if argv is None else argv)
    arguments = _parser(words).parse_args(words)
    _set_up_logging(arguments.log_level)
    try:
        return int(arguments.run(arguments))
    except HerdmateError as error:
        tell(f"herdmate: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of all commands; only those among ``words`` are imported, with their arguments."""
    parser = Parser(
        prog="herdmate",
        description="A coding companion that runs entirely on your machine.",
    )
    parser.add_argument("--version", action="version", version=f"herdmate {VERSION}")
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="warning",
        help="what is written to standard error; only debug shows code (default: warning)",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    found = {name: commands.add_parser(name, help=does) for name, does in _COMMANDS.items()}
    for word, name in _EVAL.items():
        found[name] = commands.add_parser(name, prog=f"herdmate eval {word}")
    for name in found.keys() & set(words):
        import_module(f"herdmate.cli.{name}").add_arguments(found[name])
    return parser


def _joined(argv: Sequence[str]) -> list[str]:
    """Turn ``eval fix`` and its like into commands separate from ``eval SET``."""
    words = list(argv)
    at = words.index("eval") if "eval" in words else len(words)
    name = _EVAL.get("".join(words[at + 1 : at + 2]))
    return [*words[:at], name, *words[at + 2 :]] if name else words


def _set_up_logging(level: str) -> None:
    """Log to standard error only; standard output may belong to the protocol."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    if level != "debug":  # pygls logs whole messages, with the user's code, at INFO
        logging.getLogger("pygls").setLevel(logging.ERROR)
        logging.getLogger("pygls.protocol").addFilter(_without_arguments)
        logging.getLogger("pygls.protocol.json_rpc").addFilter(_without_arguments)


def _without_arguments(record: logging.LogRecord) -> bool:
    """Strip the arguments: pygls logs unhandled messages in full, with the user's files."""
    record.msg, record.args = str(record.msg).partition(":")[0].replace("%r", "…"), ()
    record.msg = record.msg.replace("%s", "…")
    return True
