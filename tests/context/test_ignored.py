"""What git ignores: its sources, their order, and what git itself says of the same files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from herdmate.context.files import readable_files
from herdmate.context.git_config import ignoring_in
from herdmate.context.ignored import is_ignored, state_of_rules


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without settings of git."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def repository(home: Path) -> Path:
    top = home / "repository"
    _write(top, {".git/HEAD": "ref: refs/heads/main\n", ".git/config": "[core]\n"})
    return top


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def _readable(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in readable_files(root)}


def test_the_nearest_rules_decide_but_not_in_an_ignored_folder(repository: Path) -> None:
    _write(
        repository,
        {
            ".gitignore": "*.log\n/out/\nlocal\n",
            "b/.gitignore": "!keep.log\n*.tmp\n",
            "out/.gitignore": "!d.py\n",
        },
    )
    for name in ("b/x.log", "out/d.py", "local/h.py", "b/deep/g.tmp"):
        assert is_ignored(repository / name), name
    for name in ("a.py", "b/keep.log", "b/out/d.py"):
        assert not is_ignored(repository / name), name


def test_a_workspace_in_a_repository_has_all_its_rules(repository: Path) -> None:
    _write(
        repository,
        {".gitignore": "private_*.py\n", "sub/private_keys.py": "x", "sub/a.py": "x"},
    )
    sub = repository / "sub"
    assert _readable(sub) == {"a.py"}
    assert is_ignored(sub / "private_keys.py", sub)
    _write(repository, {".gitignore": "sub/\n"})
    assert _readable(sub) == set()


def test_rules_hold_in_a_workspace_without_a_repository(home: Path) -> None:
    _write(home / "w", {".gitignore": "*.log\n", "b/x.log": "x"})
    assert is_ignored(home / "w" / "b" / "x.log", home / "w")
    assert is_ignored(home / "w" / "x.log")
    assert not is_ignored(home / "w" / "a.py")


def test_what_the_workspace_ignores_is_ignored_also_where_it_is_another_repository(
    repository: Path,
) -> None:
    _write(
        repository,
        {
            ".gitignore": "scratch/\n",
            "scratch/.git/HEAD": "",
            "inner/.git/info/exclude": "private.py\n",
        },
    )
    assert is_ignored(repository / "scratch" / "a.py", repository)
    assert not is_ignored(repository / "scratch" / "a.py")
    assert is_ignored(repository / "inner" / "private.py", repository)


def test_other_rules_only_add(repository: Path) -> None:
    _write(repository, {".gitignore": "private_*.py\n", ".ignore": "!private_*.py\nmore.py\n"})
    assert is_ignored(repository / "private_a.py")
    assert is_ignored(repository / "more.py")
    assert not is_ignored(repository / "a.py")


def test_rules_that_the_repository_keeps_for_itself(repository: Path) -> None:
    _write(repository, {".git/info/exclude": "mine.py\n", ".gitignore": "*.log\n"})
    assert is_ignored(repository / "mine.py")
    assert is_ignored(repository / "sub" / "mine.py", repository / "sub")


def test_a_worktree_shares_them(repository: Path, home: Path) -> None:
    own = repository / ".git" / "worktrees" / "tree"
    _write(repository, {".git/info/exclude": "mine.py\n"})
    _write(own, {"commondir": "../..\n"})
    _write(home / "tree", {".git": f"gitdir: {own}\n"})
    assert is_ignored(home / "tree" / "mine.py")


def test_rules_of_the_user_where_git_looks_for_them(
    repository: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_ignored(repository / "mine.py")
    _write(home, {".config/git/ignore": "mine.py\n"})
    assert is_ignored(repository / "mine.py")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "other"))
    assert not is_ignored(repository / "mine.py")
    _write(home, {"other/git/ignore": "mine.py\n"})
    assert is_ignored(repository / "mine.py")


@pytest.mark.parametrize(
    "settings",
    [
        "[core]\n\texcludesFile = ~/rules\n",
        '[CORE] ExcludesFile = "~/rules" # mine\n',
        "[user]\n\tname = x\n[core]\n\teditor = vi\n\texcludesfile=~/\\\nrules ; mine\n",
        "[include]\n\tpath = more\n",
        '[includeIf "gitdir:~/work/"]\n\tpath = ~/more\n',
        "[core]\n\texcludesFile = ~/elsewhere\n\texcludesFile = ~/rules\n",
    ],
)
@pytest.mark.parametrize("file", [".gitconfig", ".config/git/config", "repository/.git/config"])
def test_rules_of_the_user_where_settings_name_them(
    repository: Path, home: Path, settings: str, file: str
) -> None:
    more = {"more": "[core]\n\texcludesFile = ~/rules\n", "rules": "mine.py\n"}
    _write(home, more | {file: settings, f"{Path(file).parent.as_posix()}/more": more["more"]})
    assert is_ignored(repository / "mine.py")
    assert not is_ignored(repository / "a.py")


def test_settings_that_are_not_of_ignoring_are_passed_over(repository: Path, home: Path) -> None:
    _write(
        home,
        {
            ".gitconfig": "no section\n[include]\n\tpath = .gitconfig\n[core\n# excludesFile = x\n"
            '[alias]\n\texcludesFile = "a" # b\n',
        },
    )
    assert ignoring_in(repository).files == (home / ".config" / "git" / "ignore",)


def test_case_counts_unless_the_repository_says_otherwise(repository: Path) -> None:
    _write(repository, {".gitignore": "Private/\n", "private/a.py": "x"})
    assert not is_ignored(repository / "private" / "a.py")
    _write(repository, {".git/config": "[core]\n\tignorecase = true\n"})
    assert is_ignored(repository / "private" / "a.py")
    assert is_ignored(repository / "PRIVATE" / "a.py")


def test_a_line_that_is_no_rule_does_no_harm(repository: Path) -> None:
    _write(repository, {".gitignore": "\ufeffa.log\r\n!\n[z-a]\nb.log\\\n*.tmp\r\n"})
    assert is_ignored(repository / "a.log")
    assert is_ignored(repository / "b.tmp")
    assert not is_ignored(repository / "a.py")


def test_rules_that_change_hold_at_once(repository: Path, home: Path) -> None:
    before = state_of_rules(repository)
    _write(repository, {".gitignore": "a.py\n"})
    assert is_ignored(repository / "a.py")
    _write(repository, {".gitignore": "b.py\n"})
    assert not is_ignored(repository / "a.py")
    assert state_of_rules(repository) != before
    before = state_of_rules(repository)
    _write(repository, {"sub/.gitignore": "b.py\n"})
    assert state_of_rules(repository) == before  # who watches the workspace tells
    assert state_of_rules(repository / "sub") != state_of_rules(repository)
    _write(home, {".config/git/ignore": "c.py\n"})
    assert state_of_rules(repository) != before
    before = state_of_rules(repository)
    _write(repository, {".git/info/exclude": "d.py\n"})
    assert state_of_rules(repository) != before


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
def test_git_says_the_same(repository: Path, home: Path) -> None:
    _write(
        home,
        {
            ".gitconfig": "[core]\n\texcludesFile = ~/rules\n[init]\n\tdefaultBranch = main\n",
            "rules": "*.user\n!kept.log\nonly_user/\n",
            "repository/.gitignore": "*.log\n!important.log\n/top.txt\ndoc/**/deep.txt\nfoo/\n"
            "sp ace\\ \n\\#hash\n\\!bang\na[0-9].x\n*.cache/*\n!d.cache/keep\n",
            "repository/.git/info/exclude": "excluded\n!x.user\n",
            "repository/sub/.gitignore": "!*.log\n/foo\n*.user\n!y.user\n",
        },
    )
    names = [
        *("a.log", "important.log", "kept.log", "top.txt", "sub/top.txt", "doc/deep.txt"),
        *("doc/a/b/deep.txt", "foo/a", "sub/foo/a", "sub/a.log", "sub/foo/x.log", "sp ace "),
        *("#hash", "!bang", "a1.x", "ab.x", "d.cache/keep", "d.cache/lost", "excluded/a"),
        *("x.user", "z.user", "sub/x.user", "sub/y.user", "only_user/a", "sub/only_user", "a.py"),
    ]
    environment = os.environ | {"GIT_CONFIG_NOSYSTEM": "1"}
    git = ["git", "-C", str(repository)]
    subprocess.run([*git, "init", "-q"], check=True, env=environment)
    asked = "\0".join(names).encode()
    said = subprocess.run(
        [*git, "check-ignore", "-z", "--stdin"], input=asked, capture_output=True, env=environment,
        check=True,
    )  # fmt: skip
    ignored = {name.decode() for name in said.stdout.split(b"\0") if name}
    assert {name for name in names if is_ignored(repository / name)} == ignored
    assert len(ignored) > 10
