"""``herdmate serve``: the language server, over stdio or a loopback port."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from herdmate.assist.companion import first_message, remote_start
from herdmate.child_process import absolute, leave_working_directory
from herdmate.engine.client import start_fake
from herdmate.engine.remote.engine import RemoteStart
from herdmate.lsp import counting
from herdmate.lsp.ending import Input, end_in_order
from herdmate.lsp.server import create_server
from herdmate.lsp.session import FirstMessage
from herdmate.prompting.families import CONTROL_PIECES
from herdmate.settings import Settings

Commands = Any  # argparse has no public name for what add_subparsers answers


def add_parser(commands: Commands) -> None:
    """``herdmate serve [--tcp PORT]``."""
    parser = commands.add_parser("serve", help="start the language server on stdio")
    parser.add_argument(
        "--tcp", type=int, metavar="PORT", help="listen on 127.0.0.1:PORT instead of stdio"
    )
    parser.add_argument("--stdio", action="store_true", help=argparse.SUPPRESS)  # the default
    parser.add_argument("--fake-engine", type=Path, metavar="SCRIPT", help=argparse.SUPPRESS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    first_message = engine_starter(arguments.fake_engine)
    leave_working_directory()
    server = create_server(first_message)
    end_in_order(server)
    try:
        if arguments.tcp is not None:
            server.start_tcp("127.0.0.1", arguments.tcp)
        else:
            server.start_io(cast(BinaryIO, Input(sys.stdin.buffer, server)))
    finally:
        counting.finish(server)  # also where the editor ended without a word
    return 0


def engine_starter(fake_script: Path | None) -> FirstMessage:
    """What starts the model that the settings ask for, or the fake one."""
    return _fake(fake_script) if fake_script else _real


def _real(settings: Settings) -> tuple[Mapping[str, Any] | RemoteStart, str]:
    if (remote := remote_start(settings)) is not None:
        return remote, ""
    message, chosen = first_message(settings)
    return message, chosen.note


def _fake(script: Path) -> FirstMessage:
    """The engine without a model that protocol tests use; ``script`` is JSON of its replies."""
    words = json.loads(script.read_text(encoding="utf-8"))
    qwen = [piece for piece in CONTROL_PIECES if piece.startswith("<|")]
    names = ("seconds", "context", "load_seconds")
    given = {key: words[key] for key in names if key in words}
    if words.get("record"):
        given["record"] = absolute(words["record"])
    message = start_fake(words["replies"], qwen, **given)
    return lambda _settings: (message, "This is the fake engine.")
