"""What the model never sees: files that hold secrets, files that git ignores, keys and tokens."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from herdmate.context.files import MOST_LEVELS
from herdmate.context.ignored import is_ignored, unreadable_rules
from herdmate.context.secret_names import is_secret
from herdmate.redaction.redact import Redactions, run_redaction
from herdmate.text import Document, folder_of

_MOST_LINKS = 16
_LONGEST_URI = 8192
_BETWEEN_PATHS = re.compile(r"[\"'&=;,{}\s]+")

_documents = Redactions()
_searching = ThreadPoolExecutor(1, "search for secrets")
"""One thread only: later versions of a document wait for the first full search, then are quick."""


class WithheldReason(Enum):
    """Why the model must not see a file.

    ``code`` is what the statistics count; it is kept in files and never changes. ``sentence`` is
    what the user reads; ``{}`` stands for the detail.
    """

    def __init__(self, code: str, sentence: str) -> None:
        self.code, self.sentence = code, sentence

    SECRET_NAME = (
        "secrets",
        "the file's name suggests that it holds secrets, which the model never sees",
    )
    IGNORED_BY_GIT = (
        "ignored by git",
        "git ignores this file, and the model never sees what git ignores",
    )
    UNREADABLE_RULES = (
        "unreadable ignore rules",
        "the rules in {} cannot be read, so it is unknown whether git ignores this file; put the "
        "rules in an ordinary file of fewer than 64,000 characters, or remove them",
    )
    TOO_DEEP = "too deep", f"the file is more than {MOST_LEVELS} folders deep"
    BEING_CHECKED = (
        "being checked",
        "what git ignores has changed, and this file is being checked",
    )


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a file is withheld; as a string, the sentence for the user.

    ``detail`` completes the sentence: which rules cannot be read.
    """

    reason: WithheldReason
    detail: str = ""

    def __str__(self) -> str:
        return self.reason.sentence.format(self.detail)


def reason_to_withhold(document: Document, ignored: Mapping[str, Withheld]) -> Withheld | None:
    """Why the model must not see a document; ``None`` if it may.

    ``ignored`` maps the URIs of open documents whose files are withheld to the reasons.
    """
    if any(map(is_secret, _names_in(document.uri))):
        return Withheld(WithheldReason.SECRET_NAME)
    return ignored.get(document.uri)


def reason_to_withhold_file(path: Path, folders: tuple[Path, ...]) -> Withheld | None:
    """The same for a file on disk, or a link to a file that must not be seen.

    ``folders`` are the workspace's.
    """
    return _reason(path, lambda file: is_ignored(file, folder_of(file, folders)), folders)


def reason_to_withhold_declaration(path: Path, folders: tuple[Path, ...]) -> Withheld | None:
    """The same for a file that the user's own tools say defines what a document imports.

    Outside the workspace it may be one that git ignores, as libraries are.
    """
    within = (*folders, *(Path(os.path.realpath(folder)) for folder in folders))

    def is_ignored_here(file: Path) -> bool:
        return folder_of(file, within) is not None and is_ignored(file, folder_of(file, within))

    return _reason(path, is_ignored_here, within)


def _reason(
    path: Path, is_ignored_there: Callable[[Path], bool], folders: tuple[Path, ...]
) -> Withheld | None:
    if len(path.parts) > MOST_LEVELS:
        return Withheld(WithheldReason.TOO_DEEP)
    files = {path, *_led_to(path), Path(os.path.realpath(path))}
    if any(len(file.parts) > MOST_LEVELS for file in files):
        return Withheld(WithheldReason.TOO_DEEP)
    if any(map(is_secret, files)):
        return Withheld(WithheldReason.SECRET_NAME)
    by_git = [file for file in files if is_ignored_there(file)]
    for file in by_git:
        if (rules := unreadable_rules(file, folder_of(file, folders))) is not None:
            return Withheld(WithheldReason.UNREADABLE_RULES, str(rules))
    return Withheld(WithheldReason.IGNORED_BY_GIT) if by_git else None


def _names_in(uri: str) -> Iterator[str]:
    """All paths that a URI of any scheme can refer to: ``git:/a.git?{"path": "/.env"}``."""
    uri = uri[:_LONGEST_URI]
    try:
        parts = urlsplit(uri)
    except ValueError:
        yield unquote(uri)
        return
    yield unquote(parts.path)
    # If a client does not percent-encode ``?`` or ``#``, the parsed path ends there.
    yield unquote(uri)
    yield unquote(unquote(parts.path))
    for told in (unquote(parts.query), unquote(parts.fragment)):
        yield from (part for part in _BETWEEN_PATHS.split(told) if "/" in part or "\\" in part)


def _led_to(path: Path) -> Iterator[Path]:
    """The files along a chain of links, in order."""
    for _ in range(_MOST_LINKS):
        try:
            path = path.parent / os.readlink(path)
        except OSError:
            return
        yield path


def without_secrets(document: Document) -> Document:
    """The document with its secrets replaced by asterisks, at the same length.

    It keeps the tree of the original text, in which all offsets are the same.
    """
    text = _documents.of(document.uri, document.text)
    return document if text == document.text else replace(document, text=text)


async def without_secrets_soon(document: Document) -> Document:
    """``without_secrets``, for a long document on another thread: searching it all takes a while.

    A version that is cancelled before its turn is not searched.
    """
    return await run_redaction(len(document.text), without_secrets, document, on=_searching)


def forget_document(uri: str) -> None:
    """Drop what the search for secrets remembers of a document that is no longer open."""
    _documents.forget(uri)
