"""What git ignores: its sources, their order, and what git itself says of the same files."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from herdmate.context.files import readable_files
from herdmate.context.git_config import ignoring_in
from herdmate.context.ignored import is_ignored, state_of_rules, unreadable_rules


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
    ignored = _ignored_by_git(repository, names)
    assert {name for name in names if is_ignored(repository / name)} == ignored
    assert len(ignored) > 10


_PIECES = [
    *("a", "b", "ab", "*", "?", "/", "/", "/**/", "**/", "/**", "[ab]", "[!a]", "[^b]", "[a-c]"),
    *("[]a]", "[[:alpha:]]", "[[:digit:]x]", "[b-a]", "[a\\]]", "[", "]", "\\*", "\\a", "\\", " "),
    *("\\ ", "-", "1", "[:a]", "[[:x:]]", "[a-", "[]-a]", "A"),
]  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
@pytest.mark.parametrize("seed", range(100 if os.environ.get("HERDMATE_LONG") else 1))
def test_git_says_the_same_of_rules_made_at_random(repository: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = []
    for number in range(100):
        rules = ["".join(chance.choices(_PIECES, k=chance.randint(1, 5))) for _ in range(3)]
        # git takes what stands before the first wildcard for a folder: a** is not a whole name.
        rules = [rule for rule in rules if not re.search(r"[^/]\*\*|\*\*[^/]", rule)]
        signs = chance.choices(("", "", "", "!"), k=len(rules))
        lines = "".join(f"{sign}{rule}\n" for sign, rule in zip(signs, rules, strict=True))
        _write(repository, {f"{number}/.gitignore": lines})
        for _ in range(15):
            parts = (
                "".join(chance.choices("aabbc1A]*- ", k=chance.randint(1, 3))) for _ in range(9)
            )
            names.append(f"{number}/{'/'.join(list(parts)[: chance.randint(1, 4)])}")
    ignored = _ignored_by_git(repository, names)
    assert {name for name in names if is_ignored(repository / name)} == ignored
    assert len(names) / 20 < len(ignored) < len(names)


def _ignored_by_git(repository: Path, names: list[str]) -> set[str]:
    environment = os.environ | {"GIT_CONFIG_NOSYSTEM": "1"}
    git = ["git", "-C", str(repository), "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "-q"], check=True, env=environment)
    said = subprocess.run(
        [*git, "check-ignore", "-z", "--stdin"], input="\0".join(names).encode(),
        capture_output=True, env=environment, check=True,
    )  # fmt: skip
    return {name.decode() for name in said.stdout.split(b"\0") if name}


_UNREADABLE: dict[str, Callable[[Path], object]] = {
    "a pipe": lambda path: os.mkfifo(path),
    "a device without an end": lambda path: path.symlink_to("/dev/zero"),
    "what the client writes": lambda path: path.symlink_to(f"/dev/fd/{os.pipe()[0]}"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link out of the workspace": lambda path: path.symlink_to(_outside(path)),
    "a file of the kernel's": lambda path: path.symlink_to("/proc/self/environ"),
    "a socket": lambda path: _bind(path),
    "a huge file": lambda path: _make_huge(path),
    "too many rules": lambda path: path.write_text("a*b?c\n" * 20_000),
    "an endless rule": lambda path: path.write_text("*a" * 50_000),
}


def _make_huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 8 << 30)


def _outside(path: Path) -> Path:
    outside = path.parents[2] / "outside"
    outside.write_text("")
    return outside


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        here = os.getcwd()
        os.chdir(path.parent)  # the names of sockets are short
        try:
            unix.bind(path.name)
        finally:
            os.chdir(here)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
@pytest.mark.parametrize("name", ["sub/.gitignore", "sub/.ignore", ".git/info/exclude"])
@pytest.mark.parametrize("kind", _UNREADABLE)
def test_where_rules_cannot_be_read_all_is_ignored(repository: Path, kind: str, name: str) -> None:
    if kind in ("a link out of the workspace", "a file of the kernel's") and ".git/" in name:
        pytest.skip("git follows it too; it holds rules and nothing else is made of it")
    _write(repository, {"a.py": "x", "sub/a.py": "x", ".git/info/x": ""})
    _UNREADABLE[kind](repository / name)
    assert is_ignored(repository / "sub" / "a.py")
    assert unreadable_rules(repository / "sub" / "a.py") == repository / name
    assert is_ignored(repository / "a.py") == name.startswith(".git/")
    assert _readable(repository) <= {"a.py"}


def test_rules_that_need_not_be_read(repository: Path, home: Path) -> None:
    (repository / ".ignore").mkdir()
    (repository / ".gitignore").symlink_to(os.devnull)
    _write(repository, {".git/config": f"[core]\nexcludesFile = {os.devnull}\n"})
    assert not is_ignored(repository / "a.py")
    assert unreadable_rules(repository / "a.py") is None
    (repository / ".gitignore").unlink()
    (repository / ".gitignore").symlink_to("rules")
    assert not is_ignored(repository / "a.py")
    _write(repository, {"rules": "a.py\n"})
    assert is_ignored(repository / "a.py")
    assert unreadable_rules(repository / "a.py") is None


def test_a_folder_that_is_a_link_out_of_the_workspace_may_be_opened(
    repository: Path, home: Path
) -> None:
    _write(home / "elsewhere", {".gitignore": "b.py\n"})
    (repository / "link").symlink_to(home / "elsewhere")
    assert not is_ignored(repository / "link" / "a.py", repository)
    assert is_ignored(repository / "link" / "b.py", repository)


def test_more_files_of_rules_than_anybody_writes(repository: Path) -> None:
    names = ["d/" * depth for depth in range(1, 120)]
    _write(repository, {f"{name}.gitignore": "b.py\n" for name in names})
    assert not is_ignored(repository / "d" / "d" / "a.py")
    assert is_ignored(repository / names[-1] / "a.py")
    assert unreadable_rules(repository / names[-1] / "a.py") is not None


@pytest.mark.parametrize(
    "settings",
    [
        {".git/config": "[include]\n\tpath = config\n" * 200},
        {
            ".git/config": "".join(f"[include]\npath = {number}\n" for number in range(8)),
            **{
                f".git/{number}": "".join(f"[include]\npath = {other}\n" for other in range(8))
                for number in range(8)
            },
        },
        {".git/config": "[include]\n" + "path = /dev/zero\npath = /dev/stdin\n" * 5_000},
        {".git/config": f"[a{' ' * 200_000}\n" + "[core]\nexcludesFile = x\n" * 20_000},
        {
            ".git/config": '[includeIf "a"]\npath = b\n' * 5_000,
            ".git/b": "[core]\nexcludesfile=c\n",
        },
        {".git/config": "[core]\nexcludesFile = " + "a\\\n" * 100_000},
        {".git/config": '[core "' + "\\" * 200_000},
        {".git/config": "[core]\n" + "excludesFile = ~\0\n" + 'excludesFile = "~\\\0x"\n'},
        {".git/commondir": "/"},
        {".git/commondir": "a" * 1_000_000},
        {".git/commondir": "../" * 1_000},
        {".git/commondir": "\0"},
    ],
)
def test_settings_that_would_be_read_for_ever(repository: Path, settings: dict[str, str]) -> None:
    _write(repository, settings)
    start = time.process_time()
    assert not is_ignored(repository / "a.py")
    assert len(ignoring_in(repository).read) < 600
    assert time.process_time() - start < 20  # the first takes for ever, others hours


@pytest.mark.parametrize("text", ["gitdir: /", "gitdir: \0", "x", "gitdir: " + "a" * 100_000, ""])
def test_a_repository_that_is_nowhere(home: Path, text: str) -> None:
    _write(home / "w", {".git": text, ".gitignore": "b.py\n"})
    assert is_ignored(home / "w" / "b.py", home / "w")
    assert not is_ignored(home / "w" / "a.py", home / "w")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_a_repository_that_is_a_pipe(home: Path) -> None:
    _write(home / "w", {".gitignore": "b.py\n"})
    os.mkfifo(home / "w" / ".git")
    for name in ("HEAD", "config", "commondir"):
        _write(home / "v", {".git/a": ""})
        os.mkfifo(home / "v" / ".git" / name)
    for folder in (home / "w", home / "v"):
        assert is_ignored(folder / "b.py", folder) == (folder.name == "w")
        assert not is_ignored(folder / "a.py", folder)
