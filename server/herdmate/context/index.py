"""What the files of a workspace define, for finding what the code near a cursor speaks of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from herdmate.bounded_read import read_bytes
from herdmate.context.files import LARGEST_FILE
from herdmate.context.grammars import language_of, parser_for
from herdmate.context.languages import LANGUAGES, STUBS
from herdmate.context.nesting_limits import nests_without_measure
from herdmate.context.outline import Head
from herdmate.context.parser_client import for_files

Stamp = tuple[int, int]
"""When a file was changed last, in nanoseconds, and its bytes."""


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

    def read(self, path: Path, within: Path | None = None) -> bool:
        """Look at a file on disk, if it has changed and is of a language with definitions.

        Waits for the parser process; was there anything to do? See ``read_heads`` for ``within``.
        """
        if (stamp := self.stamp_if_new(path)) is None:
            return False
        return self.take(path, stamp, read_heads(path, within))

    def stamp_if_new(self, path: Path) -> Stamp | None:
        """What tells a version of a file from others, where that one is to be read."""
        try:
            found = path.stat()
        except OSError:
            self.forget(path)
            return None
        stamp = found.st_mtime_ns, found.st_size
        if language_of(path) not in STUBS or found.st_size > LARGEST_FILE:
            return None
        return None if self._stamps.get(path) == stamp else stamp

    def take(self, path: Path, stamp: Stamp, found: tuple[Head, ...] | None) -> bool:
        """A version of a file was read, and ``None`` found in it where that could not be read."""
        if found is None:
            self.forget(path)
            return False
        self._stamps[path] = stamp
        self.put(path, found)
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


def read_heads(path: Path, within: Path | None = None) -> tuple[Head, ...] | None:
    """What a file on disk defines; ``None`` where it cannot be read or is no text.

    A link that leads out of ``within`` is not followed. The parser process reads the text, which
    may do harm to a grammar: then it defines nothing. For any thread.
    """
    try:
        text = read_bytes(path, LARGEST_FILE, within).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    language = language_of(path)
    if parser_for(language) is None or nests_without_measure(text, language):
        return ()
    return tuple(Head(*fields) for fields in for_files().heads(text, language))


def module_name(path: Path) -> str:
    """The name by which other files import a file."""
    return path.parent.name if path.stem in ("__init__", "index", "mod", "lib") else path.stem


def is_indexed(path: Path) -> bool:
    """Is a file of a language whose definitions are known?"""
    return language_of(path) in STUBS and language_of(path) in LANGUAGES
