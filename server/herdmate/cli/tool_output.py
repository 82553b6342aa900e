"""What a tool printed, such as a test run: whether it reports a failure, and the part that does.

A model reads a prompt of a thousand lines for minutes, and does not find the one line that matters.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from herdmate.actions.action_input import LONGEST_OUTPUT, shortened
from herdmate.cli.locations import path_of_document
from herdmate.cli.terminal import tell
from herdmate.context import syntax, syntax_queries
from herdmate.errors import RefusedError
from herdmate.text import Selection, rows_of

_log = logging.getLogger(__name__)

_MOST_LINES = 40
"""Lines that go to the model."""

_LEAST_LINES = 3
"""Room for fewer lines is not worth another block."""

_MOST_READ = 1 << 20
"""Characters at the end that are looked at; tools say last what matters."""

_LONGEST_LINE = 300
_MOST_NAMES = 200
_GAP = "…"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_ALL_WELL = _any(
    r"\b\d+ passed\b.* in [\d.]+ ?s", r"\b\d+ (?:skipped|deselected|xfailed)\b.* in [\d.]+ ?s",
    r"no tests ran in ", r"^[.sx]+ +\[100%\]$",  # pytest
    r"^Ran \d+ tests? in [\d.]+s$", r"^OK \(\d+ tests?, ",  # unittest, PHPUnit
    r"^ok\s+\S+\s+(?:[\d.]+s|\(cached\))", r"^\?\s+\S+\s+\[no test files\]",  # Go
    r"^test result: ok\. ",  # Cargo
    r"^\s*Tests:? +(?:\d+ \w+, )*\d+ passed\b", r"^\s*Test Files +\d+ passed\b",  # Jest, Vitest
    r"^\s*\d+ passing\b", r"^(?:#|ℹ) pass \d+$",  # Mocha, Node
    r"^All checks passed!$", r"^\d+ files? (?:already formatted|left unchanged)\b",  # Ruff
    r"^Success: no issues found\b", r"^0 errors\b", r"\bFound 0 errors\b", r"^0 issues\.?$",
    r"\b\d+ examples?, 0 failures\b", r"\bno offenses detected\b", r"\brated at 10(?:\.0+)?/10\b",
    r"^(?:\[INFO\] )?BUILD SUCCESS", r"\b100% tests passed\b", r"\bPassed! +- Failed: +0\b",
)  # fmt: skip
"""Lines with which tools report that all went well."""

_BUILT = re.compile(r"^\s*Finished [`\[]?\w.* target\(s\) in ")
"""The last line of a build of Cargo's; what comes after it is the program's."""

_FAILURE = _any(
    r"\b[1-9]\d* (?:failed|failing|failures?|errors?|problems?|offenses?|issues?|fail)\b",
    r"\b(?:failures|errors|failed|fail)[=:]? ?[1-9]", r"\bfail [1-9]",
    r"^\s*(?:FAIL|FAILED|ERROR|Error|error|panic|fatal|FATAL|not ok|npm ERR!)\b",
    r"^\s*--- FAIL", r"\btest result: FAILED", r"\bBUILD FAIL", r"\bpanicked at ",
    r"Traceback \(most recent call",
    r"^\s*(?:[✗✕✖×●❯]|E  +\S)", r"^_{3,} .+ _{3,}$", r"\b\w*(?:Error|Exception): ",
    r"^\s*\S+?:\d+(?::\d+)?:(?:\s|$)", r"^\s*-->? \S+:\d+", r"^\s+\d+:\d+\s+(?:error|warning)\b",
    r"\(\d+,\d+\): (?:error|warning)\b", r":\d+:\d+ - (?:error|warning)\b",
    r"\b(?:error|warning|undefined reference)(?:\[|: )", r"^---- .+ ----$",
    r"^make(?:\[\d+\])?: \*\*\* ", r"\b(?:Segmentation fault|core dumped|DATA RACE)\b",
    r"^(?:Aborted|Killed|signal: )", r"^\s*Uncaught ", r"^(?:\w+\.)*\w*(?:Error|Exception)$",
    r"^Coverage failure: ",
)  # fmt: skip
"""Lines that report a failure, or a problem at a place."""

_PASSED = _any(
    r"\bPASSED\b",
    r"^\s*(?:[✓✔√]|ok \d|--- PASS|=== [A-Z]+ )",
    r"\.\.\. ok$",
    r"\bSKIPPED\b",
    r"^PASS\b",
)
"""Lines of single tests that passed: their names can say anything."""

_PYTHON_WARNING = re.compile(r"\b\w*Warning: ")
"""Counts only if it is about the code: any package can give one, also if all tests pass."""

_SECTION = _any(
    r"^={3,}",
    r"^Ran \d+ tests?\b",
    r"^# \w",
    r"^\s*ok \d",
    r"^\s*--- (?:PASS|SKIP)",
    r"^failures:$",
)
"""Lines that end a block and begin nothing of interest by themselves."""

_BLOCK = _any(
    r"^_{3,} .+ _{3,}$", r"^(?:FAIL|ERROR): ", r"^\s*--- FAIL", r"^---- .+ ----$", r"^ {0,4}● ",
    r"^ ?FAIL  \S", r"^ {1,4}\d+\) \S", r"^\s*not ok \d",
    r"^Traceback \(most recent call",
)  # fmt: skip
"""Lines with which a block of many paragraphs begins, about one test or one exception."""

_LINE = _any(
    r"^[^\s:][^:]*(?::\d+){1,2}:? ", r"^[^\s(]+\(\d+,\d+\): ", r"^(?:FAILED|ERROR) \S",
    r"^(?:error|warning)(?:\[|: )",
)  # fmt: skip
"""Lines with which a message of a few lines begins."""

_INSIDE = _any(
    r"^\s*--> \S+:\d+", r"^\s+\d+:\d+\s+(?:error|warning)\b", r"^\s*[✗✕✖×❯] \S", r"^E  +\S"
)
"""Lines inside such a message that no prose has: of Ruff and Rust, ESLint, Node, pytest."""

_TRACEBACK = re.compile(r"^Traceback \(most recent call")
_TELLING = _any(
    r"^\s*(?:E|>)  ", r"\b\w*(?:Error|Exception)\b", r"\bpanicked? ?", r":\d+\b", r"\bassert",
    r"\b(?:expected|actual|want|got|left|right)\b", r"\bline \d+",
)  # fmt: skip
"""Lines of a long block that are kept."""

_CAPTURED = re.compile(r"^-{3,} ?Captured ")
"""Where pytest goes on with what the test printed."""

_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Code:
    """How an output speaks of some code: by its file, a line of it, or a definition's name.

    ``file`` may be followed by a line, its group; ``lines`` are those of the code, from 1.
    """

    file: re.Pattern[str] = _NEVER
    names: re.Pattern[str] = _NEVER
    lines: range = range(0)

    def rank(self, line: str) -> int:
        """How much a line of an output is about the code: 2, 1 if about its file, or 0."""
        places = [found[1] for found in self.file.finditer(line)]
        if self.names.search(line) or any(it and int(it) in self.lines for it in places):
            return 2
        return 1 if places else 0


_NO_CODE = Code()


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that belong together; the first one is line ``at`` of the output."""

    at: int
    lines: tuple[str, ...]


