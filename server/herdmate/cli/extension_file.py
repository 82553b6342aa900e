"""Where the extension for VS Code is that belongs to this installation, and how to install it."""

from __future__ import annotations

import json
import shlex
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path, PurePath
from string import Template
from urllib.parse import urlsplit
from urllib.request import url2pathname

from herdmate.cli.editor import Editor, program_of

INDENT = "    "
"""What begins a line with a command."""

_NAME = "extension/herdmate.vsix"


def with_commands(editor: Editor, text: str) -> str:
    """What an editor's user is told, with the commands for this machine in lines of their own."""
    code = PurePath(program_of(editor) or "code").stem
    return Template(text).safe_substitute(code=code, install=_installing(code))


def _installing(code: str) -> str:
    """How to install the extension, by whole paths where they are known."""
    clone = _clone()
    make, folder = ".ci/run install build", clone or Path()
    install = f"{INDENT}{code} --install-extension {shlex.quote(str(folder / _NAME))}\n"
    if clone is None:
        return f"In a clone of Herdmate, make and install the extension:\n{INDENT}{make}\n{install}"
    if (clone / _NAME).is_file():
        return f"Install the extension:\n{install}"
    make = f"{INDENT}cd {shlex.quote(str(clone))} && {make}\n"
    return f"Make and install the extension:\n{make}{install}"


def _clone() -> Path | None:
    """The folder that this package was installed from, if that has the extension."""
    try:
        said = distribution("herdmate").read_text("direct_url.json")
        url = urlsplit(json.loads(said or "{}").get("url", ""))
    except (PackageNotFoundError, ValueError, AttributeError, OSError):
        return None
    folder = Path(url2pathname(url.path))
    is_clone = url.scheme == "file" and (folder / "extension" / "package.json").is_file()
    return folder if is_clone else None
