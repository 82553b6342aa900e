"""Refactored files keep every byte that the model did not change, and patches apply."""

from __future__ import annotations

import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from herdmate.cli.main import main
from herdmate.cli.text_files import decoded
from tests.cli.fake_command import use_fake_engine

CODE = {
    "py": "# é\ndef NAME(x):\n    y = x\n    return y\n\n\nprint(NAME(1))\n",
    "js": "// é\nfunction NAME(x) {\n  const y = x;\n  return y;\n}\n\nNAME(1);\n",
    "ts": "// é\nfunction NAME(x: number): number {\n  const y = x;\n  return y;\n}\n\nNAME(1);\n",
    "go": "package a // é\n\nfunc NAME(x int) int {\n\ty := x\n\treturn y\n}\n\nvar z = 1\n",
    "rs": "// é\nfn NAME(x: i32) -> i32 {\n    let y = x;\n    return y;\n}\n\nconst Z: i32 = 1;\n",
    "c": "/* é */\nint NAME(int x) {\n    int y = x;\n    return y;\n}\n\nint z = 1;\n",
    "cpp": "// é\nint NAME(int x) {\n    int y = x;\n    return y;\n}\n\nint z = 1;\n",
    "java": "// é\nclass A {\n  int NAME(int x) {\n    int y = x;\n    return y;\n  }\n}\n",
    "cs": "// é\nclass A {\n  int NAME(int x) {\n    int y = x;\n    return y;\n  }\n}\n",
    "rb": "# é\ndef NAME(x)\n  y = x\n  return y\nend\n\nputs NAME(1)\n",
    "php": "<?php // é\nfunction NAME($x) {\n    $y = $x;\n    return $y;\n}\n\necho NAME(1);\n",
    "lua": "-- é\nlocal function NAME(x)\n  local y = x\n  return y\nend\n\nprint(NAME(1))\n",
}
ENCODINGS = {
    "utf-8": b"", "utf-8-sig": b"", "latin-1": b"", "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A file, the lines of its function, and the function with one line changed."""

    path: Path
    first: int
    last: int
    before: bytes
    after: bytes
    reply: str

    @property
    def place(self) -> str:
        return f"{self.path}:{self.first}-{self.last}"


def _cases(folder: Path) -> list[Case]:
    found = []
    for number, (ending, code) in enumerate(CODE.items()):
        for other, (encoding, mark) in enumerate(ENCODINGS.items()):
            text = code.replace("NAME", f"f{number}_{other}")
            if (number + other) % 2:
                text = text.replace("\n", "\r\n")
            if (number + other) % 3 == 0:
                text = text.removesuffix("\r\n").removesuffix("\n")
            new = text.replace("return y", "return x").replace("return $y", "return $x")
            lines = text.splitlines()
            first = next(at for at, line in enumerate(lines, 1) if f"f{number}_{other}" in line)
            last = next(at for at, line in enumerate(lines, 1) if "return" in line) + 1
            last = last if ending != "py" else last - 1
            path = folder / f"{ending} {encoding}.{ending}"
            found.append(Case(
                path, first, last, mark + text.encode(encoding), mark + new.encode(encoding),
                "\n".join(new.splitlines()[first - 1 : last]) + "\n```\n",
            ))  # fmt: skip
    return found


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """Sixty files in a git repository, and a model that knows the answers."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "sub folder").mkdir()
    found = _cases(tmp_path / "sub folder")
    for case in found:
        case.path.write_bytes(case.before)
    replies = {f"{case.reply.partition('(')[0].split()[-1]}(": case.reply for case in found}
    use_fake_engine(monkeypatch, replies)
    monkeypatch.chdir(tmp_path / "sub folder")
    return found


def test_every_encoding_is_read_and_written_as_it_is(cases: list[Case]) -> None:
    assert len(cases) == 60
    for case in cases:
        coded = decoded(case.before, "it")
        assert coded.encoded(coded.text) == case.before, case.path
        assert "é" in coded.text, case.path


def test_written_files_keep_all_other_bytes(
    cases: list[Case], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    for case in cases:
        case.path.chmod(0o750)
    assert main(["refactor", "simplify", "--write", *(case.place for case in cases)]) == 0
    for case in cases:
        assert case.path.read_bytes() == case.after, case.path
        assert stat.S_IMODE(case.path.stat().st_mode) == 0o750
    told = capsysbinary.readouterr().err.decode()
    assert all(f"Wrote {case.path.resolve()}\n" in told for case in cases)


@pytest.mark.parametrize("program", ["git", "patch"])
def test_patches_apply(
    program: str, cases: list[Case], capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program}")
    assert main(["refactor", "simplify", *(case.place for case in cases)]) == 0
    said = capsysbinary.readouterr().out
    if program == "git":  # from a folder below
        command, folder = ["git", "apply", "--whitespace=nowarn"], cases[0].path.parent
    else:
        command, folder = ["patch", "-p1", "--binary", "-s"], cases[0].path.parents[1]
    done = subprocess.run(command, input=said, cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr
    for case in cases:
        assert case.path.read_bytes() == case.after, case.path


def test_a_file_that_git_would_pass_over_is_told(
    cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:  # fmt: skip
    (tmp_path / "other").mkdir()
    for folder, is_told in (("other", True), (".", False), ("sub folder", False)):
        monkeypatch.chdir(tmp_path / folder)
        assert main(["refactor", "simplify", cases[0].place]) == 0
        told = capsysbinary.readouterr().err.decode()
        assert (f"run it in {tmp_path}" in told) == is_told


def test_a_new_file_of_tests_applies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "area.py").write_text("def area(r):\n    return 3 * r\n")
    test = "from lib.area import area\n\n\ndef test_area():\n    assert area(1) == 3\n```\n"
    use_fake_engine(monkeypatch, {"": f"```python\n{test}"})
    monkeypatch.chdir(tmp_path)
    assert main(["refactor", "write_tests", "lib/area.py:1-2"]) == 0
    said = capsysbinary.readouterr().out
    assert b"--- /dev/null\n" in said
    subprocess.run(["git", "apply"], input=said, cwd=tmp_path, check=True)
    (found,) = tmp_path.rglob("test_*.py")
    assert "assert area(1) == 3" in found.read_text()


def test_a_sign_that_the_encoding_lacks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\ndef é(x):\n    y = x\n    return y\n".encode("latin-1"))
    before = path.read_bytes()
    use_fake_engine(monkeypatch, {"": "def é(x):\n    return x  # →\n```\n"})
    assert main(["refactor", "change", f"{path}:2-4", "--instruction", "x", "--write"]) == 1
    assert "which a file in latin-1 cannot hold" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_the_first_line_of_a_function_means_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n\n\ndef f(x):\n    y = x\n    return y\n")
    use_fake_engine(monkeypatch, {"": "def f(x):\n    return x\n```\n"})
    assert main(["refactor", "simplify", f"{path}:4", "--write"]) == 0
    assert path.read_text() == "x = 1\n\n\ndef f(x):\n    return x\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", "utf-8"), (b"plain", "utf-8"), ("é".encode(), "utf-8"), (b"\xe9", "latin-1"),
        (b"\x93q\x94", "cp1252"), (b"\x81\xe9", "latin-1"), (b"\xef\xbb\xbfa", "utf-8"),
        (b"# -*- coding: iso8859-15 -*-\n\xa4", "iso8859-15"),
        (b"<?xml version='1.0' encoding='koi8-r'?>\n\xc1", "koi8-r"),
        (b"#!/bin/x\n# vim: fileencoding=cp1251\n\xc1", "cp1251"),
        (b"<html><meta charset=\"shift_jis\">\x83\x65", "shift_jis"),
        (b"# coding: utf-16\nx = 1\n", "utf-8"), (b"# coding: rot13\n\xe9", "latin-1"),
        (b"# coding: none_such\nx", "utf-8"), ("abcdé".encode("utf-16-le"), "utf-16-le"),
        ("abcdé".encode("utf-16-be"), "utf-16-be"), (b"\xff\xfe\x00\x00a\0\0\0", "utf-32-le"),
    ],
)  # fmt: skip
def test_encodings(data: bytes, encoding: str) -> None:
    found = decoded(data, "it")
    assert found.encoding == encoding
    assert found.encoded(found.text) == data
