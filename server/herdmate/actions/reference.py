"""What helps to understand the code in question, within a budget of tokens.

What changes least comes first in a prompt, so that a second question about the same code can reuse
the first one's tokens in the lane.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from herdmate.actions.context import ActionContext
from herdmate.context import outline, syntax, syntax_queries
from herdmate.context.conventions import Conventions, conventions_of
from herdmate.context.excerpts import Material, excerpts, texts
from herdmate.context.importable import Reach
from herdmate.context.languages import comment_mark
from herdmate.context.related import related_to
from herdmate.context.style_of_tests import StyleOfTests
from herdmate.prompting.words import say
from herdmate.text import Selection, Span, path_of, with_line_feeds

_MOST_FOUND = 16


@dataclass(frozen=True, slots=True)
class Reference:
    """``context``: this file's definitions and its imports, then other files', under their paths.

    ``enclosing`` is the definition that the code is part of, ``""`` if there is none.
    """

    context: str = ""
    enclosing: str = ""


async def reference_for(target: Selection, context: ActionContext, tokens: int) -> Reference:
    """What the model should see besides the target, in at most ``tokens`` tokens."""
    document, span = target.document, target.span
    if (tree := syntax.fresh_tree_of(document)) is None or tokens <= 0:
        return Reference()
    enclosing = _enclosing(tree, document.text, span)
    lines = _of_this_file(tree, target)
    counts = context.host.counts
    await counts.learn([enclosing, *outline.texts(lines)])
    if enclosing and (price := counts.cost(enclosing)) <= tokens:
        tokens -= price
    else:
        enclosing = ""
    own, tokens = outline.pack(_without_bodies_in(enclosing, lines), tokens, counts.cost)
    others = await _of_other_files(target, context, tokens)
    return Reference(_joined(own, others), enclosing)


def conventions(target: Selection) -> str:
    """The conventions of the target's file, in words for the model."""
    known = conventions_of(target.document.text, path_of(target.document.uri))
    return " ".join(_said(known))


def documentation_of(language: str) -> str:
    """How a language documents code, in words for the model."""
    return say("documentation", language, {}) or say("documentation", "default", {})


def framework_words(language: str, framework: str = "", requires: bool = False) -> str:
    """What tests are written with, in words for the model: ``framework``, or the language's usual.

    ``requires``: they load modules with ``require``.
    """
    said = next(filter(None, (say("testing", key, {}) for key in (framework, language, "default"))))
    return f"{said}; {say('testing', 'require', {})}" if requires else said


def opening_of_tests(style: StyleOfTests, reach: Reach, module: str) -> str:
    """The imports with which a test file begins, in whole lines, as far as they are known."""
    key = f"{style.framework}_require" if style.requires else style.framework
    lines = [say("test_openings", key, {})]
    if module and reach.exported and not style.requires:
        values = {"name": reach.name, "module": module}
        lines.append(say("test_openings", f"import_{reach.exported}", values))
    return "".join(f"{line}\n" for line in lines if line)


def _said(known: Conventions) -> list[str]:
    said = []
    if known.indent is not None:
        said.append(("spaces", known.indent) if known.indent else ("tabs", 0))
    if known.quotes:
        said.append(("double" if known.quotes == '"' else "single", 0))
    if known.width:
        said.append(("width", known.width))
    return [say("conventions", key, {"count": str(count)}) for key, count in said]


def _enclosing(tree: syntax.SyntaxTree, text: str, span: Span) -> str:
    """The code of the definition that the span is part of; ``""`` if there is none."""
    start = span.end - len(text[span.start : span.end].lstrip())
    whole = syntax_queries.enclosing_definition(tree, text, Span(start, span.end))
    if whole is None or whole.start >= start:
        return ""
    return with_line_feeds(text[whole.start : whole.end])


def _of_this_file(tree: syntax.SyntaxTree, target: Selection) -> tuple[outline.Line, ...]:
    """The file's imports, and the definitions that the target mentions or is inside."""
    text, span = target.document.text, target.span
    used = set(re.findall(r"\w+", target.text))
    own = set(syntax_queries.definition_names(tree, text, span))
    above = [line for line in outline.above(tree, text, span.start) if line.rank < 2]
    known = {line.text.rstrip(" {\n") for line in above}
    named = [
        line for name, line in outline.named(tree, used - own) if not _is_known(line.text, known)
    ]
    imported = [line for line in above if line.rank]
    return (*imported, *named, *(line for line in above if not line.rank))


def _without_bodies_in(enclosing: str, lines: tuple[outline.Line, ...]) -> tuple[outline.Line, ...]:
    """The lines, without bodies that ``enclosing`` shows anyway."""
    return tuple(
        replace(line, whole="") if line.whole.strip() in enclosing else line for line in lines
    )


def _is_known(head: str, known: set[str]) -> bool:
    return any(head.startswith(line) for line in known)


async def _of_other_files(
    target: Selection, context: ActionContext, tokens: int
) -> tuple[tuple[str, str], ...]:
    """Paths of other files, with the heads of definitions there that the target names."""
    known, path = context.project, path_of(target.document.uri)
    if path is None or tokens <= 0:
        return ()
    await known.index_unsaved(path)
    if not len(known.index):
        return ()
    names = dict.fromkeys(re.findall(r"[^\W\d]\w{2,}", target.text), 1.0)
    found = related_to(names, target.document, path, known.index, known.nearby)[:_MOST_FOUND]
    material = Material(found)
    await context.host.counts.learn(texts(material, known.index, known.folders))
    chosen = excerpts(material, known.index, known.folders, tokens, context.host.counts.cost)
    mark = comment_mark(target.document.language)
    return tuple((f"{mark} {excerpt.path}", excerpt.code) for excerpt in chosen)


def _joined(own: str, others: tuple[tuple[str, str], ...]) -> str:
    parts = [f"{title}\n{code.rstrip()}" for title, code in others]
    return "\n\n".join([*([own.rstrip()] if own.strip() else []), *parts])
