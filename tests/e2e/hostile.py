"""Folders that were made to do harm, each by a small function; see ``test_hostile_folders.py``."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ORDINARY = "ordinary.py"
CODE = "import helper\n\n\ndef total(items):\n    return "
Make = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Hostile:
    """A kind of folder. ``withheld``: its rules cannot be read, so that there is no ghost text.

    ``opened``: files to open too, and their languages. ``runs``: something in it may run, so that a
    server is started for it, ``as_module`` as ``python -m herdmate``. ``environment``: what is set
    for that, where ``{folder}`` is the folder.
    """

    make: Make
    withheld: bool = False
    opened: tuple[tuple[str, str], ...] = ()
    runs: bool = False
    as_module: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


def write(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def marker_of(folder: Path) -> Path:
    """The file to which whatever runs that lies in a folder writes its command."""
    return folder.parent / "ran"


def _planted(folder: Path) -> str:
    return (
        "import sys\n"
        f"with open({str(marker_of(folder))!r}, 'a') as marker:\n"
        "    marker.write(__file__ + ' in ' + ' '.join(sys.orig_argv) + '\\n')\n"
    )


def _modules(*names: str) -> Make:
    def make(folder: Path) -> None:
        for name in names:
            write(folder, name, _planted(folder))

    return make


def _programs(*names: str) -> Make:
    def make(folder: Path) -> None:
        for name in names:
            write(folder, name, f"#!/bin/sh\necho {name} >> '{marker_of(folder)}'\n")
            (folder / name).chmod(0o755)

    return make


def _text(name: str, content: str | bytes) -> Make:
    return lambda folder: write(folder, name, content)


def _pipe(name: str) -> Make:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(folder / name)

    return make


def _link(name: str, target: str) -> Make:
    def make(folder: Path) -> None:
        write(folder.parent, "outside/file", "[*]\nindent_size = 3\n")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target.format(outside=folder.parent / "outside"))

    return make


def _sparse(name: str, size: int) -> Make:
    def make(folder: Path) -> None:
        write(folder, name, "")
        os.truncate(folder / name, size)

    return make


def _socket(name: str) -> Make:
    def make(folder: Path) -> None:
        with socket.socket(socket.AF_UNIX) as unix, _inside(folder):
            unix.bind(name)

    return make


def _many(*makes: Make) -> Make:
    def make(folder: Path) -> None:
        for one in makes:
            one(folder)

    return make


@contextmanager
def _inside(folder: Path) -> Iterator[int]:
    """The folder's descriptor. The names of sockets are short, so that only its own is given."""
    descriptor = os.open(folder, os.O_RDONLY)
    before = os.open(".", os.O_RDONLY)
    try:
        os.fchdir(descriptor)
        yield descriptor
    finally:
        os.fchdir(before)
        os.close(descriptor)
        os.close(before)


def _deep(levels: int, name: str = "d", file: str = "") -> Make:
    """Folders in folders, deeper than a path is long."""

    def make(folder: Path) -> None:
        at = os.open(folder, os.O_RDONLY)
        for _ in range(levels):
            os.mkdir(name, dir_fd=at)
            below = os.open(name, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
            if file:
                os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=at))
        os.close(at)

    return make


def _flat(count: int, ending: str) -> Make:
    def make(folder: Path) -> None:
        at = os.open(folder, os.O_RDONLY)
        for number in range(count):
            os.close(os.open(f"f{number}{ending}", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=at))
        os.close(at)

    return make


def _named(*names: bytes) -> Make:
    def make(folder: Path) -> None:
        for name in names:
            with open(os.path.join(os.fsencode(folder), name), "wb") as file:
                file.write(b"def helper(a):\n    return a\n")

    return make


def _loops(folder: Path) -> None:
    for number in range(20):
        write(folder, f"d{number}/x.py", "x = 1\n")
        for other in range(20):
            (folder / f"d{number}" / f"l{other}").symlink_to(folder / f"d{other}")
    (folder / "self").symlink_to(folder)
    (folder / "up").symlink_to("..")
    (folder / "root").symlink_to("/")


def _includes(folder: Path) -> None:
    every = "".join(f"[include]\n\tpath = {number}\n" for number in range(8))
    for name in ("config", *map(str, range(8))):
        write(folder, f".git/{name}", every)


def _worktree(folder: Path) -> None:
    write(folder, ".git", f"gitdir: {folder.parent}/outside/../../../../../../proc/self\n")


def _tests_elsewhere(folder: Path) -> None:
    write(folder.parent, "outside/test_a.py", "def test_a(): ...\n")
    (folder / "tests").symlink_to(folder.parent / "outside")


