"""Tests for a definition, as a new file where the project keeps its tests."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from herdmate.actions.action_input import ActionInput
from herdmate.actions.attempts import attempted
from herdmate.actions.context import ActionContext
from herdmate.actions.fitting_tests import fitted
from herdmate.actions.question import question_for
from herdmate.actions.reference import framework_words, opening_of_tests
from herdmate.actions.reply import new_code_of
from herdmate.actions.target import resolve_target
from herdmate.actions.ways_on import WRITE_LARGER
from herdmate.actions.whole_tests import whole_tests
from herdmate.bounded_read import is_within
from herdmate.context import syntax, syntax_queries
from herdmate.context.files import readable_files
from herdmate.context.importable import Reach, reach_of
from herdmate.context.python_code import row_of_error, unknown_names
from herdmate.context.signatures import signatures
from herdmate.context.style_of_tests import StyleOfTests, style_of_tests
from herdmate.context.tests_of import file_of_tests, module_of, tests_among
from herdmate.errors import RefusedError, SelectionError
from herdmate.prompting.library import Action
from herdmate.text import Selection, Span, line_end, line_start, path_of

_CUT_OFF = "The model's answer was cut off; the file contains the tests that were complete."


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that does not exist yet, and its contents; ``note`` is what the user should know."""

    path: Path
    text: str
    note: str = ""


async def write_tests(
    selection: Selection,
    action: Action,
    context: ActionContext,
    root: Path | None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> NewFile:
    """Ask for tests of the definition around a selection; ``root`` is the project's folder.

    Raises ``SelectionError`` if there is nothing to test or no known place for tests,
    ``RefusedError`` if the file cannot be created or the answer is not a usable test file, and
    another ``HerdmateError`` if the model cannot be asked.
    """
    target = resolve_target(selection, whole_definition=True)
    names, path = _names(target), path_of(target.document.uri)
    if path is None or not names:
        raise SelectionError("Put the cursor inside a function or class in a saved file.")
    reach = _reach(target)
    root = _project(path, root)
    known = await asyncio.to_thread(list, readable_files(root))
    language = target.document.language
    test_file = _test_file(path, root, language, known, names[0])
    tests = tests_among(known, root, language)
    style = await asyncio.to_thread(
        style_of_tests, path, target.document.text, test_file, language, tests, root
    )
    action_input = _input(path, test_file, root, language, style, reach)
    question = await question_for(action, target, context, action_input)

    def take(reply: str, finished: bool) -> NewFile:
        text = new_code_of(reply, finished, lambda code: whole_tests(code, language))
        _refuse_no_tests(text, language, names, action_input.opening)
        text = fitted(text, style, action_input)
        return NewFile(test_file, text, "" if finished else _CUT_OFF)

    return await attempted(question, context.host, take, on_progress)


def _input(
    path: Path, test_file: Path, root: Path, language: str, style: StyleOfTests, reach: Reach
) -> ActionInput:
    module = module_of(path, test_file, language, style.suffix)
    return ActionInput(
        module=module,
        test_path=test_file.relative_to(root).as_posix(),
        testing=framework_words(language, style.framework, style.requires),
        opening=opening_of_tests(style, reach, module),
    )


def _test_file(path: Path, root: Path, language: str, known: list[Path], name: str) -> Path:
    """The new file, in a place that was checked; raises ``SelectionError`` if none is known."""
    test_file = file_of_tests(path, root, language, known, name)
    if test_file is None:
        raise SelectionError(
            f"Herdmate does not know where {language} tests belong; write the first one by hand."
        )
    check_place(test_file, path, root)
    return test_file


def check_place(test_file: Path, source: Path, root: Path | None) -> None:
    """Check that a new test file for ``source`` can be created; repeat just before writing it.

    Raises ``RefusedError`` if its real folder is outside the project or the file already exists.
    """
    project = _project(source, root)
    if not is_within(test_file.parent, project):
        raise RefusedError(
            f"{test_file.parent} resolves to a folder outside {project}, so no tests were written; "
            "write the first one by hand where tests belong."
        )
    if os.path.lexists(test_file):
        raise RefusedError(
            f"{test_file} already exists and was not overwritten; run the action again."
        )


def _project(path: Path, root: Path | None) -> Path:
    return root if root is not None and root in path.parents else path.parent


def _reach(target: Selection) -> Reach:
    """How tests import the definition; raises ``SelectionError`` if they surely cannot."""
    tree = syntax.fresh_tree_of(target.document)
    reach = Reach() if tree is None else reach_of(tree, target.span)
    if reach.obstacle:
        raise SelectionError(reach.obstacle)
    return reach


def _names(target: Selection) -> tuple[str, ...]:
    tree = syntax.fresh_tree_of(target.document)
    if tree is None:
        return ()
    return syntax_queries.definition_names(tree, target.document.text, target.span)


def _refuse_no_tests(text: str, language: str, names: tuple[str, ...], opening: str) -> None:
    """Raise ``RefusedError`` if a text has errors or unknown names, or never uses what it tests.

    To import it in the ``opening``, which the model was given, is no use of it.
    """
    own = text.replace(opening, "", 1)
    tree = syntax.parse(text, language)
    at: int | None = None
    if tree is not None and syntax.error_count(tree):
        at = syntax_queries.first_error(tree, Span(0, len(text)))
    elif language == "python" and (row := row_of_error(text)) is not None:
        at = sum(map(len, text.splitlines(keepends=True)[:row]))
    if at is not None:
        line = text[line_start(text, at) : line_end(text, at)].strip()
        raise RefusedError(
            f"The model's tests have a syntax error, {WRITE_LARGER}", "syntax",
            line=line or text.strip().splitlines()[-1],
        )  # fmt: skip
    if not any(re.search(rf"\b{re.escape(name)}\b", own) for name in names):
        raise RefusedError(
            f"The model's tests never use {names[0]}, {WRITE_LARGER}", "not_tested",
            names=names[0],
        )  # fmt: skip
    copies = signatures(tree, Span(0, len(text))) if tree is not None else ()
    if any(item.name == names[0] for item in copies):
        raise RefusedError(
            f"The model's tests contain a copy of {names[0]}, {WRITE_LARGER}",
            "pasted",
            names=names[0],
        )
    if language == "python" and (unknown := sorted(unknown_names(text))):
        raise RefusedError(
            f"The model's tests use names that are neither defined nor imported "
            f"({', '.join(unknown)}), {WRITE_LARGER}",
            "unknown",
            names=", ".join(unknown),
        )
