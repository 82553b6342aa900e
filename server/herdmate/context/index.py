"""What the files of a workspace define, for finding what the code near a cursor speaks of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from herdmate.context import syntax
from herdmate.context.files import LARGEST_FILE
from herdmate.context.grammars import language_of
from herdmate.context.languages import LANGUAGES, STUBS
from herdmate.context.outline import Head, heads
from herdmate.context.secrets import redacted


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition and the file that it stands in."""

    path: Path
    head: Head


class Index:
    """Heads of definitions by file and by name. Bounded by the files that are put in.

    What it takes to put a file in or to find a name does not grow with the number of files that
    define the same names.
    """

    def __init__(self) -> None:
        self._files: dict[Path, tuple[Head, ...]] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._names: dict[str, dict[Path, tuple[Defined, ...]]] = {}
        self._modules: dict[str, set[Path]] = {}

    def __len__(self) -> int:
        """How many files it knows."""
        return len(self._files)

    def __contains__(self, path: Path) -> bool:
        """Does it know a file?"""
        return path in self._files

    def paths(self) -> frozenset[Path]:
        """The files that it knows."""
        return frozenset(self._files)

    def read(self, path: Path) -> bool:
        """Look at a file on disk, if it has changed and is of a language with definitions.

        Takes some milliseconds; was there anything to do?
        """
        language = language_of(path)
        try:
            found = path.stat()
            stamp = found.st_mtime_ns, found.st_size
            if language not in STUBS or found.st_size > LARGEST_FILE:
                return False
            if self._stamps.get(path) == stamp:
                return False
            text = redacted(path.read_bytes().decode("utf-8"))
        except (OSError, UnicodeDecodeError):
            self.forget(path)
            return False
        self._stamps[path] = stamp
        tree = syntax.parse(text, language)
        self.put(path, heads(tree, text) if tree else ())
        return True

    def put(self, path: Path, found: tuple[Head, ...]) -> None:
        """A file defines these, and nothing that it defined before."""
        self._drop(path)
        self._files[path] = found
        self._modules.setdefault(module_name(path), set()).add(path)
        for head in found:
            files = self._names.setdefault(head.name, {})
            files[path] = (*files.get(path, ()), Defined(path, head))

    def forget(self, path: Path) -> None:
        """A file is gone."""
        self._drop(path)
        self._stamps.pop(path, None)

    def of_file(self, path: Path) -> tuple[Head, ...]:
        """What a file defines, in its order."""
        return self._files.get(path, ())

    def named(self, name: str) -> Mapping[Path, tuple[Defined, ...]]:
        """All that is defined under a name, by file."""
        return self._names.get(name, {})

    def modules(self, name: str) -> Collection[Path]:
        """The files that are imported by a name."""
        return self._modules.get(name, ())

    def _drop(self, path: Path) -> None:
        if path not in self._files:
            return
        together = self._modules[module_name(path)]
        together.discard(path)
        if not together:
            del self._modules[module_name(path)]
        for name in {head.name for head in self._files.pop(path)}:
            files = self._names[name]
            del files[path]
            if not files:
                del self._names[name]


def module_name(path: Path) -> str:
    """The name by which other files import a file."""
    return path.parent.name if path.stem in ("__init__", "index", "mod", "lib") else path.stem


def is_indexed(path: Path) -> bool:
    """Is a file of a language whose definitions are known?"""
    return language_of(path) in STUBS and language_of(path) in LANGUAGES
