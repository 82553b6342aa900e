"""``herdmate serve``: the language server, over stdio or a socket private to the user."""

from __future__ import annotations

import argparse
import json
import secrets
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from herdmate.atomic_write import PRIVATE, create_whole
from herdmate.bounded_read import read_bytes
from herdmate.child_process import absolute, leave_working_directory
from herdmate.cli.parser import examples
from herdmate.cli.settings_options import found_settings
from herdmate.engine.remote import api_key
from herdmate.engine.start import FakeStart
from herdmate.errors import HerdmateError, SetupError
from herdmate.lsp.connection import end_process, serve_stdio
from herdmate.lsp.server import create_server
from herdmate.lsp.session import Session
from herdmate.lsp.settings_layers import with_own
from herdmate.lsp.shutdown import end_in_order, tidy_up
from herdmate.lsp.socket_server import HAS_SOCKETS, End, serve_port, serve_socket
from herdmate.models.role_choices import ChooseEngine, EngineChoice, choose_engine
from herdmate.models.start import first_message
from herdmate.prompting.families import CONTROL_PIECES, QWEN_PIECES
from herdmate.roles import Role, for_role, is_apart, is_open
from herdmate.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``herdmate serve [--socket PATH]``."""
    place = parser.add_mutually_exclusive_group()
    if HAS_SOCKETS:
        place.add_argument(
            "--socket", type=Path, metavar="PATH",
            help="listen on a socket that only you can open, instead of stdio",
        )  # fmt: skip
    else:
        place.add_argument(
            "--token-file", type=Path, metavar="FILE",
            help="listen on a local port; FILE receives the port and the token to send first",
        )  # fmt: skip
    place.add_argument("--tcp", nargs="?", const="", action=_Gone, help=argparse.SUPPRESS)
    parser.add_argument("--stdio", action="store_true", help=argparse.SUPPRESS)  # the default
    parser.add_argument("--fake-engine", type=Path, metavar="SCRIPT", help=argparse.SUPPRESS)
    parser.epilog = examples(
        "herdmate serve", "herdmate serve --set remote.url=http://big-machine:8000"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    api_key.take()
    choose = engine_starter(arguments.fake_engine)
    found = found_settings(arguments)
    leave_working_directory()
    server = create_server(choose)
    configuration = server.configuration
    configuration.layers = with_own(configuration.layers, found.nested)
    configuration.faults = found.faults
    with ExitStack() as at_end:
        end_in_order(server, at_end)
        tidy = partial(tidy_up, server, at_end)
        if getattr(arguments, "socket", None) is not None:
            path = Path(absolute(str(arguments.socket)))
            serve_socket(server, path, at_end, partial(end_process, tidy))
        elif getattr(arguments, "token_file", None) is not None:
            file = Path(absolute(str(arguments.token_file)))
            _serve_port(server, file, at_end, partial(end_process, tidy))
        else:
            return serve_stdio(server.protocol, tidy)
    return 0


class _Gone(argparse.Action):
    """``--tcp``, removed because any user of the machine, or any web page, could connect."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        instead = "--socket PATH" if HAS_SOCKETS else "--token-file FILE"
        parser.error(f"--tcp was removed because anyone could connect; use {instead}.")


def _serve_port(server: Session, file: Path, at_end: ExitStack, end: End) -> None:
    token = secrets.token_urlsafe(32)

    def remove() -> None:
        with suppress(OSError):
            if token.encode() in read_bytes(file, 1000):
                file.unlink()

    def tell(port: int) -> None:
        try:
            create_whole(file, json.dumps({"port": port, "token": token}).encode(), PRIVATE)
        except OSError as error:
            raise SetupError(
                f"{file} cannot be created ({error.strerror or error}); pass another path to "
                "--token-file."
            ) from error

    at_end.callback(remove)
    serve_port(server, token, tell, end)


def engine_starter(fake_script: Path | None) -> ChooseEngine:
    """The function that looks up the engine in the settings, or always takes the fake one."""
    return _fake(fake_script) if fake_script else choose_engine


def _fake(script: Path) -> ChooseEngine:
    """A model-free engine for protocol tests; ``script`` is a JSON file of its replies.

    Those under ``completion`` are of a second one, where the settings name a model for ghost text.
    """
    words = json.loads(script.read_text(encoding="utf-8"))
    names = ("seconds", "context", "load_seconds")
    given = {key: words[key] for key in names if key in words}
    if words.get("record"):
        given["record"] = absolute(words["record"])
    start = FakeStart(words["replies"], QWEN_PIECES, **given)
    ghost = replace(start, replies=words["completion"]) if "completion" in words else start

    def choose(
        settings: Settings, role: Role, held: int, _beside: EngineChoice | None
    ) -> EngineChoice:
        """The fake engine, which only needs the memory of a model that is on this machine.

        It is one for both roles, unless something is said about ghost text.
        """
        role = "answers" if is_open(settings) else role
        is_ghost = role == "completion" and is_apart(settings)
        said = replace(ghost if is_ghost else start, model=for_role(settings, role).model)
        with suppress(HerdmateError):
            _, chosen = first_message(settings, CONTROL_PIECES, held, role)
            if not chosen.fits:
                return EngineChoice(said, chosen.note, fits=False)
        return EngineChoice(said, "This is the fake engine.")

    return choose
