"""Another language server for Python files, which writes the commands it is sent into a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method


class _Protocol(LanguageServerProtocol):
    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:
        with Path(sys.argv[1]).open("a", encoding="utf-8") as file:
            file.write(f"{params.command}\n")


if __name__ == "__main__":
    server = LanguageServer("other", "1", protocol_cls=_Protocol)
    server.command("other.command")(lambda *_: None)
    server.start_io()
