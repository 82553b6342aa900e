"""How a project writes its tests: with which framework, and how these import what they test.

The tests nearest to a new one decide, then the project's manifest; what neither tells is left open.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from herdmate.bounded_read import read_text
from herdmate.context.files import LARGEST_FILE
from herdmate.context.languages import ECMASCRIPT

_MOST_READ = 8  # tests, the nearest first
_LARGEST_MANIFEST = 512_000  # bytes
_MOST_FOLDERS = 32  # from the code up to the project, in search of a manifest
_LONGEST_SCRIPT = 2_000

_SCRIPT_FILE = re.compile(r"\.[cm]?[jt]sx?$")


@dataclass(frozen=True, slots=True)
class StyleOfTests:
    """``framework`` is a key of ``words/testing.toml``, ``""`` for the language's usual one.

    ``suffix`` ends the path from which JavaScript and TypeScript import what they test, ``""`` if
    they write none; ``requires``: they load it with ``require``.
    """

    framework: str = ""
    suffix: str = ""
    requires: bool = False


_USUAL = StyleOfTests()

_MARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "javascript": (
        ("node_test", r"['\"]node:test['\"]"),
        ("vitest", r"['\"]vitest['\"]|\bvi\.(?:fn|mock|spyOn)\("),
        ("bun_test", r"['\"]bun:test['\"]"),
        ("jest", r"['\"]@jest/globals['\"]|\bjest\.(?:fn|mock|spyOn)\("),
        ("ava", r"['\"]ava['\"]"),
        ("tap", r"['\"]tap['\"]"),
        ("tape", r"['\"]tape['\"]"),
        ("mocha_chai", r"['\"]chai['\"]"),
        ("mocha", r"\A(?=[\s\S]*?\bassert\b)(?=[\s\S]*?\b(?:describe|it|suite)\()"),
    ),
    "python": (
        ("pytest", r"(?m)^(?:import|from)[ \t]+pytest\b|^(?:async[ \t]+)?def test"),
        ("unittest", r"\bTestCase\b"),
    ),
    "java": (
        ("testng", r"\borg\.testng\."),
        ("junit5", r"\borg\.junit\.jupiter\."),
        ("junit4", r"\borg\.junit\.|\bjunit\.framework\."),
    ),
    "kotlin": (
        ("kotest", r"\bio\.kotest\."),
        ("junit5", r"\borg\.junit\.jupiter\."),
        ("kotlin_test", r"\bkotlin\.test\."),
        ("junit4", r"\borg\.junit\."),
    ),
    "ruby": (
        ("rspec", r"\bRSpec\.|\A(?=[\s\S]*?\bdescribe\b)(?=[\s\S]*?\bexpect\b)"),
        ("minitest", r"\bMinitest\b|\bActiveSupport::TestCase\b|\bminitest/"),
        ("test_unit", r"\bTest::Unit\b|\btest/unit\b"),
    ),
    "php": (
        ("phpunit", r"\bextends[ \t]+\w*TestCase\b"),
        ("pest", r"(?m)^(?:it|test|describe)\("),
    ),
    "go": (
        ("testify", r"\"github\.com/stretchr/testify/"),
        ("go", r"\btesting\.T\b"),
    ),
}
"""What marks a test of each framework, the first that fits."""

_SCRIPTS = (
    ("node_test", r"\bnode\b[^&|;]*[ \t]--test\b"),
    ("vitest", r"\bvitest\b"),
    ("bun_test", r"\bbun[ \t]+test\b"),
    ("jest", r"\bjest\b|\breact-scripts[ \t]+test\b"),
    ("mocha", r"\bmocha\b"),
    ("ava", r"\bava\b"),
    ("tap", r"\btap\b"),
    ("tape", r"\btape\b"),
)
_PACKAGES = ("vitest", "jest", "mocha", "ava", "tap", "tape")

_MANIFESTS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "java": (
        ("pom.xml", "build.gradle", "build.gradle.kts"),
        (
            ("junit5", r"\bjunit-jupiter\b|\borg\.junit\.jupiter\b|\buseJUnitPlatform\b"),
            ("testng", r"\btestng\b"),
            ("junit4", r"<artifactId>junit</artifactId>|['\"]junit:junit:"),
        ),
    ),
    "kotlin": (
        ("pom.xml", "build.gradle.kts", "build.gradle"),
        (("kotest", r"\bkotest\b"), ("junit5", r"\bjunit-jupiter\b|\bjunit\.jupiter\b")),
    ),
    "php": (("composer.json",), (("pest", r"\"pestphp/pest\""),)),
}
"""Where and how a project of other languages says which framework it has."""

_RELATIVE = re.compile(r"(?:\bfrom|\bimport|\brequire\()[ \t]*['\"](\.{1,2}/[^'\"\n]*)['\"]")
_REQUIRE = re.compile(r"\brequire\([ \t]*['\"]")
_IMPORT = re.compile(r"(?m)^import\b|^export\b")
_COMMON_JS = re.compile(r"(?m)^[ \t]*(?:module\.)?exports\b")


def style_of_tests(
    source: Path, text: str, test: Path, language: str, tests: Iterable[Path], root: Path
) -> StyleOfTests:
    """How a new file of ``tests`` should test ``source``, whose text is ``text``. Reads the disk.

    Nothing outside ``root`` is read.
    """
    kin = _kin(language)
    if kin not in _MARKS:
        return _USUAL
    near = [found for path in _nearest(tests, source, test) if (found := _read(path, root))]
    framework = _usual(_marked(_MARKS[kin], found) for found in near)
    if kin != "javascript":
        return StyleOfTests(framework or _of_manifest(kin, source, root))
    package = _package(source, root)
    framework = framework or _of_package(package)
    is_module = package.get("type") == "module" or test.suffix in (".mjs", ".mts")
    requires = not is_module and _requires(near, source, text)
    return StyleOfTests(framework, _suffix(near, source, is_module), requires)


def _kin(language: str) -> str:
    return "javascript" if language in ECMASCRIPT else language


def _nearest(tests: Iterable[Path], source: Path, test: Path) -> list[Path]:
    """The tests to read: of the same kind of file, folder and name first."""

    def key(path: Path) -> tuple[bool, bool, bool, str]:
        is_other = path.suffix != test.suffix
        return (is_other, path.parent != test.parent, source.stem not in path.name, str(path))

    return sorted(tests, key=key)[:_MOST_READ]


def _read(path: Path, root: Path, most: int = LARGEST_FILE) -> str:
    try:
        return read_text(path, most, root)
    except OSError:
        return ""


def _marked(marks: Iterable[tuple[str, str]], text: str) -> str:
    return next((name for name, mark in marks if re.search(mark, text)), "")


def _usual(found: Iterable[str]) -> str:
    """The most frequent of the names, of several the first; ``""`` if there is none."""
    most = Counter(name for name in found if name).most_common(1)
    return most[0][0] if most else ""


def _manifests(names: tuple[str, ...], source: Path, root: Path) -> Iterator[str]:
    """The texts of the manifests with these names, the nearest to the source first."""
    for folder in source.parents[:_MOST_FOLDERS]:
        if folder != root and root not in folder.parents:
            return
        yield from (
            text for name in names if (text := _read(folder / name, root, _LARGEST_MANIFEST))
        )


def _of_manifest(kin: str, source: Path, root: Path) -> str:
    names, marks = _MANIFESTS.get(kin, ((), ()))
    return next(
        filter(None, (_marked(marks, text) for text in _manifests(names, source, root))), ""
    )


def _package(source: Path, root: Path) -> dict[str, object]:
    """What the nearest ``package.json`` contains."""
    text = next(_manifests(("package.json",), source, root), "")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_package(package: dict[str, object]) -> str:
    scripts = _table(package, "scripts")
    names = sorted((name for name in scripts if name.startswith("test")), key=len)
    for name in names:
        if found := _marked(_SCRIPTS, str(scripts[name])[:_LONGEST_SCRIPT]):
            return _with_chai(found, package)
    packages = {*_table(package, "devDependencies"), *_table(package, "dependencies")}
    return _with_chai(next((name for name in _PACKAGES if name in packages), ""), package)


def _with_chai(framework: str, package: dict[str, object]) -> str:
    return "mocha_chai" if framework == "mocha" and _has_chai(package) else framework


def _has_chai(package: dict[str, object]) -> bool:
    return "chai" in {*_table(package, "devDependencies"), *_table(package, "dependencies")}


def _table(package: dict[str, object], key: str) -> dict[str, object]:
    found = package.get(key)
    return found if isinstance(found, dict) else {}


def _requires(near: list[str], source: Path, text: str) -> bool:
    """Do the tests load modules with ``require``? Without any, the code that is tested decides."""
    if said := [bool(_REQUIRE.search(test)) for test in near if _loads(test)]:
        return 2 * sum(said) > len(said)
    return source.suffix in (".js", ".cjs") and bool(
        _COMMON_JS.search(text) and not _IMPORT.search(text)
    )


def _loads(text: str) -> bool:
    return bool(_REQUIRE.search(text) or _IMPORT.search(text))


def _suffix(near: list[str], source: Path, is_module: bool) -> str:
    """What ends the path of an import; Node finds no ``.mjs`` or ``.cjs`` without it."""
    is_script = source.suffix in (".js", ".jsx", ".mjs", ".cjs")
    if source.suffix in (".mjs", ".cjs"):
        return source.suffix
    found = [match.group(1) for test in near for match in _RELATIVE.finditer(test)]
    said = [
        suffix.group() if (suffix := _SCRIPT_FILE.search(path)) else "none"
        for path in found
        if not path.endswith(("/", ".json"))
    ]
    usual = _usual(said) or (".js" if is_module and is_script else "none")
    if usual == "none":
        return ""
    if is_script or "ts" in usual:
        return source.suffix
    return source.suffix.replace("t", "j", 1)
