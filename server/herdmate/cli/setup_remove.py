"""An editor's own file without what ``setup`` wrote into it; all else in it stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from herdmate.cli.config_block import without_block
from herdmate.cli.editor import Editor, configuration, marks
from herdmate.cli.json_edit import EMPTY, JsonError, leaves, marked, parsed, value_at, without_entry
from herdmate.cli.setup_merge import names_herdmate
from herdmate.cli.toml_edit import TomlError, without_item
from herdmate.errors import SetupError, reason_of


def removed(editor: Editor, path: Path, text: str) -> str | None:
    """The file's text as it was before ``setup``, as far as nobody has changed what that wrote.

    ``None`` if there was no file; unchanged if nothing is in it. Raises ``SetupError`` if taking
    something out would do harm.
    """
    try:
        if not editor.comment:
            return _without_settings(editor, text)
        rest = without_block(text, *marks(editor))
        if path.suffix != ".toml" or rest is None or rest == text:
            return rest
        usual = {name: servers for name, *servers in editor.languages.values()}
        return without_item(rest, "language", "language-servers", "herdmate", usual)
    except (JsonError, TomlError) as error:
        raise SetupError(
            f"{path} was not changed ({reason_of(error)}); take out of it what names herdmate."
        ) from error


def _without_settings(editor: Editor, text: str) -> str | None:
    """JSON without the settings of the editor's servers that start a Herdmate."""
    if not text.strip():
        return text
    rest = text
    for path in dict.fromkeys(reversed([*_ours(editor, text)])):
        rest = without_entry(rest, path)
    is_ours = text.lstrip()[1:2] == "\n"  # what is added to braces of the user's follows them
    if rest != text and is_ours and rest.endswith(EMPTY) and not rest.removesuffix(EMPTY).strip():
        space = rest.removesuffix(EMPTY)  # of a file that was blank, and one line break of ours
        return space.removesuffix("\n") if space else None
    return rest


def _ours(editor: Editor, text: str) -> Iterator[tuple[Any, ...]]:
    """The paths of all entries that ``setup`` wrote, in the order in which it writes them."""
    whole, everything = parsed(text), tuple(editor.languages)
    wanted, others = (leaves(json.loads(configuration(editor, (word, word), everything)))
                      for word in ("herdmate", "another"))  # fmt: skip
    commands = {path for (path, value), other in zip(wanted, others, strict=True)
                if (path, value) != other}  # fmt: skip
    is_there = False
    for group in dict.fromkeys(path[:-1] for path, _ in wanted):
        found = {path: (at, value) for path, value in wanted
                 if path[:-1] == group and (at := value_at(whole, path)) is not None}  # fmt: skip
        starts = [path for path in found if path in commands]
        if not any(names_herdmate((path[-1], found[path][0].plain)) for path in starts):
            continue
        is_there = True
        if "herdmate" in group:
            yield group[: group.index("herdmate") + 1]
            continue
        begin = min(found[path][0].begin for path in starts)  # what is before was the user's
        yield from (path for path, (at, value) in found.items()
                    if path in starts or (at.begin > begin and at.plain == value))  # fmt: skip
    for path, value in wanted:
        array = value_at(whole, path) if editor.listed and isinstance(value, list) else None
        if array is None or editor.listed not in value:
            continue
        if (item := marked(text, array, editor.listed)) is not None:
            yield (*path, item)
        elif is_there and array.plain == value:
            yield path
