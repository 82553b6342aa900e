"""Which files are ignored: by git, following its own rules and sources, or by ``.ignore`` files.

The nearest ``.gitignore`` that mentions a file decides, up to the repository's root, then
``.git/info/exclude``, then the file that ``core.excludesFile`` names. Everything in an ignored
folder is ignored. ``.ignore`` files, which other tools read, can add to that but not take anything
back. If rules cannot be read, or are implausibly many, we cannot know what they ignore and treat
everything they apply to as ignored.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from herdmate import bounded_read
from herdmate.context.git_config import Stamp, git_folder, ignoring_in, repository_of, stamp_of
from herdmate.context.globs import Globs, Token, tokens_of

_GIT, _OTHER = ".gitignore", ".ignore"
_LARGEST = 256 * 1024  # bytes of a file of rules; files that large are mostly comments
_MOST_STATES = 64 * 1024  # of all rules that apply to a path, one per character of a rule
_MOST_FILES = 100  # files of rules that apply to a path


def is_ignored(path: Path, root: Path | None = None) -> bool:
    """Is a file ignored? In ``root``, the workspace, rules apply even without a repository.

    Takes a fraction of a millisecond: unchanged files of rules are not read again.
    """
    rules = rules_in(path.parent, root)
    return rules is None or rules.ignore(path, is_folder=False)


def unreadable_rules(path: Path, root: Path | None = None) -> Path | None:
    """The file of rules that cannot be read, if ``path`` is ignored because of that."""
    return _descend(path.parent, root)[0].unreadable


def rules_in(folder: Path, root: Path | None = None) -> Rules | None:
    """The rules for the contents of a folder; ``None`` if the folder itself is ignored."""
    rules, is_ignored = _descend(folder, root)
    return None if is_ignored else rules


def holds_rules(name: str) -> bool:
    """Does a file of this name contain rules for its folder?"""
    return name in (_GIT, _OTHER)


def state_of_rules(root: Path) -> object:
    """A value that changes with the rules that a watcher of ``root`` does not see.

    These are in git's settings, in the repository's ``.git`` and in folders above ``root``. The
    rules of ``root`` itself are included.
    """
    top = _top_of(root, root)
    above = [at for at in (root, *root.parents) if at == top or top in at.parents]
    read = [at / name for at in above for name in (_GIT, _OTHER)]
    if (own := git_folder(top)) is not None:
        read.append(own / "info" / "exclude")
    return tuple((path, stamp_of(path)) for path in (*ignoring_in(top).read, *read))


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that apply in a folder: those of each file with its folder, the weakest first.

    ``unreadable``: a file whose rules are unknown, because of which everything is ignored.
    """

    top: Path
    folds_case: bool
    git: tuple[tuple[Path, _FileRules], ...] = ()
    other: tuple[tuple[Path, _FileRules], ...] = ()
    unreadable: Path | None = None

    @property
    def states(self) -> int:
        """The cost of matching one character of a path."""
        return sum(rules.states for _, rules in (*self.git, *self.other))

    def ignore(self, path: Path, is_folder: bool) -> bool:
        """Do the rules ignore a path?"""
        return self.unreadable is not None or any(
            _last_word(rules, path, is_folder, self.folds_case) for rules in (self.git, self.other)
        )

    def within(self, folder: Path) -> Rules:
        """These rules plus those of a subfolder, which can be the top of another repository."""
        if self.unreadable is not None:
            return self
        rules = self
        if os.path.exists(folder / ".git") and (own := git_folder(folder)) is not None:
            rules = rules.with_file(own / "info" / "exclude", folder)
        rules = rules.with_file(folder / _GIT, folder, is_of_workspace=True)
        return rules.with_file(folder / _OTHER, folder, is_of_workspace=True)

    def with_file(self, path: Path, folder: Path, is_of_workspace: bool = False) -> Rules:
        """These rules plus those of a file, if it exists, relative to ``folder``."""
        try:
            if (stamp := _stamp_of_rules(path, is_of_workspace)) is None:
                return self
            found = _read(path, stamp, self.folds_case, self.top if is_of_workspace else None)
        except (OSError, ValueError):
            return replace(self, unreadable=path)
        if path.name == _OTHER and is_of_workspace:
            rules = replace(self, other=(*self.other, (folder, found)))
        else:
            rules = replace(self, git=(*self.git, (folder, found)))
        is_much = len(rules.git) + len(rules.other) > _MOST_FILES or rules.states > _MOST_STATES
        return replace(self, unreadable=path) if is_much else rules


def _descend(folder: Path, root: Path | None) -> tuple[Rules, bool]:
    """The rules that apply in a folder, and whether they ignore it or a folder above it."""
    top = _top_of(folder, root)
    rules, at = _rules_of(top), top
    for part in folder.relative_to(top).parts:
        at = at / part
        if rules.ignore(at, is_folder=True):
            return rules, True
        rules = rules.within(at)
    return rules, False


