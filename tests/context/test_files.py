"""Which files may be read."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from herdmate.context import files
from herdmate.context.files import is_secret, readable_files, redacted


def _write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", "utf-8")


def _readable(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in readable_files(root)}


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", "prod.env", "id_rsa", "id_ed25519", "server.key", "cert.pem", ".netrc",
     "secrets.yaml", "credentials.json", "terraform.tfvars", ".npmrc", ".pypirc",
     "app-secrets.toml", "KEYS.P12", "file:///home/a/project/.env", ".env-prod", ".env_local",
     ".env.production.local", "prod.env.local", ".flaskenv", "secrets.prod.yaml", "server.key.old",
     ".netrc.bak", ".env~", ".env.old.1", "#.env#", ".env.swp", "terraform.tfstate",
     "terraform.tfstate.backup", "passwords.txt", "my-secret.json", "app.password.ini",
     "service-account.json", "my_service_account.json", "service-account-prod.json",
     "credentials-prod.json", "api.example.com.key", ".env.example.com",],
)  # fmt: skip
def test_names_that_tell_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["environment.py", ".env.example", ".env-example",
                                  ".env_sample", ".env.example.bak", "secrets.example.yaml",
                                  "service-account.template.json", "environment.prod.ts",
                                  "passwords.py", "secretary.json", "password_reset.html",
                                  "service_account.py", "old.py", "a.py~", "~",
                                  "id_rsa.pub", "secrets.py",
                                  "keys.py", "monkey.ts", "token.rs"])  # fmt: skip
def test_names_that_only_look_like_it(name: str) -> None:
    assert not is_secret(name)


def test_a_private_key_in_any_file_becomes_stars_of_the_same_length() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
    text = f'KEY = """{key}"""\nx = 1\n'
    hidden = redacted(text)
    assert len(hidden) == len(text)
    assert "MIIEow" not in hidden
    assert "abc" not in hidden
    assert hidden.count("\n") == text.count("\n")
    assert hidden.endswith('-----END RSA PRIVATE KEY-----"""\nx = 1\n')
    cut = "-----BEGIN PRIVATE KEY-----\nMIIEow"
    assert "MIIEow" not in redacted(cut)
    assert redacted("no key\n") == "no key\n"


@pytest.mark.parametrize(
    "key",
    [
        "\nMIIEow\nabc=\n",
        "\r\nMIIEow\r\nabc=\r\n",
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,MIIEow\n\nMIIEow\n",
        "\\nMIIEow\\nabc=\\n\n",
        '\\n" +\n  "MIIEow\\n" +\n  "abc=",\n',
        "\n#  MIIEow\n#  abc=\n",
        "\n    MIIEow\n    abc=\n",
        "')\nlines.push('" + "MIIEow" * 10 + "')\n",
        "MIIEow",
    ],
)
@pytest.mark.parametrize(
    "begin",
    [
        "-----BEGIN PRIVATE KEY-----",
        "---- BEGIN SSH2 PRIVATE KEY ----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
    ],
)
def test_a_private_key_without_an_end_becomes_stars_and_what_follows_stays(
    key: str, begin: str
) -> None:
    text = f"x = '{begin}{key}\ndef total(items):\n    return sum(items)\n"
    hidden = redacted(text)
    assert begin in hidden
    assert "MIIEow" not in hidden
    assert "abc=" not in hidden
    assert len(hidden) == len(text)
    assert hidden.count("\n") == text.count("\n")
    if key != "MIIEow":
        assert hidden.endswith("def total(items):\n    return sum(items)\n")


