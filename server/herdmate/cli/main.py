"""The ``herdmate`` command: its subcommands and what they share."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module

from herdmate.cli.parser import Parser, add_common_options, add_root_options, examples
from herdmate.cli.terminal import (
    LogFormatter,
    LogHandler,
    Look,
    abandon_output,
    flush,
    looking,
    prepare_streams,
    tell_error,
    write_error_as_json,
)
from herdmate.errors import HerdmateError, UsageError, reason_of
from herdmate.version import VERSION

_COMMANDS = {
    "demo": "show what Herdmate does, on a sample or on FILE",
    "setup": "print your editor's configuration; --write adds it",
    "serve": "start the language server on stdio",
    "complete": "print the ghost text at FILE:LINE:COLUMN",
    "chat": "talk with the model, about files or anything else",
    "explain": "explain the lines FILE:START-END",
    "refactor": "refactor the lines FILE:START-END",
    "actions": "list what explain and refactor can be asked for",
    "models": "see, fetch, find and remove models",
    "config": "see and change your settings",
    "doctor": "check this machine, and say what mends each trouble",
    "completion": "print what makes your shell complete commands",
    "stats": "show how ghost text fared; the counts stay on this machine",
    "bench": "measure the speed on this machine",
    "eval": "measure the quality on your own code or a benchmark",
}
"""The commands and what they do; each is the module of that name."""

_EVAL = {"fix": "eval_fix", "refactor": "eval_refactor", "typing": "eval_typing"}
"""What can follow ``eval`` instead of a set, and the module for each."""

_EXAMPLES = examples(
    "herdmate demo                              see it work, on a sample",
    "herdmate explain src/app.py:10-40          explain lines 10 to 40",
    "herdmate refactor simplify src/app.py:10-40 | git apply",
    "herdmate help refactor                     the same as herdmate refactor --help",
)

FAILED, MISUSED, BROKEN, INTERRUPTED, READER_GONE = 1, 2, 70, 130, 141
"""Exit codes besides 0: the last three are what shells expect of an internal error, Ctrl-C and a
pipe whose reader has ended."""

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code, 0 on success; never raises but to exit."""
    prepare_streams()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what can come next
        joined = {("eval", word): name for word, name in _EVAL.items()}
        import_module("herdmate.cli.completion").answer_shell(_parser, joined)
    try:
        try:
            code = _run(_joined(_helped(sys.argv[1:] if argv is None else argv)))
        finally:
            flush()
    except BrokenPipeError:
        abandon_output()
        return READER_GONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError):
            abandon_output()
        elif not isinstance(error, HerdmateError):
            _log.debug("internal error", exc_info=error)
        tell_error(f"herdmate: {_sentence_for(error)}")
        return _exit_code(error)
    return code


def _run(words: Sequence[str]) -> int:
    parser = _parser(words)
    arguments = parser.parse_args(words)
    level = getattr(arguments, "log_level", "info" if _said(arguments, "verbose") else "warning")
    _set_up_logging(level)
    if _said(arguments, "verbose") and "serve" not in words:  # an editor keeps what that logs
        logging.getLogger("herdmate.actions.attempts").setLevel(logging.DEBUG)
    look = Look(_said(arguments, "quiet"), _said(arguments, "no_color"))
    with looking(look), _failure_as_json(_said(arguments, "json")):
        if _said(arguments, "set_here") or _said(arguments, "set_first"):
            import_module("herdmate.cli.settings_options").refuse_wrong_options(arguments)
        return int(arguments.run(arguments))


@contextmanager
def _failure_as_json(is_json: bool) -> Iterator[None]:
    """Write what ends the block to standard output as well if that is to be JSON."""
    try:
        yield
    except Exception as error:
        if is_json and not isinstance(error, BrokenPipeError):
            with suppress(OSError):  # it may be the reason
                write_error_as_json(_sentence_for(error))
        raise


def _said(arguments: argparse.Namespace, name: str) -> bool:
    return bool(getattr(arguments, name, False))


def _parser(words: Sequence[str]) -> Parser:
    """The parser of all commands; only those among ``words`` are imported, with their arguments."""
    parser = Parser(
        prog="herdmate",
        description="A coding companion that runs entirely on your machine.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"herdmate {VERSION}")
    commands = parser.add_commands("commands", "COMMAND")
    found = {name: commands.add_parser(name, help=does) for name, does in _COMMANDS.items()}
    for word, name in _EVAL.items():
        found[name] = commands.add_parser(name, prog=f"herdmate eval {word}")
    for name in found.keys() & set(words):
        import_module(f"herdmate.cli.{name}").add_arguments(found[name])
        add_common_options(found[name])
    add_root_options(parser)
    parser.other_words = _command_of_action
    return parser


def _command_of_action(word: str) -> str:
    """The command that runs an action; empty if there is no action of this name."""
    from herdmate.prompting.library import load_library

    name = word.replace("-", "_")
    kinds = {action.name: action.kind for action in load_library()[0].actions}
    return {"": "", "explain": f"explain --action {name}"}.get(
        kinds.get(name, ""), f"refactor {name}"
    )


def _helped(argv: Sequence[str]) -> list[str]:
    """Turn ``help COMMAND`` into ``COMMAND --help``."""
    words = list(argv)
    return [*words[1:], "--help"] if words[:1] == ["help"] else words


def _joined(argv: Sequence[str]) -> list[str]:
    """Turn ``eval fix`` and its like into commands separate from ``eval SET``."""
    words = list(argv)
    at = words.index("eval") if "eval" in words else len(words)
    name = _EVAL.get("".join(words[at + 1 : at + 2]))
    return [*words[:at], name, *words[at + 2 :]] if name else words


def _sentence_for(error: Exception) -> str:
    """What is said of an error that ends a command."""
    if isinstance(error, HerdmateError):
        from herdmate.cli.wording import in_terminal  # knows all settings, which takes time

        return in_terminal(str(error))
    if isinstance(error, OSError):  # what the system says, and of which file
        return (
            f"{error.filename}: {reason_of(error)}." if error.filename else f"{reason_of(error)}."
        )
    return (
        f"Something went wrong inside Herdmate ({type(error).__name__}); please report it with "
        "what --log-level debug shows."
    )


def _exit_code(error: Exception) -> int:
    if isinstance(error, UsageError):
        return MISUSED
    return FAILED if isinstance(error, HerdmateError | OSError) else BROKEN


def _set_up_logging(level: str) -> None:
    """Log to standard error only; standard output may belong to the protocol."""
    handler = LogHandler(sys.stderr)
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