def told_by_tool(output: str, selection: Selection) -> str:
    """The part of a tool's output that says what is wrong with a selection, or just what is wrong.

    Raises ``RefusedError`` if it says that all went well.
    """
    code = code_of(selection)
    if reports_no_failure(output, code):
        raise RefusedError(
            "The tool's output reports no failure, so it names nothing to fix; pass on what a "
            "failing run prints, or say with --instruction what is wrong."
        )
    if not (told := failing_part(output, code)):
        told = shortened(output, LONGEST_OUTPUT)
        if told != output:
            tell("herdmate: The model sees the beginning and the end of the output, which is long.")
    kept, lines = told.count("\n") + 1, output.count("\n") + 1
    if kept < lines:
        _log.info("of %d lines that a tool printed, %d go to the model: %d of %d characters",
                  lines, kept, len(told), len(output))  # fmt: skip
    return told


def reports_no_failure(output: str, code: Code = _NO_CODE) -> bool:
    """Does a tool say that all went well, or nothing? What is not known counts as a failure.

    Python's warnings count only if they are about the code.
    """
    lines = [line for line in _lines(output) if line.strip()]
    if not lines:
        return True
    is_well = any(map(_ALL_WELL.search, lines)) or _BUILT.search(lines[-1]) is not None
    return is_well and not any(_is_failure(line, code) for line in lines)


