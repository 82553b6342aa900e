"""The ``herdmate`` command: its subcommands and what they share."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from herdmate.cli import (
    bench,
    complete,
    demo,
    eval,
    eval_fix,
    eval_refactor,
    eval_typing,
    explain,
    models,
    refactor,
    serve,
    setup,
    stats,
)
from herdmate.cli.terminal import Console, LogFormatter, Parser
from herdmate.errors import HerdmateError
from herdmate.version import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, 0 on success."""
    arguments = _parser().parse_args(_joined(sys.argv[1:] if argv is None else argv))
    _set_up_logging(arguments.log_level)
    try:
        return int(arguments.run(arguments))
    except HerdmateError as error:
        Console(stderr=True, highlight=False).print(f"herdmate: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
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
    commands_in_order = (
        demo, setup, serve, complete, explain, refactor, models, stats, bench, eval, eval_fix,
        eval_refactor, eval_typing,
    )  # fmt: skip
    for part in commands_in_order:
        part.add_parser(commands)
    return parser


_EVAL = {"fix": eval_fix.NAME, "refactor": eval_refactor.NAME, "typing": eval_typing.NAME}


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
