"""Which files git ignores, by its own rules and sources, and which a file ``.ignore`` names.

The nearest ``.gitignore`` that says anything of a file decides, up to the repository's root, then
``.git/info/exclude``, then what ``core.excludesFile`` names; in an ignored folder all is ignored.
Files ``.ignore``, which other tools read, may add to that and take nothing away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from herdmate.context.git_config import Stamp, git_folder, ignoring_in, repository_of, stamp_of

_GIT, _OTHER = ".gitignore", ".ignore"


def is_ignored(path: Path, root: Path | None = None) -> bool:
    """Is a file ignored? ``root`` is the workspace, in which rules hold without a repository too.

    Takes a fraction of a millisecond: nothing is read twice that has not changed.
    """
    rules = rules_in(path.parent, root)
    return rules is None or rules.ignore(path, is_folder=False)


def rules_in(folder: Path, root: Path | None = None) -> Rules | None:
    """The rules that hold for what lies in a folder; ``None`` where that is ignored itself."""
    top = _top_of(folder, root)
    rules, at = _rules_of(top), top
    for part in folder.relative_to(top).parts:
        at = at / part
        if rules.ignore(at, is_folder=True):
            return None
        rules = rules.within(at)
    return rules


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
    """What holds in a folder: rules with the folder that they count from, the weakest first."""

    git: tuple[tuple[Path, GitIgnoreSpec], ...]
    other: tuple[tuple[Path, GitIgnoreSpec], ...]
    folds_case: bool

    def ignore(self, path: Path, is_folder: bool) -> bool:
        """Do they ignore a path?"""
        return any(
            _last_word(rules, path, is_folder, self.folds_case) for rules in (self.git, self.other)
        )

    def within(self, folder: Path) -> Rules:
        """With those of a folder below, which may be the top of another repository."""
        git = self.git
        if (folder / ".git").exists():
            git = (*git, *_of_repository(folder, self.folds_case))
        return replace(
            self,
            git=(*git, *_of_file(folder / _GIT, folder, self.folds_case)),
            other=(*self.other, *_of_file(folder / _OTHER, folder, self.folds_case)),
        )


_Rules = tuple[tuple[Path, GitIgnoreSpec], ...]


def _top_of(folder: Path, root: Path | None) -> Path:
    """Where rules begin: at the top of the workspace's repository, else of the folder's own."""
    if root is not None and (root == folder or root in folder.parents):
        return repository_of(root) or root
    return repository_of(folder) or folder


def _rules_of(top: Path) -> Rules:
    """The rules of a top folder; those that hold everywhere are git's weakest."""
    ignoring = ignoring_in(top)
    everywhere = [
        rule for path in ignoring.files for rule in _of_file(path, top, ignoring.folds_case)
    ]
    return Rules(tuple(everywhere), (), ignoring.folds_case).within(top)


def _of_repository(top: Path, folds_case: bool) -> _Rules:
    own = git_folder(top)
    return _of_file(own / "info" / "exclude", top, folds_case) if own is not None else ()


def _of_file(path: Path, folder: Path, folds_case: bool) -> _Rules:
    stamp = stamp_of(path)
    return () if stamp is None else ((folder, _spec(path, stamp, folds_case)),)


@lru_cache(maxsize=2_000)
def _spec(path: Path, _stamp: Stamp, folds_case: bool) -> GitIgnoreSpec:
    try:
        text = path.read_text("utf-8-sig", "replace")
    except OSError:
        text = ""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if folds_case:
        lines = [line.lower() for line in lines]
    return GitIgnoreSpec.from_lines([line for line in lines if _is_rule(line)])


def _is_rule(line: str) -> bool:
    """git takes no notice of a line that is not one."""
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _last_word(rules: _Rules, path: Path, is_folder: bool, folds_case: bool) -> bool:
    """The strongest rules that say anything decide."""
    for folder, spec in reversed(rules):
        name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
        said = spec.check_file(name.lower() if folds_case else name).include
        if said is not None:
            return said
    return False
