"""Where a project keeps its tests: the file into which new tests go."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from herdmate.context.languages import ECMASCRIPT


@dataclass(frozen=True, slots=True)
class _Layout:
    """The file names of tests, the usual one first, and their folder.

    Without a folder they are next to the code.
    """

    names: tuple[str, ...]
    folder: str = ""


_LAYOUTS = {
    "python": _Layout(("test_{}.py", "{}_test.py"), "tests"),
    "go": _Layout(("{}_test.go",)),
    "javascript": _Layout(("{}.test.js", "{}.spec.js", "{}.test.mjs")),
    "javascriptreact": _Layout(("{}.test.jsx", "{}.spec.jsx")),
    "typescript": _Layout(("{}.test.ts", "{}.spec.ts")),
    "typescriptreact": _Layout(("{}.test.tsx", "{}.spec.tsx")),
    "ruby": _Layout(("{}_spec.rb", "{}_test.rb"), "spec"),
    "java": _Layout(("{}Test.java",)),
    "kotlin": _Layout(("{}Test.kt",)),
    "php": _Layout(("{}Test.php",), "tests"),
}
_NO_FILE_NAME = re.compile(
    r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
_LONGEST_NAME = 80  # bytes; a test file's name has two of these and its affixes
_RESERVED = frozenset({
    "CON", "PRN", "AUX", "NUL", *(f"{name}{at}" for name in ("COM", "LPT") for at in range(1, 10)),
})  # fmt: skip
"""Device names on Windows, whatever the extension."""
_SCRIPT_NAMES = tuple(
    f"{{}}.{kind}.{end}"
    for kind in ("test", "spec")
    for end in ("js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx")
)
_FOLDERS = ("tests", "test", "spec", "__tests__")
_MAIN, _TEST = "src/main/", "src/test/"  # Maven's and Gradle's


def file_of_tests(
    path: Path, root: Path, language: str, known: Iterable[Path], name: str
) -> Path | None:
    """A new file for the tests of ``name``, which ``path`` defines.

    Its folder and name follow most of the tests among the project's ``known`` files or, without
    any, the language's conventions. ``None`` if these are unknown or every such name is taken.
    """
    if (layout := _LAYOUTS.get(language)) is None:
        return None
    here = PurePosixPath(path.relative_to(root).as_posix() if root in path.parents else path.name)
    tests = [
        (PurePosixPath(file.relative_to(root).as_posix()), pattern)
        for file, pattern in _tests(layout.names, root, known)
    ]
    pattern = Counter(pattern for _, pattern in tests).most_common(1)
    folder = root / _folder(here, layout, [file for file, _ in tests])
    usual = pattern[0][0] if pattern else layout.names[0]
    stem, what = _as_file_name(path.stem), _as_file_name(name)
    names = [usual.format(stem), usual.format(f"{stem}_{what}")]
    names += [usual.format(f"{stem}_{what}_{count}") for count in range(2, 100)]
    return next((folder / item for item in names if not os.path.lexists(folder / item)), None)


def tests_among(known: Iterable[Path], root: Path, language: str) -> list[Path]:
    """The tests among the project's files, for JavaScript and TypeScript of both."""
    names = _LAYOUTS[language].names if language in _LAYOUTS else ()
    names = _SCRIPT_NAMES if language in ECMASCRIPT else names
    return [file for file, _ in _tests(names, root, known)]


def module_of(path: Path, test: Path, language: str, suffix: str = "") -> str:
    """The module name by which a test imports ``path``; ``""`` if none is needed or known.

    ``suffix`` ends the path from which JavaScript and TypeScript import.
    """
    if language == "python":
        parts, folder = [path.stem], path.parent
        while os.path.exists(folder / "__init__.py") and folder != folder.parent:
            parts, folder = [folder.name, *parts], folder.parent
        return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    if language in ECMASCRIPT:
        away = PurePosixPath(Path(os.path.relpath(path, test.parent)).as_posix())
        away = away.with_suffix(suffix)
        return str(away) if str(away).startswith("../") else f"./{away}"
    return ""


def _tests(names: Iterable[str], root: Path, known: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """The files in ``root`` with one of the names of tests, and that name."""
    patterns = [(name, re.escape(name).replace(r"\{\}", r"\w.*")) for name in names]
    for file in known:
        if root in file.parents:
            yield from ((file, name) for name, mark in patterns if re.fullmatch(mark, file.name))


def _as_file_name(name: str) -> str:
    """A name from code, which can contain anything, made valid as a file name on every system."""
    safe = _NO_FILE_NAME.sub("_", name).strip(". ") or "_"
    safe = safe.encode()[:_LONGEST_NAME].decode("utf-8", "ignore")
    return f"{safe}_" if safe.partition(".")[0].upper() in _RESERVED else safe


def _folder(here: PurePosixPath, layout: _Layout, tests: list[PurePosixPath]) -> PurePosixPath:
    """The folder relative to the root, nested in the test folder as other tests are."""
    parent = here.parent
    if (own := f"{parent}/").startswith(_MAIN) or f"/{_MAIN}" in own:
        return PurePosixPath(own.replace(_MAIN, _TEST, 1))
    tops = Counter(_place(file) for file in tests).most_common(1)
    top = tops[0][0] if tops else layout.folder
    if top == "__tests__":
        return parent / top
    if not top:
        return parent
    folders = {file.parent for file in tests}
    for start in range(len(parent.parts)):
        deep = PurePosixPath(top, *parent.parts[start:])
        if deep in folders:
            return deep
    return PurePosixPath(top)


def _place(file: PurePosixPath) -> str:
    """The test folder that a test is in, ``""`` if it is next to the code."""
    if file.parent.name == "__tests__":
        return "__tests__"
    return file.parts[0] if len(file.parts) > 1 and file.parts[0] in _FOLDERS else ""
