"""What the files of a workspace define, to look up names used near a cursor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from herdmate.bounded_read import read_bytes
from herdmate.context.files import LARGEST_FILE
from herdmate.context.grammars import language_of, parser_for
from herdmate.context.language_ids import language_by_name
from herdmate.context.languages import LANGUAGES, STUBS, kin_of
from herdmate.context.nesting_limits import nests_without_measure
from herdmate.context.outline import Head
from herdmate.context.parser_client import for_files

_T = TypeVar("_T")

Stamp = tuple[int, int]
"""When a file was last modified, in nanoseconds, and its size in bytes."""


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition and the file that contains it."""

    path: Path
    head: Head


class Index:
    """Heads of definitions by file and by name. Bounded by the number of files put in.

    Adding a file or looking up a name takes no longer if many files define the same names. Names
    and modules are looked up among languages of one kin, see ``languages.kin_of``.
    """

    def __init__(self) -> None:
        self._files: dict[Path, tuple[Head, ...]] = {}
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._names: dict[tuple[str, str], dict[Path, tuple[Defined, ...]]] = {}
        self._modules: dict[tuple[str, str], set[Path]] = {}
        self._folders: dict[Path, set[Path]] = {}

    def __len__(self) -> int:
        """How many files are indexed."""
        return len(self._files)

    def __contains__(self, path: Path) -> bool:
        """Is a file indexed?"""
        return path in self._files

    def paths(self) -> frozenset[Path]:
        """The indexed files."""
        return frozenset(self._files)

    def read(self, path: Path, within: Path | None = None) -> bool:
        """Index a file on disk, if it has changed and its language has definitions.

        Waits for the parser process. Returns whether the file was indexed. See ``read_heads`` for
        ``within``.
        """
        stamp = stamp_of_file(path)
        if stamp is None:
            self.forget(path)
            return False
        return self.is_new(path, stamp) and self.take(path, stamp, read_heads(path, within))

    def is_new(self, path: Path, stamp: Stamp) -> bool:
        """Does a file with this stamp need to be read?"""
        is_suitable = language_of(path) in STUBS and stamp[1] <= LARGEST_FILE
        return is_suitable and self._stamps.get(path) != stamp

    def take(self, path: Path, stamp: Stamp, found: tuple[Head, ...] | None) -> bool:
        """Record what a version of a file defines; ``None`` if it could not be read."""
        if found is None:
            self.forget(path)
            return False
        self._stamps[path] = stamp
        self.put(path, found)
        return True

    def put(self, path: Path, found: tuple[Head, ...]) -> None:
        """Record what a file defines, in place of what it defined before."""
        self._drop(path)
        self._files[path] = found
        kin = kin_of(language_of(path))
        self._modules.setdefault((kin, module_name(path)), set()).add(path)
        self._folders.setdefault(path.parent, set()).add(path)
        for head in found:
            files = self._names.setdefault((kin, head.name), {})
            files[path] = (*files.get(path, ()), Defined(path, head))

    def forget(self, path: Path) -> None:
        """Remove a file."""
        self._drop(path)
        self._stamps.pop(path, None)

    def of_file(self, path: Path) -> tuple[Head, ...]:
        """What a file defines, in file order."""
        return self._files.get(path, ())

    def stamp(self, path: Path) -> Stamp | None:
        """The stamp of the version of a file that was read last."""
        return self._stamps.get(path)

    def named(self, name: str, kin: str) -> Mapping[Path, tuple[Defined, ...]]:
        """All definitions of a name in languages of one kin, by file."""
        return self._names.get((kin, name), {})

    def modules(self, name: str, kin: str) -> Collection[Path]:
        """The files that code of one kin can import under a name."""
        return self._modules.get((kin, name), ())

    def beside(self, path: Path) -> Collection[Path]:
        """The indexed files in a file's folder, perhaps with itself."""
        return self._folders.get(path.parent, ())

    def _drop(self, path: Path) -> None:
        if path not in self._files:
            return
        kin = kin_of(language_of(path))
        _discard(self._modules, (kin, module_name(path)), path)
        _discard(self._folders, path.parent, path)
        for name in {head.name for head in self._files.pop(path)}:
            files = self._names[kin, name]
            del files[path]
            if not files:
                del self._names[kin, name]


def _discard(groups: dict[_T, set[Path]], of: _T, path: Path) -> None:
    groups[of].discard(path)
    if not groups[of]:
        del groups[of]


def stamp_of_file(path: Path) -> Stamp | None:
    """A file's stamp; ``None`` if it is gone. Thread-safe."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def read_heads(path: Path, within: Path | None = None) -> tuple[Head, ...] | None:
    """What a file on disk defines; ``None`` if it cannot be read or is not text.

    Links that lead out of ``within`` are not followed. The text is parsed in the parser process; if
    that crashes or hangs, the file defines nothing. Thread-safe.
    """
    try:
        text = read_bytes(path, LARGEST_FILE, within).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return heads_in(text, language_of(path))


def heads_in(text: str, language: str) -> tuple[Head, ...]:
    """What a text defines; parsed like a file's. Thread-safe."""
    if parser_for(language) is None or nests_without_measure(text, language):
        return ()
    return tuple(Head(*fields) for fields in for_files().heads(text, language))


def module_name(path: Path) -> str:
    """The name under which other files import a file; in Go, that of its folder."""
    if path.suffix == ".go":
        return path.parent.name
    return path.parent.name if path.stem in ("__init__", "index", "mod", "lib") else path.stem


def kin_at(path: Path, language: str) -> str:
    """The kin of a document's language, by its LSP id or else its file name."""
    return kin_of(language if language in LANGUAGES else language_by_name(path.as_posix()))


def is_indexed(path: Path) -> bool:
    """Is a file in a language whose definitions we can index?"""
    return language_of(path) in STUBS and language_of(path) in LANGUAGES
