"""A wheel with the name of llama-cpp-python and a few lines of Python in it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from herdmate.llama_install import VERSION

INFO = f"llama_cpp_python-{VERSION}.dist-info"
NAME = f"llama_cpp_python-{VERSION}-py3-none-any.whl"
PAGE = "/whl/cpu/llama-cpp-python/"

_SOURCE = f"""
__version__ = "{VERSION}"
def llama_backend_init(): pass
def llama_supports_gpu_offload(): return False
"""


def stub_wheel(
    source: str = _SOURCE,
    version: str = VERSION,
    name: str = "llama_cpp_python",
    more: Mapping[str, str] | None = None,
) -> bytes:
    """A wheel that can be installed; ``more`` are further files, by path."""
    files = {
        "llama_cpp/__init__.py": source,
        f"{INFO}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **(more or {}),
    }
    files[f"{INFO}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{INFO}/RECORD"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return data.getvalue()


def index_of(*links: str) -> dict[str, bytes]:
    """The page of a static index that links to some files, by path."""
    page = "".join(f'<a href="{link}">{link}</a><br>' for link in links)
    return {PAGE: f"<!DOCTYPE html><html><body>{page}</body></html>".encode()}
