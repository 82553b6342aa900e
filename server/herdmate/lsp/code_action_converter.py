"""How a client reads the server's code actions."""

from __future__ import annotations

import cattrs
from lsprotocol import types
from pygls.protocol import default_converter


def converter_of_actions() -> cattrs.Converter:
    """lsprotocol's converter, cured of reading every CodeAction with a command as a Command."""
    converter: cattrs.Converter = default_converter()  # type: ignore[no-untyped-call]
    converter.register_structure_hook(
        types.Command | types.CodeAction,
        lambda value, _: converter.structure(
            value, types.Command if isinstance(value.get("command"), str) else types.CodeAction
        ),
    )
    return converter
