"""Only llama-cpp-python in its pinned version is taken from an index, and only if it is whole."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from herdmate.errors import InstallError, NoWheelError
from herdmate.llama_install import INDEX, VERSION
from herdmate.llama_install import wheels as wheels_module
from herdmate.llama_install.wheels import (
    Wheel,
    check_index,
    check_wheel,
    choose_wheel,
    page_of,
    this_pythons_tags,
)
from tests.llama_install.stub_wheel import INFO, NAME, index_of, stub_wheel

_URL = "https://example.org/whl/cpu/llama-cpp-python/"
_TAGS = ["py3-none-manylinux_2_17_x86_64", "py3-none-linux_x86_64", "py3-none-any"]
_HASH = "a" * 64


def _chosen(*links: str, url: str = _URL) -> Wheel:
    (page,) = index_of(*links).values()
    return choose_wheel(page.decode(), url, "cpu", _TAGS)


def _named(tag: str, version: str = VERSION, name: str = "llama_cpp_python") -> str:
    return f"{name}-{version}-{tag}.whl"


def test_the_best_wheel_in_the_pinned_version_is_chosen() -> None:
    best = _named("py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64")
    chosen = _chosen(
        _named("py3-none-any"),
        f"https://files.example.org/v1/{best}#sha256={_HASH}",
        _named("py3-none-linux_x86_64"),
        _named("py3-none-manylinux_2_17_x86_64", "99.0"),
    )
    assert chosen == Wheel(best, f"https://files.example.org/v1/{best}", "cpu", _HASH)


@pytest.mark.parametrize(
    "link",
    [
        _named("py3-none-any", "99.0"),
        _named("py3-none-any", f"{VERSION}+cu124"),
        _named("py3-none-any", name="llama_cpp_python_evil"),
        _named("py3-none-any", name="numpy"),
        _named("py3-none-win_amd64"),
        f"llama_cpp_python-{VERSION}.tar.gz",
        f"http://example.org/{_named('py3-none-any')}",
        f"http://127.0.0.1/{_named('py3-none-any')}",
        f"file:///tmp/{_named('py3-none-any')}",
        f"ftp://example.org/{_named('py3-none-any')}",
        f"//[{_named('py3-none-any')}",
        f"javascript:{_named('py3-none-any')}",
    ],
)
def test_nothing_else_is_taken(link: str) -> None:
    with pytest.raises(NoWheelError, match=rf"example\.org has no llama-cpp-python {VERSION}"):
        _chosen(link)


def test_html_that_is_broken_ends_the_page() -> None:
    page = f'<a href="{_named("py3-none-any")}">a</a><![<a href="{NAME}">a</a>'
    assert choose_wheel(page, _URL, "cpu", _TAGS).name == _named("py3-none-any")


def test_the_project_s_own_wheels_are_pinned_by_hash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "wheels.sha256").write_text(f"{'b' * 64}  cpu/{NAME}\n")
    monkeypatch.setattr(wheels_module, "files", lambda _: tmp_path)
    assert _chosen(f"{NAME}#sha256={_HASH}", url=page_of(INDEX, "cpu")).sha256 == "b" * 64
    assert _chosen(f"{NAME}#sha256={_HASH}").sha256 == _HASH  # of another index


@pytest.mark.parametrize(
    ("index", "address"),
    [
        (f"{INDEX}/", INDEX),
        ("http://127.0.0.1:8000/whl", "http://127.0.0.1:8000/whl"),
        ("http://localhost/", "http://localhost"),
        ("http://example.org/whl", None),
        ("file:///srv/whl", None),
        ("/srv/whl", None),
        ("https://me:secret@example.org/whl", None),
        ("https://example.org/whl?x=1", None),
        ("https:///whl", None),
        ("https://:secret@example.org/whl", None),
        ("https://[example.org/whl", None),
        ("https://example.org:99999/whl", None),
        ("", None),
        ("http://127.0.0.1.example.org/whl", None),
    ],
)
def test_an_index_is_reached_safely(index: str, address: str | None) -> None:
    if address is not None:
        assert check_index(index) == address
        return
    with pytest.raises(InstallError, match="must be the https address"):
        check_index(index)


def _packed(compression: int) -> bytes:
    """A wheel with nothing but its metadata, whose names are marked as UTF-8."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        archive.writestr(f"{INFO}/METADATA", f"Name: llama-cpp-python\nVersion: {VERSION}\n" * 99)
    packed = bytearray(data.getvalue())
    packed[packed.index(b"PK\1\2") + 9] |= 8
    return bytes(packed)


def _damaged() -> bytes:
    """A wheel whose metadata cannot be unpacked."""
    data = bytearray(_packed(zipfile.ZIP_DEFLATED))
    begin = data.index(b"METADATA") + len(b"METADATA")
    data[begin : begin + 10] = b"\xff" * 10
    return bytes(data)


def _claiming(size: int) -> bytes:
    """A wheel with a file that unpacks to so many bytes, as its directory says."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{INFO}/METADATA", f"Name: llama-cpp-python\nVersion: {VERSION}\n")
        info = zipfile.ZipInfo("llama_cpp/zeros")
        archive.writestr(info, b"")
        info.file_size = size
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (stub_wheel(version="99.0"), r"contains llama_cpp_python 99\.0"),
        (stub_wheel(name="numpy"), "contains numpy"),
        (stub_wheel(more={"numpy/__init__.py": ""}), "would install 'numpy/"),
        (stub_wheel(more={"run.pth": "import os"}), "would install 'run.pth'"),
        (stub_wheel(more={"lib/run.pth": "import os"}), "would install 'lib/run.pth'"),
        (stub_wheel(more={"llama_cpp/../pip/__init__.py": ""}), "would install"),
        (stub_wheel(more={"/etc/profile": ""}), "would install '/etc/profile'"),
        (stub_wheel(more={f"llama_cpp_python-{VERSION}.data/scripts/pip": ""}), "would install"),
        (stub_wheel(more={f"{INFO}/entry_points.txt": ""}), "would install programs"),
        (stub_wheel(more={f"{INFO}/METADATA": "x" * (2 << 20)}), "bytes of metadata"),
        (stub_wheel(more={"llama_cpp/run.PTH": ""}), "would install"),
        (_damaged(), "is not a wheel: .*decompressing"),
        (_claiming(9 << 30), r"would take 9664 MB of disk"),
        (_packed(zipfile.ZIP_BZIP2), "is not a wheel: it is compressed"),
        (_packed(zipfile.ZIP_DEFLATED).replace(b"METADATA", b"METADAT\xff"), "is not a wheel"),
        (b"<html>404", "is not a wheel"),
        (stub_wheel()[:-30], "is not a wheel"),
        (b"", "is not a wheel"),
    ],
)
def test_a_wheel_that_is_something_else_is_refused(data: bytes, wrong: str, tmp_path: Path) -> None:
    place = tmp_path / NAME
    place.write_bytes(data)
    with pytest.raises(InstallError, match=wrong):
        check_wheel(place, Wheel(NAME, _URL, "cpu"))


def test_a_wheel_is_compared_with_its_hash(tmp_path: Path) -> None:
    place = tmp_path / NAME
    place.write_bytes(stub_wheel())
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    assert check_wheel(place, Wheel(NAME, _URL, "cpu")) == digest
    assert check_wheel(place, Wheel(NAME, _URL, "cpu", digest)) == digest
    with pytest.raises(InstallError, match="its SHA-256 differs"):
        check_wheel(place, Wheel(NAME, _URL, "cpu", _HASH))


def test_this_python_takes_wheels_for_any_machine() -> None:
    assert "py3-none-any" in this_pythons_tags()
