"""Which wheel of an index is the one for this machine, and whether it is what it says it is."""

from __future__ import annotations

import hashlib
import importlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from email.parser import BytesParser
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from herdmate.errors import InstallError, NoWheelError
from herdmate.llama_install import INDEX, VERSION
from herdmate.llama_install.progress import megabytes
from herdmate.loopback import is_loopback

_NAME = re.compile(r"llama_cpp_python-([^-/]+)-([\w.]+)-([\w.]+)-([\w.]+)\.whl")
_HASH = re.compile(r"sha256=([0-9a-f]{64})")
_FOLDERS = re.compile(
    rf"(?:llama_cpp|llama_cpp_python\.libs|bin|lib|lib64|include|llama_cpp_python-{VERSION}\.dist-info)"
    r"/[^\\]+"
)
"""Where the files of a wheel may lie: nothing that another package owns."""

_MOST_FILES = 10_000
_MOST_METADATA = 1 << 20
_MOST_UNPACKED = 8 << 30
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of an index. ``sha256`` is what it must have; empty if nobody has said."""

    name: str
    url: str
    variant: str
    sha256: str = ""


def check_index(index: str) -> str:
    """An index's address without its last slash. Raises ``InstallError``."""
    try:
        parts = urlsplit(index)
        is_safe = parts.scheme == "https" or is_loopback(index)
        is_folder = parts.hostname and not (parts.query or parts.fragment)
        if is_safe and is_folder and "@" not in parts.netloc and parts.port != 0:
            return index.rstrip("/")
    except ValueError:  # no address at all
        pass
    raise InstallError(
        f"herdmate.setup.wheelIndex must be the https address of a folder, and is {index!r}."
    )


def page_of(index: str, variant: str) -> str:
    """The address of the page that lists the wheels of a variant."""
    return f"{index}/{variant}/llama-cpp-python/"


def choose_wheel(page: str, url: str, variant: str, tags: Sequence[str]) -> Wheel:
    """The wheel in the pinned version with the best of the tags that this Python takes.

    ``page`` is the HTML found at ``url``. Raises ``NoWheelError`` if there is none.
    """
    found = [wheel for wheel in wheels(page, url, variant) if _rank(wheel.name, tags) >= 0]
    if not found:
        host = urlsplit(url).hostname
        raise NoWheelError(f"{host} has no llama-cpp-python {VERSION} ({variant}) for this machine")
    best = min(found, key=lambda wheel: _rank(wheel.name, tags))
    return replace(best, sha256=_pinned(url, best) or best.sha256)


def wheels(page: str, url: str, variant: str) -> Iterable[Wheel]:
    """The wheels in the pinned version that a page links to, over connections that are safe."""
    links = _Links()
    with suppress(AssertionError):  # how the parser answers to some HTML that is broken
        links.feed(page)
    for link in links.found:
        try:
            target, fragment = urldefrag(urljoin(url, link))
            name = unquote(urlsplit(target).path).rpartition("/")[2]
            is_local = is_loopback(target) and is_loopback(url)
            is_safe = is_local or urlsplit(target).scheme == "https"
        except ValueError:  # no address at all
            continue
        match = _NAME.fullmatch(name)
        if match is not None and match[1] == VERSION and is_safe:
            told = _HASH.fullmatch(fragment)
            yield Wheel(name, target, variant, told[1] if told else "")


def this_pythons_tags() -> list[str]:
    """The tags of wheels that this Python takes, best first, as pip determines them."""
    try:
        packaging = importlib.import_module("pip._vendor.packaging.tags")
    except ImportError as error:
        raise InstallError(f"There is no pip in this environment: {error}.") from error
    return [str(tag) for tag in packaging.sys_tags()]


def check_wheel(path: Path, wheel: Wheel) -> str:
    """Is a file llama-cpp-python in the pinned version, and nothing else? Gives back its SHA-256.

    Raises ``InstallError`` if it is not.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if wheel.sha256 and digest.hexdigest() != wheel.sha256:
        raise InstallError(f"{wheel.name} is not what it should be: its SHA-256 differs.")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_contents(archive, wheel)
    except (
        zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, OSError, EOFError,
        ValueError, zlib.error, struct.error,
    ) as error:  # fmt: skip
        raise InstallError(f"{wheel.name} is not a wheel: {error}") from error
    return digest.hexdigest()


def _check_contents(archive: zipfile.ZipFile, wheel: Wheel) -> None:
    names = archive.namelist()
    if len(names) > _MOST_FILES:
        raise InstallError(f"{wheel.name} contains {len(names)} files, which is too many.")
    if (size := sum(info.file_size for info in archive.infolist())) > _MOST_UNPACKED:
        raise InstallError(f"{wheel.name} would take {megabytes(size)} of disk, which is too much.")
    if any(info.compress_type not in _COMPRESSIONS for info in archive.infolist()):
        raise InstallError(f"{wheel.name} is not a wheel: it is compressed in another way.")
    for name in names:
        is_odd = ".." in name.split("/") or name.lower().endswith(".pth")
        if _FOLDERS.fullmatch(name) is None or is_odd:
            raise InstallError(f"{wheel.name} would install {name!r}, which is not llama.cpp's.")
    folder = f"llama_cpp_python-{VERSION}.dist-info"
    if f"{folder}/entry_points.txt" in names:
        raise InstallError(f"{wheel.name} would install programs.")
    info = archive.getinfo(f"{folder}/METADATA")
    if info.file_size > _MOST_METADATA:
        raise InstallError(f"{wheel.name} has {info.file_size} bytes of metadata.")
    told = BytesParser().parsebytes(archive.read(info))
    name = re.sub(r"[-_.]+", "-", str(told["Name"])).lower()
    if (name, str(told["Version"])) != ("llama-cpp-python", VERSION):
        raise InstallError(f"{wheel.name} contains {told['Name']} {told['Version']} instead.")


def _rank(name: str, tags: Sequence[str]) -> int:
    """The place of a wheel's best tag among those that are taken; -1 if none is."""
    match = _NAME.fullmatch(name)
    assert match is not None
    own = {
        f"{python}-{abi}-{platform}"
        for python in match[2].split(".")
        for abi in match[3].split(".")
        for platform in match[4].split(".")
    }
    return next((at for at, tag in enumerate(tags) if tag in own), -1)


def _pinned(url: str, wheel: Wheel) -> str:
    """The SHA-256 that is pinned for a wheel of the project's own index; empty if none is."""
    if not url.startswith(f"{INDEX}/"):
        return ""
    pins = files("herdmate.llama_install").joinpath("wheels.sha256").read_text("utf-8")
    for line in pins.splitlines():
        digest, _, path = line.partition("  ")
        if path == f"{wheel.variant}/{wheel.name}":
            return digest
    return ""


class _Links(HTMLParser):
    """The addresses to which a page links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser for each element."""
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