def failing_part(output: str, code: Code = _NO_CODE) -> str:
    """The lines that report failures, only those most about the code; nothing of mere prose.

    At most ``LONGEST_OUTPUT`` characters.
    """
    printed = _lines(output)
    if not any(map(_is_of_a_tool, printed)):
        return ""
    blocks = _blocks(printed)
    failing = [block for block in blocks if any(_is_failure(line, code) for line in block.lines)]
    ranks = {block.at: max(map(code.rank, block.lines)) for block in failing}
    best = max(ranks.values(), default=0)
    found = [block for block in failing if ranks[block.at] == best]
    kept: list[_Block] = []
    lines, room = _MOST_LINES, LONGEST_OUTPUT
    for block in sorted(found, key=_age):
        if lines < _LEAST_LINES or room < _LONGEST_LINE:
            break
        short = _shortened(block, lines, room, code)
        if short.lines:
            kept.append(short)
            lines, room = lines - len(short.lines), room - _size(short.lines)
    kept.sort(key=lambda block: block.at)
    return "\n".join(line for block in kept for line in block.lines)


def code_of(selection: Selection) -> Code:
    """How an output speaks of a selection, and of definitions that it is in."""
    document, tree = selection.document, syntax.tree_of(selection.document)
    path, rows = path_of_document(document), rows_of(document.text, selection.span)
    known = syntax_queries.named_definitions(tree, selection.span) if tree is not None else ()
    names = list(dict.fromkeys(name for name, _ in known))[:_MOST_NAMES]
    return Code(
        re.compile(rf"{_word(path.name)}(?:\W{{1,4}}(?:line )?(\d{{1,9}}))?") if path else _NEVER,
        re.compile(_word(*names)) if names else _NEVER,
        range(rows.start + 1, rows.stop + 1),
    )


def _word(*names: str) -> str:
    return rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])"


def _lines(output: str) -> list[str]:
    """The last lines, each cut if it is very long: some tools print whole files on one."""
    return [line[:_LONGEST_LINE].rstrip() for line in output[-_MOST_READ:].split("\n")]


def _is_of_a_tool(line: str) -> bool:
    return any(pattern.search(line) for pattern in (_BLOCK, _LINE, _SECTION, _INSIDE))


def _is_failure(line: str, code: Code) -> bool:
    if _PASSED.search(line):
        return False
    if _PYTHON_WARNING.search(line):
        return code.rank(line) > 0
    return _FAILURE.search(line) is not None


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    """The output in blocks: all that is printed about one test, or else paragraphs and messages."""
    start, is_long = 0, False
    for at, line in enumerate(lines):
        begins_long = bool(_BLOCK.search(line)) and not (is_long and _TRACEBACK.search(line))
        if (
            begins_long
            or _SECTION.search(line)
            or (not is_long and (not line or _LINE.search(line)))
        ):
            yield from _block(lines, start, at)
            start = at
            is_long = begins_long and not _TRACEBACK.search(line)
    yield from _block(lines, start, len(lines))


def _block(lines: Sequence[str], start: int, end: int) -> Iterator[_Block]:
    while start < end and not lines[start]:
        start += 1
    while start < end and not lines[end - 1].strip("-"):
        end -= 1
    if start < end:
        yield _Block(start, tuple(lines[start:end]))


def _age(block: _Block) -> int:
    """Of exceptions in a log the last one matters most, of a compiler's messages the first one."""
    return -block.at if _TRACEBACK.search(block.lines[0]) else block.at


def _shortened(block: _Block, most: int, room: int, code: Code) -> _Block:
    """A block of so many lines and characters: its first line and the last that tell something."""
    lines = block.lines
    if len(lines) > most or _size(lines) > room:
        lines = tuple(takewhile(lambda line: not _CAPTURED.search(line), lines))
    if len(lines) <= most and _size(lines) <= room:
        return _Block(block.at, lines)
    telling = [at for at, line in enumerate(lines)
               if _TELLING.search(line) or code.rank(line)]  # fmt: skip
    near = (it for at in reversed(telling) for it in (at, at + 1, at - 1) if 0 < it < len(lines))
    chosen: list[int] = []
    for at in dict.fromkeys((0, *near)):
        shown = tuple(_with_gaps(lines, sorted((*chosen, at))))
        if len(shown) > most or _size(shown) > room:
            break
        chosen.append(at)
    return _Block(block.at, tuple(_with_gaps(lines, sorted(chosen))))


def _with_gaps(lines: Sequence[str], chosen: Sequence[int]) -> Iterator[str]:
    """The chosen lines, with a mark where others are left out."""
    for before, at in zip((-1, *chosen), chosen, strict=False):
        if at > before + 1:
            yield _GAP
        yield lines[at]


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)
