"""What an action takes besides its prompt file: the user's words and reported problems."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent

from herdmate.prompting.words import say
from herdmate.text import Document, Span, line_end, line_start

_MOST_PROBLEMS = 10
_LONGEST = 400

LONGEST_OUTPUT = 2000
"""Characters of what a tool printed that go to the model."""

_LEFT_OUT, _LINE_END = "\n…\n", "\n"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A problem that a tool reports at a place.

    ``code`` and ``source`` name the rule and the tool; ``related`` pairs other places with the
    messages about them. ``is_output``: the message is all that a tool printed, on several lines.
    """

    span: Span
    message: str
    code: str = ""
    source: str = ""
    related: tuple[tuple[str, str], ...] = ()
    is_output: bool = False


@dataclass(frozen=True, slots=True)
class ActionInput:
    """``instruction``: the user's own words. ``symbol``: the name in question.

    ``selected``: the selection, if the action works on more than that. ``test_path``: where the
    tests go; ``module``: how they import the code; ``testing``: what they are written with, if that
    is not usual for the language; ``opening``: the imports that they begin with for that.
    ``names``: the local variables to rename. ``rejected``: what the file became by earlier answers
    that did not help.
    """

    instruction: str = ""
    problems: tuple[Diagnostic, ...] = ()
    symbol: str = ""
    selected: str = ""
    module: str = ""
    test_path: str = ""
    testing: str = ""
    opening: str = ""
    names: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


def describe_diagnostics(problems: tuple[Diagnostic, ...], document: Document) -> str:
    """Problems in words for the model, one after another."""
    return "\n".join(_described(problem, document.text) for problem in problems[:_MOST_PROBLEMS])


def short_message(problem: Diagnostic) -> str:
    """A problem in one short line, for a title."""
    line = " ".join(problem.message.split())
    return line if len(line) <= 60 else line[:59].rstrip() + "…"


def shortened(text: str, most: int) -> str:
    """The beginning and, three times as long, the end of a text of more than ``most`` characters.

    Lines that are not too long stay whole. Tools say first or last what matters most.
    """
    if len(text) <= most:
        return text
    begin, end = text[: most // 4], text[most // 4 - most + len(_LEFT_OUT) :]
    begin = begin[: begin.rfind("\n")] if "\n" in begin else begin
    return f"{begin}{_LEFT_OUT}{end[end.find(_LINE_END) + 1 :]}"


def _described(problem: Diagnostic, text: str) -> str:
    if problem.is_output:
        message = indent(shortened(problem.message, LONGEST_OUTPUT), "    ")
        return say("diagnostics", "printed", {"message": message})
    start = problem.span.start
    values = {
        "line": text[line_start(text, start) : line_end(text, start)].strip()[:_LONGEST],
        "message": " ".join(problem.message.split())[:_LONGEST],
        "rule": " ".join(filter(None, (problem.source, problem.code))),
    }
    lines = [say("diagnostics", "ruled" if values["rule"] else "plain", values)]
    for place, message in problem.related[:3]:
        lines.append(say("diagnostics", "related", {"place": place, "message": message[:_LONGEST]}))
    return "\n".join(lines)
