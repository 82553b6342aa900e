"""An editor's own file with Herdmate's configuration in it; all else in it stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from herdmate.cli import toml_edit
from herdmate.cli.config_block import with_block, without_block
from herdmate.cli.editor import Editor, configuration, marks
from herdmate.cli.json_edit import JsonError, parsed, with_settings
from herdmate.cli.toml_edit import TomlError, with_item
from herdmate.errors import SetupError, reason_of


def merged(
    editor: Editor, path: Path, text: str | None, command: Sequence[str], languages: Sequence[str]
) -> str:
    """The file's text with the configuration; ``None`` stands for no file.

    Raises ``SetupError`` if that would do harm.
    """
    if not editor.comment:
        return _json(editor, path, text, configuration(editor, command, languages))
    begin, end = marks(editor)
    rest = without_block(text or "", begin, end) or ""
    if editor.clash and re.search(editor.clash, rest, re.MULTILINE):
        raise SetupError(f"{path}: {editor.clash_says}")
    if text and path.suffix == ".toml":
        text, languages = _with_servers(editor, path, text, rest, languages)
    after = with_block(text, configuration(editor, command, languages), begin, end)
    if path.suffix == ".toml":
        by_hand = f"add to it what `herdmate setup {editor.name}` prints"
        _toml(after, f"{path} cannot be extended by TOML at its end", by_hand)
    return after


def _json(editor: Editor, path: Path, text: str | None, block: str) -> str:
    """JSON into which the settings are merged; what another program is named for stays."""
    if text is None:
        return block
    if not text.strip():
        return f"{text}\n{block}"
    try:
        after = with_settings(text, json.loads(block), names_herdmate, editor.listed)
        parsed(after)
    except JsonError as error:
        raise _unchanged(editor, path, error) from error
    return after


def _unchanged(editor: Editor, path: Path, error: Exception) -> SetupError:
    return SetupError(
        f"{path} was not changed ({reason_of(error)}); add to it what "
        f"`herdmate setup {editor.name}` prints."
    )


def names_herdmate(value: Any) -> bool:
    """Does a value, a key or a command, name a Herdmate?

    A folder of that name above another program does not.
    """
    if isinstance(value, Mapping):
        return any(names_herdmate(item) for entry in value.items() for item in entry)
    if isinstance(value, list | tuple):
        return any(map(names_herdmate, value))
    words = re.split(r"[/\\]", str(value).lower())
    return "herdmate" in words[-1] or words[-2:] == ["herdmate", "__main__.py"]


def _with_servers(
    editor: Editor, path: Path, text: str, rest: str, languages: Sequence[str]
) -> tuple[str, Sequence[str]]:
    """Add Herdmate to the servers of the languages that the user's part of a TOML file has.

    Returns the text, and the languages that it does not have. ``rest`` is the user's part.
    """
    present = _toml(rest, f"{path} is not valid TOML", "fix the file first").get("language")
    tables = (
        [item for item in present if isinstance(item, dict)] if isinstance(present, list) else []
    )
    known: dict[str, Any] = {}
    for item in tables:
        if isinstance(name := item.get("name"), str):
            known[name] = item.get("language-servers", known.get(name))
    if known:  # nothing is to be changed in our own block, which is replaced
        text = with_block(text, "\n".join((*marks(editor), "")), *marks(editor))
    left = [item for item in languages if editor.languages[item][0] not in known]
    for language in (item for item in languages if item not in left):
        name, *servers = editor.languages[language]
        try:
            text = _with_server(text, name, known[name], servers)
        except TomlError as error:
            raise _unchanged(editor, path, error) from error
    return text, left


def _with_server(text: str, name: str, present: Any, usual: Sequence[str]) -> str:
    """Add Herdmate to the servers of one language, whose table the text has.

    Raises ``TomlError`` if that would change anything else.
    """
    if isinstance(present, list) and any(_names_us(item) for item in present):
        return text
    return with_item(text, "language", name, "language-servers", "herdmate", usual)


def _names_us(server: Any) -> bool:
    return (server.get("name") if isinstance(server, dict) else server) == "herdmate"


def _toml(text: str, wrong: str, mend: str) -> dict[str, Any]:
    try:
        return toml_edit.parsed(text)
    except TomlError as error:
        raise SetupError(f"{wrong} ({reason_of(error)}); {mend}.") from error