_EVIL_PROMPT = 'title = "T"\nkind = "rewrite"\nlsp_kind = "refactor.rewrite.t"\nuser = "$code"\n'
_KEY = "-----BEGIN RSA PRIVATE KEY-----"
_NAMED = ("logging.py", "json.py", "asyncio/__init__.py", "typing.py", "signal.py", "socket.py")
_OURS = ("herdmate.py", "pygls/__init__.py", "lsprotocol/__init__.py", "llama_cpp.py", "attrs.py")
_GRAMMARS = ("tree_sitter/__init__.py", "tree_sitter_languages/__init__.py", "cattrs.py")
_AT_START = ("sitecustomize.py", "usercustomize.py", "site.py", "encodings/__init__.py", "x.pth")
_LATE = ("multiprocessing/__init__.py", "concurrent/__init__.py", "unittest/__init__.py", "ssl.py")

HOSTILE: dict[str, Hostile] = {
    # Code that lies there
    "modules of the library": Hostile(_modules(*_NAMED), runs=True),
    "modules of the library, as a module": Hostile(_modules(*_NAMED), runs=True, as_module=True),
    "modules of ours": Hostile(_modules(*_OURS), runs=True),
    "grammars": Hostile(_modules(*_GRAMMARS), runs=True),
    "modules that are read at start": Hostile(_modules(*_AT_START), runs=True),
    "modules that are read late": Hostile(_modules(*_LATE), runs=True, as_module=True),
    "a search path of modules": Hostile(
        _modules(*_NAMED), runs=True, environment={"PYTHONPATH": "{folder}:.:"}
    ),
    "programs": Hostile(
        _programs("git", "python", "python3", "sh", "uname", "nvidia-smi", "ldconfig", "gcc"),
        runs=True,
        environment={"PATH": ".:{folder}:" + os.environ["PATH"]},
    ),
    "an environment": Hostile(
        _many(_text("pyvenv.cfg", "home = .\n"), _programs("bin/python", "bin/herdmate")),
        runs=True,
    ),
    "libraries": Hostile(
        _many(
            _text("libllama.so", b"\x7fELF"),
            _text("_json.so", b"\x7fELF"),
            _text("libggml-cpu.so", b"\x7fELF"),
        ),
        runs=True,
    ),
    "what git would run": Hostile(
        _many(
            _programs(".git/hooks/post-checkout", ".git/hooks/fsmonitor-watchman", "run"),
            _text(
                ".git/config",
                "[core]\n\tfsmonitor = ./run\n\tpager = ./run\n\tsshCommand = ./run\n"
                '[alias]\n\tst = "!./run"\n'
                '[filter "x"]\n\tclean = ./run\n\tsmudge = ./run\n[diff]\n\texternal = ./run\n',
            ),
            _text(".gitattributes", "* filter=x\n"),
        )
    ),
    "prompts of the workspace": Hostile(
        _many(
            _text(".herdmate/prompts/explain.toml", _EVIL_PROMPT),
            _pipe(".herdmate/prompts/simplify.toml"),
            _link(".herdmate/prompts/a.toml", "/dev/zero"),
            _text(".herdmate/prompts/b.toml", "a = " + "[" * 100_000),
        )
    ),
    "prompts elsewhere": Hostile(_link(".herdmate", "/dev")),
    # Rules of ignoring
    "rules that are a pipe": Hostile(_pipe(".gitignore"), withheld=True),
    "rules without an end": Hostile(_link(".gitignore", "/dev/zero"), withheld=True),
    "rules that the client writes": Hostile(_link(".gitignore", "/dev/stdin"), withheld=True),
    "rules that are a terminal": Hostile(_link(".ignore", "/dev/tty"), withheld=True),
    "rules that are a socket": Hostile(_socket(".gitignore"), withheld=True),
    "rules outside": Hostile(_link(".gitignore", "{outside}/file"), withheld=True),
    "rules that link to themselves": Hostile(_link(".gitignore", ".gitignore"), withheld=True),
    "huge rules": Hostile(_sparse(".gitignore", 8 << 30), withheld=True),
    "rules of the kernel's": Hostile(_link(".ignore", "/proc/self/mem"), withheld=True),
    "other rules that are a pipe": Hostile(_pipe(".ignore"), withheld=True),
    "rules of the repository that are a pipe": Hostile(_pipe(".git/info/exclude"), withheld=True),
    "rules that are a folder": Hostile(_text(".gitignore/a.py", "")),
    "rules below that are pipes": Hostile(
        _many(*(_pipe(f"d{number}/.gitignore") for number in range(50)))
    ),
    "rules with many stars": Hostile(
        _text(".gitignore", "a*" * 50 + "b\n" + "**/a*/" * 50 + "b\n")
    ),
    "rules with many classes": Hostile(_text(".gitignore", ("*[a-z]" * 100 + "*[!a]b\n") * 20)),
    "many rules": Hostile(_text(".gitignore", "a*b?\n" * 10_000)),
    "rules that are no text": Hostile(_text(".gitignore", bytes(range(128, 256)) * 100)),
    "rules on every level": Hostile(_deep(150, "o", ".gitignore")),
    # What git says of itself
    "settings that are a pipe": Hostile(_pipe(".git/config")),
    "settings that include themselves": Hostile(
        _text(".git/config", "[include]\npath=config\n" * 50)
    ),
    "settings that include others": Hostile(_includes),
    "settings that name a device": Hostile(
        _text(".git/config", "[core]\nexcludesFile = /dev/zero\n"), withheld=True
    ),
    "huge settings": Hostile(_sparse(".git/config", 8 << 30)),
    "settings with a long line": Hostile(_text(".git/config", "[a" + " " * 500_000)),
    "a repository that is a pipe": Hostile(_pipe(".git")),
    "a repository without an end": Hostile(_link(".git", "/dev/zero")),
    "a repository that is everything": Hostile(_link(".git", "/")),
    "a repository in the kernel": Hostile(_worktree),
    "a repository that is nowhere": Hostile(_text(".git/commondir", "../" * 10_000 + "\0")),
    # Conventions
    "conventions that are a pipe": Hostile(_pipe(".editorconfig")),
    "conventions without an end": Hostile(_link(".editorconfig", "/dev/zero")),
    "conventions that the client writes": Hostile(_link(".editorconfig", "/dev/stdin")),
    "conventions with many braces": Hostile(
        _text(".editorconfig", f"[{'{a,b}' * 20}]\nx=1\n" * 99)
    ),
    "conventions with a long range": Hostile(_text(".editorconfig", "[{1..1000000000}]\nx=1\n")),
    "conventions with a long line": Hostile(_text(".editorconfig", "a" + " " * 200_000 + "b")),
    "conventions with absurd numbers": Hostile(
        _text(".editorconfig", f"[*]\nindent_size={'9' * 9_000}\nmax_line_length={'9' * 9_000}\n")
    ),
    # Names and numbers
    "names with escapes": Hostile(
        _named(b"a\nb.py", b"\x1b]0;x\x07.py", b"\x1b[2J.py", b"helper\r.py")
    ),
    "names that are no text": Hostile(_named(b"\xff\xfe.py", b"\xe4.py", "\u202e.py".encode())),
    "long names": Hostile(_named(b"a" * 252 + b".py", b"b" * 255)),
    "deep folders": Hostile(_deep(5_000)),
    "deep folders with long names": Hostile(_deep(60, "d" * 250, "a.py")),
    "a large folder": Hostile(_flat(20_000, ".bin")),
    "a large folder that is ignored": Hostile(
        _many(_flat(20_000, ".bin"), _text(".gitignore", "*.bin"))
    ),
    "links in circles": Hostile(_loops),
    "tests elsewhere": Hostile(_tests_elsewhere),
    # Sources
    "sources that are pipes": Hostile(_many(_pipe("helper.py"), _pipe("a.ts"), _socket("b.py"))),
    "sources without an end": Hostile(
        _many(_link("helper.py", "/dev/zero"), _link("a.js", "/dev/stdin"))
    ),
    "huge sources": Hostile(_many(_sparse("helper.py", 8 << 30), _sparse("a.rs", 2 << 30))),
    "sources that are no text": Hostile(_text("helper.py", bytes(range(256)) * 200)),
    "a source of brackets": Hostile(
        _text("helper.py", "(" * 60_000), opened=(("helper.py", "python"),)
    ),
    "a source of branches": Hostile(
        _text("helper.js", "if(a)" * 12_000), opened=(("helper.js", "javascript"),)
    ),
    "Scala": Hostile(
        _text("a.scala", "".join(f"{' ' * n}if x:\n" for n in range(115))),
        opened=(("a.scala", "scala"),),
    ),
    "Julia": Hostile(_text("a.jl", '"$(' * 20_000), opened=(("a.jl", "julia"),)),
    "Markdown": Hostile(_text("a.md", "[" * 500), opened=(("a.md", "markdown"),)),
    "keys": Hostile(
        _text("helper.py", f"x = '''{_KEY}\n" + ("A" * 30 + " \t" * 20 + "=\n") * 200 + "'''\n"),
        opened=(("helper.py", "python"),),
    ),
}