def _top_of(folder: Path, root: Path | None) -> Path:
    """Where rules begin: at the top of the workspace's repository or else of the folder's own."""
    if root is not None and (root == folder or root in folder.parents):
        return repository_of(root) or root
    return repository_of(folder) or folder


def _rules_of(top: Path) -> Rules:
    """The rules of a top folder, preceded by git's global ones, which are the weakest."""
    ignoring = ignoring_in(top)
    rules = Rules(top, ignoring.folds_case)
    for path in ignoring.files:
        rules = rules.with_file(path, top)
    return rules.within(top)


def _stamp_of_rules(path: Path, is_of_workspace: bool) -> Stamp | None:
    """The stamp of a file of rules; ``None`` if it has none. Raises ``OSError`` if in doubt."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except PermissionError:
        if is_of_workspace:
            raise
        return None  # git, too, disregards settings in a home folder that it cannot access
    if stat.S_ISDIR(found.st_mode) or _is_null_device(found):
        return None
    return stamp_of(path)


def _is_null_device(found: os.stat_result) -> bool:
    """Is it the null device, as in ``core.excludesFile = /dev/null`` or over files in sandboxes?"""
    try:
        return os.path.samestat(found, os.stat(os.devnull)) and not stat.S_ISREG(found.st_mode)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Part:
    """The rules of a file for names or those for paths, each with its number in the file."""

    globs: Globs
    numbers: tuple[int, ...]
    for_folders: int  # in the form that ``Globs.last`` leaves out

    def last(self, name: str, is_folder: bool) -> int:
        """The number of the last rule that matches, or -1."""
        found = (
            self.globs.last(name, 0 if is_folder else self.for_folders) if self.numbers else None
        )
        return -1 if found is None else self.numbers[found]


@dataclass(frozen=True, slots=True)
class _FileRules:
    """The rules of one file."""

    names: _Part
    paths: _Part
    takes_back: frozenset[int]

    @property
    def states(self) -> int:
        return self.names.globs.size + self.paths.globs.size

    def say(self, path: str, is_folder: bool) -> bool | None:
        """Does the last rule that matches a path ignore it? ``None`` if no rule matches."""
        name = path.rpartition("/")[2]
        last = max(self.names.last(name, is_folder), self.paths.last(path, is_folder))
        return None if last < 0 else last not in self.takes_back


def _last_word(
    rules: Iterable[tuple[Path, _FileRules]], path: Path, is_folder: bool, folds_case: bool
) -> bool:
    """Do the strongest rules that match a path ignore it?"""
    whole = path.as_posix()
    for folder, found in reversed(tuple(rules)):
        name = whole[len(folder.as_posix().rstrip("/")) + 1 :]
        said = found.say(name.lower() if folds_case else name, is_folder)
        if said is not None:
            return said
    return False


@lru_cache(maxsize=200)  # at most a megabyte each
def _read(path: Path, _stamp: Stamp, folds_case: bool, top: Path | None) -> _FileRules:
    """The rules of a file. Like git, refuses links that lead out of ``top``.

    Raises ``OSError`` if the file cannot be read or has too many rules.
    """
    within = top
    if top is not None and not bounded_read.is_within(path.parent, top):
        within = path.parent  # the user can have opened a folder that is a link
    text = bounded_read.read_text(path, _LARGEST, within)
    written = [line.removesuffix("\r") for line in text.split("\n") if not line.startswith("#")]
    if sum(map(len, written)) > _MOST_STATES:
        raise bounded_read.UnsuitableFileError(f"{path} has too many rules")
    rules = [rule for line in written if (rule := _rule_of(line, folds_case)) is not None]
    return _FileRules(
        _part((number, rule) for number, rule in enumerate(rules) if not rule.is_for_paths),
        _part((number, rule) for number, rule in enumerate(rules) if rule.is_for_paths),
        frozenset(number for number, rule in enumerate(rules) if rule.takes_back),
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line of a file of rules."""

    tokens: tuple[Token, ...]
    is_for_paths: bool
    is_for_folders: bool
    takes_back: bool


def _rule_of(line: str, folds_case: bool) -> _Rule | None:
    """The rule on a line; ``None`` if it can match nothing, like git."""
    cut = line.rstrip(" ")
    if (len(cut) - len(cut.rstrip("\\"))) % 2 and cut != line:
        cut += " "  # the backslash escapes this space
    takes_back = cut.startswith("!")
    cut = cut[takes_back:]
    is_for_folders = cut.endswith("/")
    cut = cut[: len(cut) - is_for_folders]
    is_for_paths = "/" in cut
    tokens = tokens_of(cut.removeprefix("/"), True, folds_case)
    return _Rule(tokens, is_for_paths, is_for_folders, takes_back) if tokens else None


def _part(rules: Iterable[tuple[int, _Rule]]) -> _Part:
    known = tuple(rules)
    globs = Globs(rule.tokens for _, rule in known)
    for_folders = [place for place, (_, rule) in enumerate(known) if rule.is_for_folders]
    return _Part(globs, tuple(number for number, _ in known), globs.ends(for_folders))
