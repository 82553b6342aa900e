"""Which files git ignores, by its own rules and sources, and which a file ``.ignore`` names.

The nearest ``.gitignore`` that says anything of a file decides, up to the repository's root, then
``.git/info/exclude``, then what ``core.excludesFile`` names; in an ignored folder all is ignored.
Files ``.ignore``, which other tools read, may add to that and take nothing away. Where rules cannot
be read, or are more than anybody writes, nobody knows what they ignore, so all of it is.
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
_LARGEST = 256 * 1024  # bytes of a file of rules, most of them comments
_MOST_STATES = 64 * 1024  # of all rules that hold for a path; a character of a rule is one
_MOST_FILES = 100  # of rules that hold for a path


def is_ignored(path: Path, root: Path | None = None) -> bool:
    """Is a file ignored? ``root`` is the workspace, in which rules hold without a repository too.

    Takes a fraction of a millisecond: nothing is read twice that has not changed.
    """
    rules = rules_in(path.parent, root)
    return rules is None or rules.ignore(path, is_folder=False)


def unreadable_rules(path: Path, root: Path | None = None) -> Path | None:
    """The rules that cannot be read, where a file is ignored for that."""
    return _descend(path.parent, root)[0].unreadable


def rules_in(folder: Path, root: Path | None = None) -> Rules | None:
    """The rules that hold for what lies in a folder; ``None`` where that is ignored itself."""
    rules, is_ignored = _descend(folder, root)
    return None if is_ignored else rules


def holds_rules(path: Path) -> bool:
    """Does a file of this name hold rules for the folder that it lies in?"""
    return path.name in (_GIT, _OTHER)


def state_of_rules(root: Path) -> object:
    """Differs from what it was when rules have changed of which nobody tells who watches ``root``.

    Those are in the settings, in the repository's own folder and in folders above; ``root``'s too.
    """
    top = _top_of(root, root)
    above = [at for at in (root, *root.parents) if at == top or top in at.parents]
    read = [at / name for at in above for name in (_GIT, _OTHER)]
    if (own := git_folder(top)) is not None:
        read.append(own / "info" / "exclude")
    return tuple((path, stamp_of(path)) for path in (*ignoring_in(top).read, *read))


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds in a folder: the rules of files with their folders, the weakest first.

    ``unreadable``: a file whose rules cannot be known, so that all is ignored.
    """

    top: Path
    folds_case: bool
    git: tuple[tuple[Path, _FileRules], ...] = ()
    other: tuple[tuple[Path, _FileRules], ...] = ()
    unreadable: Path | None = None

    @property
    def states(self) -> int:
        """What it takes to match a character of a path."""
        return sum(rules.states for _, rules in (*self.git, *self.other))

    def ignore(self, path: Path, is_folder: bool) -> bool:
        """Do they ignore a path?"""
        return self.unreadable is not None or any(
            _last_word(rules, path, is_folder, self.folds_case) for rules in (self.git, self.other)
        )

    def within(self, folder: Path) -> Rules:
        """With those of a folder below, which may be the top of another repository."""
        if self.unreadable is not None:
            return self
        rules = self
        if os.path.exists(folder / ".git") and (own := git_folder(folder)) is not None:
            rules = rules.with_file(own / "info" / "exclude", folder)
        rules = rules.with_file(folder / _GIT, folder, is_of_workspace=True)
        return rules.with_file(folder / _OTHER, folder, is_of_workspace=True)

    def with_file(self, path: Path, folder: Path, is_of_workspace: bool = False) -> Rules:
        """With the rules of a file, if there is one, that count from a folder."""
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
    """The rules that hold in a folder, or in one above that they ignore; do they?"""
    top = _top_of(folder, root)
    rules, at = _rules_of(top), top
    for part in folder.relative_to(top).parts:
        at = at / part
        if rules.ignore(at, is_folder=True):
            return rules, True
        rules = rules.within(at)
    return rules, False


def _top_of(folder: Path, root: Path | None) -> Path:
    """Where rules begin: at the top of the workspace's repository, else of the folder's own."""
    if root is not None and (root == folder or root in folder.parents):
        return repository_of(root) or root
    return repository_of(folder) or folder


def _rules_of(top: Path) -> Rules:
    """The rules of a top folder; those that hold everywhere are git's weakest."""
    ignoring = ignoring_in(top)
    rules = Rules(top, ignoring.folds_case)
    for path in ignoring.files:
        rules = rules.with_file(path, top)
    return rules.within(top)


def _stamp_of_rules(path: Path, is_of_workspace: bool) -> Stamp | None:
    """``None`` where there are no rules; raises ``OSError`` where nobody can know that."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except PermissionError:
        if is_of_workspace:
            raise
        return None  # git takes no notice either of settings in a home that is closed to it
    if stat.S_ISDIR(found.st_mode) or _is_null_device(found):
        return None
    return stamp_of(path)


def _is_null_device(found: os.stat_result) -> bool:
    """What ``core.excludesFile = /dev/null`` names, and what sandboxes put over files."""
    try:
        return os.path.samestat(found, os.stat(os.devnull)) and not stat.S_ISREG(found.st_mode)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Part:
    """Rules for names, or for paths: each with its number in the file."""

    globs: Globs
    numbers: tuple[int, ...]
    for_folders: int  # as ``Globs.last`` leaves them out

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
        """Is a path ignored, by the last rule that says anything of it?"""
        name = path.rpartition("/")[2]
        last = max(self.names.last(name, is_folder), self.paths.last(path, is_folder))
        return None if last < 0 else last not in self.takes_back


def _last_word(
    rules: Iterable[tuple[Path, _FileRules]], path: Path, is_folder: bool, folds_case: bool
) -> bool:
    """The strongest rules that say anything decide."""
    whole = path.as_posix()
    for folder, found in reversed(tuple(rules)):
        name = whole[len(folder.as_posix().rstrip("/")) + 1 :]
        said = found.say(name.lower() if folds_case else name, is_folder)
        if said is not None:
            return said
    return False


@lru_cache(maxsize=200)  # of at most a megabyte each
def _read(path: Path, _stamp: Stamp, folds_case: bool, top: Path | None) -> _FileRules:
    """The rules of a file; a link of the workspace may not lead out of it, nor does git follow it.

    Raises ``OSError`` where it cannot be read or has more rules than may hold for a path.
    """
    within = top
    if top is not None and not bounded_read.is_within(path.parent, top):
        within = path.parent  # a folder of the workspace may be a link that the user opened
    text = bounded_read.read_text(path, _LARGEST, within)
    written = [line.removesuffix("\r") for line in text.split("\n") if not line.startswith("#")]
    if sum(map(len, written)) > _MOST_STATES:
        raise bounded_read.UnsuitableFileError(f"{path} has more rules than anybody writes")
    rules = [rule for line in written if (rule := _rule_of(line, folds_case)) is not None]
    return _FileRules(
        _part((number, rule) for number, rule in enumerate(rules) if not rule.is_for_paths),
        _part((number, rule) for number, rule in enumerate(rules) if rule.is_for_paths),
        frozenset(number for number, rule in enumerate(rules) if rule.takes_back),
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line."""

    tokens: tuple[Token, ...]
    is_for_paths: bool
    is_for_folders: bool
    takes_back: bool


def _rule_of(line: str, folds_case: bool) -> _Rule | None:
    """git takes no notice of a line that can match nothing."""
    cut = line.rstrip(" ")
    if (len(cut) - len(cut.rstrip("\\"))) % 2 and cut != line:
        cut += " "  # the backslash is for this one
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
