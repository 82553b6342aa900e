"""A diff in its files: a small model that reads several at once takes one for another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from herdmate.actions.long_code import MOST_PARTS, Section
from herdmate.actions.target import lines_of
from herdmate.text import Selection, Span

_BY_GIT = re.compile(r"^diff --git .+", re.MULTILINE)
_BY_GIT_IN_COMMITS = re.compile(
    r"^(?:diff --git .+|commit [0-9a-f]{7,64}\b|From [0-9a-f]{40,64} )", re.MULTILINE
)
"""Also where ``git log -p`` or ``git format-patch`` begins with a commit."""

_PLAIN = re.compile(
    r"^(?:Index: .+\r?\n=+\r?\n|diff -.+\r?\n)?--- .+\r?\n(?=\+\+\+ .)", re.MULTILINE
)
"""By Subversion, or by ``diff`` itself."""

_NAME = re.compile(
    r"^(?:\+\+\+|---|diff --git .+) (?:[ab]/)?(?!/dev/null)([^\t\r\n]+)", re.MULTILINE
)
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")
_MOST_NAMES = 4
_LONGEST_NAME = 200


def file_sections(target: Selection) -> tuple[Section, ...]:
    """The parts of a diff about one file each; nothing for a diff of one file, or other text.

    What comes before the first file belongs to its part, and a commit's message to that of the
    commit's first file. If there are too many files, several are in one part.
    """
    if target.document.language != "diff":
        return ()
    text, span = target.document.text, target.span
    starts = list(_starts(text, span))
    if len(starts) < 2:
        return ()
    names = [_name(text[start:end]) for start, end in pairwise((*starts, span.end))]
    together = math.ceil(len(starts) / MOST_PARTS)
    cuts = pairwise((span.start, *starts[together::together], span.end))
    return tuple(
        Section(
            _heading(names[at * together : (at + 1) * together]).lstrip("" if at else "\n"),
            lines_of(target.document, Span(start, end)),
        )
        for at, (start, end) in enumerate(cuts)
    )


def _starts(text: str, span: Span) -> Iterator[int]:
    """Where what is about each file begins."""
    is_git = _BY_GIT.search(text, span.start, span.end) is not None
    commit: int | None = None
    for found in (_BY_GIT_IN_COMMITS if is_git else _PLAIN).finditer(text, span.start, span.end):
        is_commit = found[0].startswith(("commit ", "From "))
        if is_commit and commit is None:
            commit = found.start()
        elif not is_commit:
            yield found.start() if commit is None else commit
            commit = None


def _name(diff: str) -> str:
    """The file that the diff of one file is about: its new name, or else its old one."""
    head = diff.partition("\n@@")[0]
    found = {match[0][:3]: match[1] for match in _NAME.finditer(head)}
    return _unquoted(next((found[key] for key in ("+++", "---", "dif") if key in found), ""))


def _unquoted(name: str) -> str:
    """A name that git put between quotes, for its letters beyond ASCII."""
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name
    data = _OCTAL.sub(
        lambda found: bytes([int(found[1], 8)]), name[1:-1].encode("utf-8", "replace")
    )
    text = data.decode("utf-8", "replace").removeprefix("a/").removeprefix("b/")
    return text if text.isprintable() else name


def _heading(names: Sequence[str]) -> str:
    known = [f"`{name[:_LONGEST_NAME]}`" for name in names if name and "`" not in name]
    more = f" and {len(names) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"\n\n### {', '.join(known[:_MOST_NAMES]) or 'Another file'}{more}\n\n"
