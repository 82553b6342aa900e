"""Files and folders that cannot be read: a sentence for what was named, and the others are used."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from herdmate.errors import HerdmateError, ModelError, NoModelError
from herdmate.models import catalogue, choose, discovery
from herdmate.models.choose import from_here, what_fits
from herdmate.models.folder import present
from herdmate.models.inspect import read_header
from herdmate.models.listing import listed
from herdmate.models.report import report
from tests.models.gguf_file import gguf, write

GB = 10**9

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are Unix's")


def _link_to_nowhere(path: Path) -> None:
    path.symlink_to("/nowhere/model.gguf")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _as_a_folder(path: Path) -> None:
    path.mkdir()


def _as_a_pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _empty(path: Path) -> None:
    path.touch()


_BAD: dict[str, Callable[[Path], None]] = {
    "a link to nowhere": _link_to_nowhere,
    "a link to itself": _link_to_itself,
    "a folder": _as_a_folder,
    "a pipe": _as_a_pipe,
    "a link to a device": _link_to_a_device,
    "an empty file": _empty,
}

bad = pytest.mark.parametrize("make", _BAD.values(), ids=_BAD.keys())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of no other program."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The model folder, still empty."""
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def _choose(setting: str, folder: Path) -> Path:
    return choose.choose(setting, folder, 16 * GB, 4096, discovery.in_place()).path


@bad
@pytest.mark.parametrize("name", ["a.gguf", "z.gguf", "codellama-7b"])
def test_one_bad_file_never_hides_the_good_ones(
    folder: Path, make: Callable[[Path], None], name: str
) -> None:
    good = write(folder / "good.gguf", gguf())
    make(folder / (catalogue.find(name).file if name == "codellama-7b" else name))
    assert _choose("auto", folder) == good
    assert _choose("good.gguf", folder) == good
    assert [model.path for model in listed(folder, 4096) if model.path] == [good]
    assert what_fits(folder, 16 * GB, 4096) == "set herdmate.model to good.gguf, which fits"


@bad
def test_what_was_named_gets_its_sentence(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "bad.gguf")
    write(folder / "good.gguf", gguf())
    for setting in (str(folder / "bad.gguf"), "bad.gguf"):
        with pytest.raises(ModelError) as caught:
            _choose(setting, folder)
        assert "\n" not in str(caught.value)
        assert "bad.gguf" in str(caught.value)
    with pytest.raises(ModelError):
        report(folder / "bad.gguf", 4096)


@bad
def test_a_bad_file_alone_is_told(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "bad.gguf")
    with pytest.raises(ModelError, match=r"bad\.gguf") as caught:
        _choose("auto", folder)
    assert not isinstance(caught.value, NoModelError)


_SETTINGS = {
    "longer than a name may be": "x" * 5000 + ".gguf",
    "longer than a path may be": "/" + "x/" * 5000 + "m.gguf",
    "a folder too long": "/tmp/" + "y" * 300 + "/m.gguf",
    "NUL": "mo\0del.gguf",
    "NUL in a name": "mo\0del",
    "NUL of a user": "~\0/m.gguf",
    "half a pair": "mo\ud83ddel.gguf",
    "a user that is none": "~nobody-here/m.gguf",
    "a file as a folder": "/etc/passwd/m.gguf",
    "the top": "/",
    "a dot": ".",
    "nothing": "",
    "a line end": "a\nb.gguf",
    "a device": "/dev/zero",
    "a terminal": "/dev/tty",
}


@pytest.mark.parametrize("setting", _SETTINGS.values(), ids=_SETTINGS.keys())
def test_a_setting_that_is_no_file_is_a_sentence(folder: Path, setting: str) -> None:
    write(folder / "good.gguf", gguf())
    with pytest.raises(HerdmateError) as caught:
        _choose(setting, folder)
    assert 10 < len(str(caught.value)) < 600 + 2 * len(setting) * (len(setting) < 300)
    assert isinstance(from_here(setting, folder), str)


_REASONS = (errno.EACCES, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENOTCONN, errno.EMFILE)


def _failing(number: int, below: Path, real: Any) -> Callable[..., Any]:
    def fail(path: Any = ".", *arguments: Any, **more: Any) -> Any:
        if isinstance(path, str | os.PathLike) and Path(path).is_relative_to(below):
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *arguments, **more)

    return fail


