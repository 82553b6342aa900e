"""An editor's own file with Herdmate's configuration in it; all else in it stays as it is."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from herdmate.cli.config_block import with_block, without_block
from herdmate.cli.editor import Editor, configuration, marks
from herdmate.cli.json_edit import JsonError, parsed, with_settings
from herdmate.errors import SetupError, reason_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def merged(
    editor: Editor, path: Path, text: str, command: Sequence[str], languages: Sequence[str]
) -> str:
    """The file's text with the configuration. Raises ``SetupError`` if that would do harm."""
    if not editor.comment:
        return _json(editor, path, text, configuration(editor, command, languages))
    begin, end = marks(editor)
    rest = without_block(text, begin, end)
    if editor.clash and re.search(editor.clash, rest, re.MULTILINE):
        raise SetupError(f"{path}: {editor.clash_says}")
    if path.suffix == ".toml":
        text, languages = _with_servers(editor, path, text, rest, languages)
    after = with_block(text, configuration(editor, command, languages), begin, end)
    if path.suffix == ".toml":
        by_hand = f"add to it what `herdmate setup {editor.name}` prints"
        _toml(after, f"{path} cannot be extended by TOML at its end", by_hand)
    return after


def _json(editor: Editor, path: Path, text: str, block: str) -> str:
    """JSON into which the settings are merged; what another program is named for stays."""
    if not text.strip():
        return block
    try:
        after = with_settings(text, json.loads(block), _is_ours, editor.listed)
        parsed(after)
    except JsonError as error:
        raise SetupError(
            f"{path} was not changed ({reason_of(error)}); add to it what "
            f"`herdmate setup {editor.name}` prints."
        ) from error
    return after


def _is_ours(value: Any) -> bool:
    """Does a value that is there already name a Herdmate?"""
    return "herdmate" in json.dumps(value, ensure_ascii=False).lower()


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
    known = {item["name"]: item.get("language-servers") for item in tables if "name" in item}
    left = [item for item in languages if editor.languages[item][0] not in known]
    for language in (item for item in languages if item not in left):
        name, *servers = editor.languages[language]
        text = _with_server(text, name, known[name], servers)
    return text, left


def _with_server(text: str, name: str, present: Any, usual: Sequence[str]) -> str:
    """Add Herdmate to the servers of one language, whose table the text has."""
    import tomlkit  # takes a tenth of a second

    if isinstance(present, list) and any(_names_us(item) for item in present):
        return text
    document = tomlkit.parse(text)
    tables: Any = document["language"]
    table = next(item for item in tables if item.get("name") == name)
    if isinstance(present, list):
        table["language-servers"].append("herdmate")
    else:
        table["language-servers"] = [*usual, "herdmate"]
    added = tomlkit.dumps(document)
    return added.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else added


def _names_us(server: Any) -> bool:
    return (server.get("name") if isinstance(server, dict) else server) == "herdmate"


def _toml(text: str, wrong: str, mend: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SetupError(f"{wrong} ({reason_of(error)}); {mend}.") from error
