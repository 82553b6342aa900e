"""Do tests that the model wrote fit the project: its framework, and the form of its imports?"""

from __future__ import annotations

import re

from herdmate.actions.action_input import ActionInput
from herdmate.actions.reference import framework_words
from herdmate.actions.ways_on import WRITE_LARGER
from herdmate.context.style_of_tests import StyleOfTests
from herdmate.errors import RefusedError

_MODULES = {"node_test": "node:test", "bun_test": "bun:test"} | {
    name: name for name in ("ava", "tap", "tape")
}
"""The module that a test of a framework without globals has to import."""

_JEST = re.compile(r"\bjest\.\w")
_EXPECTS = re.compile(r"\bexpect\(")
_LOADS_EXPECT = re.compile(
    r"(?m)^import\b[^;\n]*\bexpect\b|^(?:const|let|var)[ ](?:expect\b|\{[^;\n}]*\bexpect\b)"
)
_QUOTED = re.compile(r"['\"]([^'\"\n]+)['\"]")
_RUNNING = ("describe", "it", "test", "suite", "before", "beforeEach", "after", "afterEach")
_CALLED = re.compile(rf"(?m)^[ \t]*({'|'.join(_RUNNING)})(?=\(|\.\w+\()")
_LOADS_RUNNER = re.compile(
    r"((?:import|const)[ ]+)\{([^{}]*)\}([ ]+(?:from[ ]+|=[ ]+require\()['\"]node:test['\"])"
)
_HAS_EXPECT = frozenset({"bun_test"})


def fitted(text: str, style: StyleOfTests, action_input: ActionInput) -> str:
    """Tests whose imports are those that the project's style asks for.

    Raises ``RefusedError`` if they cannot run with the project's framework.
    """
    text = _without_repeated(
        _with_suffix(text, action_input.module, style.suffix), action_input.opening
    )
    text = _with_all_names(text)
    _refuse_other_framework(text, style.framework)
    return text


def _with_suffix(text: str, module: str, suffix: str) -> str:
    """Tests that import ``module`` with its suffix, even where the model left that out."""
    if not suffix:
        return text
    bare = re.escape(module.removesuffix(suffix))
    return re.sub(rf"(['\"]){bare}\1", lambda found: f"{found[1]}{module}{found[1]}", text)


def _without_repeated(text: str, opening: str) -> str:
    """Tests without the lines of their opening that the model has written once more."""
    begin, found, rest = text.partition(opening) if opening else ("", "", text)
    kept = [line for line in found.splitlines(keepends=True) if not _is_repeated(line, rest)]
    return f"{begin}{''.join(kept)}{rest}"


def _is_repeated(line: str, rest: str) -> bool:
    """Is the module of an import loaded again, and all names of the line with it?

    The names of a test runner are fitted later.
    """
    module = next(iter(_QUOTED.findall(line)), "")
    again = re.search(rf"(?m)^(?:import|const)\b([^;'\"]*)['\"]{re.escape(module)}['\"]", rest)
    if again is None or not module:
        return False
    names = re.findall(r"\w+", line.partition("from" if " from " in line else "=")[0])[1:]
    return module == "node:test" or set(names) <= set(re.findall(r"\w+", again[1]))


def _with_all_names(text: str) -> str:
    """Tests that load exactly those functions of their runner that they call."""
    called = dict.fromkeys(_CALLED.findall(text))

    def loaded(match: re.Match[str]) -> str:
        known = [name.strip() for name in match[2].split(",") if name.strip()]
        if not called or not all(re.fullmatch(r"\w+", name) for name in known):
            return match[0]
        names = [name for name in known if name in called or name not in _RUNNING]
        names += [name for name in called if name not in known]
        return f"{match[1]}{{ {', '.join(names)} }}{match[3]}"

    return _LOADS_RUNNER.sub(loaded, text, count=1)


def _refuse_other_framework(text: str, framework: str) -> None:
    """Raise ``RefusedError`` if tests cannot run with the project's framework."""
    if (module := _MODULES.get(framework)) is None:
        return
    is_loaded = re.search(rf"['\"]{module}['\"]", text)
    expects = _EXPECTS.search(text) and not _LOADS_EXPECT.search(text)
    is_foreign = _JEST.search(text) or (framework not in _HAS_EXPECT and expects)
    if not is_loaded or is_foreign:
        raise RefusedError(
            f"The model's tests are not written for {module}, which this project uses, "
            f"{WRITE_LARGER}",
            "framework",
            names=framework_words("", framework),
        )
