"""What the model never sees: files that hold secrets, files that git ignores, private keys."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from urllib.parse import unquote

from herdmate.context.files import is_secret, redacted
from herdmate.text import Document


def reason_to_withhold(document: Document, ignored: Collection[str]) -> str | None:
    """Why no prompt is made of a document, in a few words, or ``None`` where one may be.

    ``ignored`` are the URIs of the open documents that git ignores.
    """
    if is_secret(unquote(document.uri)):
        return "the file's name says that it holds secrets, which the model never sees"
    if document.uri in ignored:
        return "git ignores this file, and the model never sees what git ignores"
    return None


def without_keys(document: Document) -> Document:
    """The document with stars in the place of private keys, as long as before."""
    text = redacted(document.text)
    return document if text == document.text else replace(document, text=text)