def test_code_that_looks_for_a_private_key_stays() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
    code = f'HEADER = "{begin}"\n\n\ndef is_key(text):\n    return HEADER in text\n'
    assert redacted(code) == code
    whole = f"{begin}\nMIIEow\n{end}\n"
    hidden = redacted(code + whole + code)
    assert hidden.startswith(code)
    assert hidden.endswith(code)
    assert "MIIEow" not in hidden


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, "a.py", "b/c.py", "b/keep.log", "b/x.log", "out/d.py", ".env", ".hidden/e.py",
           "node_modules/f.js", "b/deep/g.tmp", "local/h.py")  # fmt: skip
    (tmp_path / ".gitignore").write_text("*.log\n/out/\nlocal\n", "utf-8")
    (tmp_path / "b" / ".gitignore").write_text("!keep.log\n*.tmp\n", "utf-8")
    assert _readable(tmp_path) == {".gitignore", "a.py", "b/.gitignore", "b/c.py", "b/keep.log"}


def test_links_are_not_followed(tmp_path: Path) -> None:
    _write(tmp_path, "outside/a.py", "root/b.py")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "root" / "c.py").symlink_to(tmp_path / "outside" / "a.py")
    assert _readable(tmp_path / "root") == {"b.py"}


def _write_flat(folder: Path, count: int, ending: str = "") -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"f{number}{ending}").touch()


def test_the_walk_looks_at_a_bounded_number_of_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few of them are files that may be read."""
    monkeypatch.setattr(files, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(files, "_MOST_IN_FOLDER", 60)
    looked_at = 0
    scan = os.scandir

    class Counted:
        def __init__(self, folder: Path) -> None:
            self._entries = scan(folder)

        def __enter__(self) -> Counted:
            return self

        def __exit__(self, *_: object) -> None:
            self._entries.close()

        def __iter__(self) -> Counted:
            return self

        def __next__(self) -> os.DirEntry[str]:
            nonlocal looked_at
            looked_at += 1
            return next(self._entries)

    monkeypatch.setattr(os, "scandir", Counted)
    for name in ("a", "b", "c", "d"):
        _write_flat(tmp_path / name, 200, ".pem")
    _write(tmp_path, "e/x.py")
    assert _readable(tmp_path) == set()
    assert 90 <= looked_at <= 105


def test_one_large_folder_leaves_room_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(files, "_MOST_IN_FOLDER", 60)
    _write_flat(tmp_path / "a", 200, ".pem")
    _write(tmp_path, "b/x.py")
    assert _readable(tmp_path) == {"b/x.py"}


def test_the_walk_compares_with_rules_for_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_MOST_WORK", 20_000)
    _write_flat(tmp_path, 300)
    many = len(_readable(tmp_path))
    (tmp_path / ".gitignore").write_text("a*b?c\n" * 5_000, "utf-8")
    assert 0 < len(_readable(tmp_path)) < many / 3


def test_folders_deeper_than_a_path_is_long(tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(700):
        os.mkdir("folder", dir_fd=at)
        below = os.open("folder", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    _write(tmp_path, "folder/a.py")
    assert _readable(tmp_path) == {"folder/a.py"}
    while (tmp_path / "folder").exists():  # from the middle: no path reaches the end
        middle = tmp_path.joinpath(*["folder"] * 400)
        if middle.exists():
            middle.rename(tmp_path / "rest")
            shutil.rmtree(tmp_path / "folder")
            (tmp_path / "rest").rename(tmp_path / "folder")
        else:
            shutil.rmtree(tmp_path / "folder")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, "a.py")
    os.mkfifo(tmp_path / "b.py")
    (tmp_path / "c.py").symlink_to("/dev/zero")
    (tmp_path / "d").symlink_to(tmp_path)
    (tmp_path / "e.py").symlink_to("e.py")
    with open(os.path.join(os.fsencode(tmp_path), b"\xff\n.py"), "wb"):
        pass
    assert _readable(tmp_path) == {"a.py", "\udcff\n.py"}


def test_a_folder_that_vanishes_while_it_is_looked_at(tmp_path: Path) -> None:
    _write(tmp_path, "a.py", "b/c.py", "d/e.py")
    found = readable_files(tmp_path)
    assert next(found) == tmp_path / "a.py"
    shutil.rmtree(tmp_path / "b")
    assert list(found) == [tmp_path / "d" / "e.py"]
    assert _readable(tmp_path / "b") == set()
