"""Code out of a model's reply: the right block, whole, indented as the code that it replaces."""

from __future__ import annotations

import re
import textwrap
from difflib import SequenceMatcher

from herdmate.errors import RefusedError

_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n`]*\n", re.MULTILINE)
_LEFT_OUT = re.compile(
    r"^\s*(#|//|/\*|--|<!--|;|%)\s*(\.{3}|…|(the )?rest of|(the )?(existing|remaining|other) (code|"
    r"methods?|functions?|lines?)|unchanged|same as (before|above))",
    re.IGNORECASE,
)
_BARE_DOTS = re.compile(r"^\s*(\.{3}|…)\s*$")
_IMPORT = re.compile(r"\s*(from\s+[\w.]+\s+)?import\s+(?=[\w*(])")
_LINE = re.compile(r"\r\n|\n|\r")


def code_of(reply: str, original: str, finished: bool) -> str:
    """The code of a reply, to stand exactly where ``original`` stood.

    ``finished``: the model came to its end by itself. Raises ``RefusedError`` when the reply is cut
    off, has no code, or leaves parts of the code out.
    """
    blocks, is_open = _blocks(_LINE.sub("\n", reply))
    if not finished and (is_open or not blocks):
        raise RefusedError(
            "The model's answer was cut off, so nothing was changed; select a smaller part."
        )
    if not blocks:
        blocks = _unfenced(reply, original)
    code = max(blocks, key=lambda block: _likeness(block, original))
    _refuse_gaps(code, original)
    return _in_place(_without_idle_imports(code, original), original)


def _blocks(reply: str) -> tuple[list[str], bool]:
    """The fenced blocks that are not blank, and whether the last one was never closed."""
    blocks: list[str] = []
    at = 0
    while (start := _FENCE.search(reply, at)) is not None:
        close = re.compile(rf"^ {{0,3}}{re.escape(start['fence'])}[`~]*[ \t]*$", re.MULTILINE)
        end = close.search(reply, start.end())
        block = reply[start.end() : end.start() if end else len(reply)]
        block = _FENCE.sub("", block, count=1) if _FENCE.match(block) else block  # opened twice
        blocks += [block] if block.strip() else []
        if end is None:
            return blocks, True
        at = end.end()
    return blocks, False


def _unfenced(reply: str, original: str) -> list[str]:
    """A reply without any fence is code if it begins as the original does."""
    lines = [line for line in _LINE.split(reply) if line.strip() and not _FENCE.match(line + "\n")]
    first = lines[0].split() if lines else []
    if not first or first[0] != original.split()[0]:
        raise RefusedError("The model answered in words instead of code, so nothing was changed.")
    return [_LINE.sub("\n", reply).split("\n```")[0]]


def _likeness(block: str, original: str) -> float:
    """Chatter shows small examples; the block that is meant is the one most like the original."""
    return SequenceMatcher(None, block.split(), original.split(), autojunk=False).ratio()


def _refuse_gaps(code: str, original: str) -> None:
    theirs = {line.strip() for line in _LINE.split(original)}
    for line in _LINE.split(code):
        if line.strip() not in theirs and (_LEFT_OUT.match(line) or _BARE_DOTS.match(line)):
            raise RefusedError(
                "The model left parts of the code out, so nothing was changed; select a smaller "
                "part or try again."
            )


def _without_idle_imports(code: str, original: str) -> str:
    """Models like to put Python imports on top; those of which nothing is used are dropped."""
    lines, theirs = code.strip("\n").split("\n"), original.split("\n")
    kept: list[str] = []
    while lines and (not lines[0].strip() or _IMPORT.match(lines[0])):
        line, rest = lines.pop(0), "\n".join(lines)
        names = re.findall(r"\w+", _IMPORT.sub("", line))
        is_used = any(re.search(rf"\b{name}\b", rest) for name in names)
        if line in theirs or is_used or (kept and not line.strip()):
            kept.append(line)
    return "\n".join([*kept, *lines])


def _in_place(code: str, original: str) -> str:
    """Indentation, line ends and last line end as the original has them."""
    indent = re.match(r"[ \t]*", original).group()  # type: ignore[union-attr]
    lines = _dedented(code.strip("\n"), original, indent).split("\n")
    if _uses_tabs(original):
        lines = _with_tabs(lines)
    lines = [indent + line if line.strip() else "" for line in lines]
    found = _LINE.search(original)
    end = found.group() if found else "\n"
    last = end if original.endswith(("\n", "\r")) else ""
    return end.join(line.rstrip() for line in lines) + last


def _dedented(code: str, original: str, indent: str) -> str:
    """The code from column 0 on, also where only its first line had lost its indentation."""
    first, _, rest = code.partition("\n")
    body = [line for line in rest.split("\n") if line.strip()]
    if indent and body and not first[:1].isspace():
        theirs = [line for line in _LINE.split(original)[1:] if line.strip()]
        kept = all(line.startswith(indent) for line in body)
        if kept and theirs and _width(body[0]) >= _width(theirs[0]):
            return first + "\n" + re.sub(rf"^{indent}", "", rest, flags=re.MULTILINE)
    return textwrap.dedent(code)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _uses_tabs(text: str) -> bool:
    return any(line.startswith("\t") for line in _LINE.split(text))


def _with_tabs(lines: list[str]) -> list[str]:
    """Indentation by spaces turned into tabs, one for each step."""
    widths = [_width(line) for line in lines if line.startswith(" ")]
    step = min(widths, default=4)
    return [
        "\t" * (_width(line) // step) + line.lstrip(" ") if line.startswith(" ") else line
        for line in lines
    ]