@pytest.fixture
def break_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, Path, str], None]]:
    """Have the operating system fail for whatever lies below a path."""

    def start(number: int, below: Path, names: str) -> None:
        for name in names.split():
            monkeypatch.setattr(os, name, _failing(number, below, getattr(os, name)))

    yield start
    monkeypatch.undo()


@pytest.mark.parametrize("number", _REASONS, ids=os.strerror)
def test_a_folder_that_cannot_be_read_is_told(
    folder: Path, break_disk: Callable[[int, Path, str], None], number: int
) -> None:
    write(folder / "good.gguf", gguf())
    break_disk(number, folder, "listdir scandir stat lstat open")
    with pytest.raises(ModelError, match=r"cannot be read .*HERDMATE_HOME") as caught:
        _choose("auto", folder)
    assert os.strerror(number) in str(caught.value)
    assert present(folder) == []
    assert len(listed(folder, 4096)) == len(catalogue.models())


@pytest.mark.parametrize("number", _REASONS, ids=os.strerror)
@pytest.mark.parametrize("names", ["open", "stat open", "stat lstat open"])
def test_a_drive_that_is_gone_is_told(
    folder: Path, break_disk: Callable[[int, Path, str], None], number: int, names: str
) -> None:
    good = write(folder / "good.gguf", gguf())
    (folder.parent / "drive").mkdir()
    gone = write(folder.parent / "drive" / "gone.gguf", gguf())
    (folder / "a.gguf").symlink_to(gone)
    break_disk(number, folder.parent / "drive", names)
    break_disk(number, folder / "a.gguf", names)
    assert _choose("auto", folder) == good
    for setting in (str(gone), "a.gguf", str(folder / "a.gguf")):
        with pytest.raises(ModelError, match=r"(a|gone)\.gguf"):
            _choose(setting, folder)


@pytest.mark.parametrize("number", _REASONS, ids=os.strerror)
def test_other_programs_whose_folders_cannot_be_read_are_passed_over(
    folder: Path, home: Path, break_disk: Callable[[int, Path, str], None], number: int
) -> None:
    good = write(folder / "good.gguf", gguf())
    (home / ".ollama" / "models" / "manifests").mkdir(parents=True)
    (home / ".lmstudio" / "models").mkdir(parents=True)
    break_disk(number, home, "listdir scandir stat lstat open")
    assert _choose("auto", folder) == good


def test_a_link_in_a_circle_does_not_hide_its_neighbours(folder: Path, home: Path) -> None:
    there = home / ".lmstudio" / "models" / "someone"
    there.mkdir(parents=True)
    _link_to_itself(there / "a")
    _link_to_itself(there / "b.gguf")
    good = write(there / "codellama-instruct.gguf", gguf())
    assert [item.path for item in discovery.in_place()] == [good]
    assert _choose("auto", folder) == good


def test_another_programs_settings_may_say_anything(folder: Path, home: Path) -> None:
    good = write(folder / "good.gguf", gguf())
    (home / ".lmstudio").mkdir()
    for told in ('"~nobody-here/x"', '"a\\u0000b"', '"\\ud83d"', f'"{"x" * 5000}"', "7"):
        (home / ".lmstudio" / "settings.json").write_text(f'{{"downloadsFolder": {told}}}')
        assert _choose("auto", folder) == good, told


def test_without_a_home_models_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    good = write(folder / "good.gguf", gguf())
    monkeypatch.setattr(Path, "home", fail)
    assert _choose("auto", folder) == good


def test_a_name_that_is_no_text_is_a_model_as_any(folder: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.gguf"))
    write(path, gguf())
    assert _choose("auto", folder) == path
    assert read_header(path).tensors == 1


def test_a_relative_path_is_one_of_the_folder_it_was_given_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = write(tmp_path / "mine.gguf", gguf())
    write(tmp_path / "starter", b"")
    for setting in ("mine.gguf", "./mine.gguf"):
        assert _choose(setting, folder) == mine
        assert from_here(setting, folder) == str(mine)
    for setting in ("auto", "starter", str(mine)):
        assert from_here(setting, folder) == setting
