"""What the model never sees: files that hold secrets, files that git ignores, private keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from herdmate.context.files import is_secret, redacted
from herdmate.context.ignored import is_ignored, unreadable_rules
from herdmate.text import Document, folder_of, name_in


def reason_to_withhold(document: Document, ignored: Mapping[str, str]) -> str | None:
    """Why no prompt is made of a document, in a few words, or ``None`` where one may be.

    ``ignored`` are the open documents whose files are withheld, by URI, each with the reason.
    """
    # A client that writes no % before a ``?`` or ``#`` has that cut from what it calls the path.
    names = name_in(document.uri), unquote(document.uri)
    return _reason(any(map(is_secret, names)), False) or ignored.get(document.uri)


def reason_to_withhold_file(path: Path, folders: tuple[Path, ...]) -> str | None:
    """The same of a file on disk, also where that is a link to one that must not be seen.

    ``folders`` are the workspace's.
    """
    files = {path, Path(os.path.realpath(path))}
    by_git = [file for file in files if is_ignored(file, folder_of(file, folders))]
    unreadable = (unreadable_rules(file, folder_of(file, folders)) for file in by_git)
    rules = next(filter(None, unreadable), None)
    return _reason(any(map(is_secret, files)), bool(by_git), rules)


def _reason(of_secrets: bool, by_git: bool, unreadable: Path | None = None) -> str | None:
    if of_secrets:
        return "the file's name says that it holds secrets, which the model never sees"
    if unreadable is not None:
        return (
            f"the rules in {unreadable} cannot be read, so that nobody knows whether git ignores "
            "this file; make that an ordinary file of less than 64,000 characters, or remove it"
        )
    if by_git:
        return "git ignores this file, and the model never sees what git ignores"
    return None


def without_keys(document: Document) -> Document:
    """The document with stars in the place of private keys, as long as before."""
    text = redacted(document.text)
    return document if text == document.text else replace(document, text=text)
