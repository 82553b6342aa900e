"""Documents and positions in them.

**Invariant:** a position is an offset into a ``str`` (code points, not bytes or UTF-16 units). The
protocol's lines, columns and encodings exist only in ``lsp/convert.py``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINE_BREAK = re.compile(r"\r\n|\n|\r")
"""What ends a line, in LSP and in the files that models are trained on."""

BYTE_ORDER_MARK = "\ufeff"
"""What some editors leave at the start of a file."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``start:end`` of offsets into a document's text."""

    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        """Does the span cover no characters?"""
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one open file.

    ``language`` is the LSP language id (``"python"``, ``"typescriptreact"``), ``said`` what the
    editor calls it if that is something else. ``tree`` is the
    syntax tree of ``text`` and belongs to ``context.syntax``; ``None`` if no grammar is known. An
    edit moves the tree on to the next version, so read it before the first ``await``. ``supposed``
    is set if the text is not the editor's: it holds the real document and the edit that turns it
    into this one.
    """

    uri: str
    language: str
    text: str
    version: int | None = None
    tree: object | None = None
    supposed: tuple[Document, Edit] | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position between two characters of a document."""

    document: Document
    offset: int

    @property
    def prefix(self) -> str:
        """All text before the cursor."""
        return self.document.text[: self.offset]

    @property
    def suffix(self) -> str:
        """All text after the cursor."""
        return self.document.text[self.offset :]

    @property
    def line_prefix(self) -> str:
        """The part of the cursor's line before the cursor."""
        return self.document.text[line_start(self.document.text, self.offset) : self.offset]

    @property
    def line_suffix(self) -> str:
        """The part of the cursor's line after the cursor, without its line ending."""
        return self.document.text[self.offset : line_end(self.document.text, self.offset)]


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of a document that the user selected."""

    document: Document
    span: Span

    @property
    def text(self) -> str:
        """The selected characters."""
        return self.document.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Code from another file: the path to show, and the code, which ends with a line ending."""

    path: str
    code: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace ``span`` with ``new_text``."""

    span: Span
    new_text: str


def indent_of(line: str) -> str:
    """The spaces and tabs with which a line begins."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def line_start(text: str, offset: int) -> int:
    """Offset of the first character of the line that contains ``offset``."""
    start = text.rfind("\n", 0, offset) + 1
    return max(text.rfind("\r", start, offset) + 1, start)


def line_end(text: str, offset: int) -> int:
    r"""Offset just after the last character of the line, before its ``\n`` or ``\r\n``."""
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    earlier = text.find("\r", offset, end)
    return end if earlier < 0 else earlier


def with_line_feeds(text: str) -> str:
    r"""The text with ``\n`` for each ``\r\n`` and ``\r``: the only line ending a model is shown."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def line_ending(text: str) -> str:
    r"""A document's line ending, judged by the first one; ``\n`` if it has none."""
    end = text.find("\n")
    if end < 0:
        return "\r" if "\r" in text else "\n"
    return "\r\n" if text[end - 1 : end] == "\r" else "\n"


def rows_of(text: str, span: Span) -> range:
    """The rows, from 0, on which a span's text stands; line ends at its end do not count."""
    first = with_line_feeds(text[: span.start]).count("\n")
    inside = text[span.start : span.end].rstrip("\r\n")
    return range(first, first + with_line_feeds(inside).count("\n") + 1)


def whole_lines(text: str, span: Span) -> Span:
    """The span widened to whole lines, without the last line's end.

    If the span ends at the start of a line, as line-wise selections do, that line is left out.
    """
    end = span.end
    if end > span.start and line_start(text, end) == end:
        end -= 2 if text[max(end - 2, 0) : end] == "\r\n" else 1
    return Span(line_start(text, span.start), line_end(text, max(end, span.start)))


def apply_edits(text: str, edits: tuple[Edit, ...]) -> str:
    """The text with edits applied. All offsets refer to the original; edits must not overlap.

    Of edits that begin at the same offset, the first comes first.
    """
    in_order = sorted(enumerate(edits), key=lambda item: (item[1].span.start, item[0]))
    for _, edit in reversed(in_order):
        text = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
    return text


def narrowed(text: str, edit: Edit) -> Edit:
    """The edit without the parts at its start and end that stay the same."""
    old, new = text[edit.span.start : edit.span.end], edit.new_text
    before = _alike(old, new, lambda part, low, high: part[low:high])
    old, new = old[before:], new[before:]
    behind = _alike(old, new, lambda part, low, high: part[len(part) - high : len(part) - low])
    start = edit.span.start + before
    return Edit(Span(start, edit.span.end - behind), new[: len(new) - behind])


def path_of(uri: str) -> Path | None:
    """The path of a ``file:`` URI or of a VS Code notebook cell; ``None`` for any other URI.

    Also ``None`` if the file is on another machine or no file can have that name.
    """
    try:
        parts = urlsplit(uri)
        is_here = parts.scheme in _ON_DISK and parts.netloc.lower() in _HERE
        name = file_name(parts.path) if is_here else None
        path = None if name is None else Path(name)
        is_name = path is not None and path.is_absolute() and b"\0" not in os.fsencode(path)
    except ValueError:
        return None
    return path if is_name and len(str(path)) <= _LONGEST_PATH else None


def file_name(path: str, is_windows: bool = os.name == "nt") -> str | None:
    """The name of the file that the path in a URI means; except on Windows, any bytes.

    On Windows it begins with a drive; ``None`` for what does not, such as a name of another machine
    or a device.
    """
    if not is_windows:
        return unquote(path, errors="surrogateescape")
    name = unquote(path).replace("/", "\\")
    return name[1:] if _DRIVE.match(name) else None


def name_in(uri: str) -> str:
    """The path part of any URI; the whole string if it is not a URI."""
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return unquote(uri)


def folder_of(path: Path, folders: tuple[Path, ...]) -> Path | None:
    """The innermost workspace folder that contains a path."""
    known = frozenset(folders)  # a workspace can have many
    # A path can have thousands of parents, each of which takes time proportional to its length.
    deepest = max((len(folder.parts) for folder in known), default=0)
    near = path.parents[max(len(path.parts) - 1 - deepest, 0) :]
    return next((parent for parent in near if parent in known), None)


def shown_path(path: Path, folders: tuple[Path, ...]) -> str:
    """A path to show: relative to its workspace folder, which is named if there are several.

    Always one line; unprintable characters are replaced.
    """
    folder = folder_of(path, folders)
    start = folder.parent if folder is not None and len(folders) > 1 else folder
    shown = path.name if start is None else path.relative_to(start).as_posix()
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown)


_DRIVE = re.compile(r"\\[A-Za-z]:\\")
_LONGEST_PATH = 32_767 if os.name == "nt" else 4_096
_ON_DISK = ("file", "vscode-notebook-cell")
_HERE = ("", "localhost")


def _alike(old: str, new: str, part: Callable[[str, int, int], str]) -> int:
    """How many characters two texts share from one end, by bisection."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if part(old, low, middle) == part(new, low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def supposing(document: Document, edit: Edit) -> Cursor:
    """The cursor after an edit, in the document as it would be with that edit made."""
    text = apply_edits(document.text, (edit,))
    supposed = replace(document, text=text, tree=None, supposed=(document, edit))
    return Cursor(supposed, edit.span.start + len(edit.new_text))


def with_text(document: Document, text: str) -> Document:
    """The document with a different text and no tree."""
    return replace(document, text=text, tree=None)
