"""A person at work in a real VS Code: ghost text, explanations, refactorings, the set-up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from herdmate.llama_install import VERSION as LLAMA_VERSION
from herdmate.models import catalogue
from tests.models.file_server import Files, path_at_the_hub, serving

_ROOT = Path(__file__).parents[2]
_INSTALL = "tests/e2e/vscode/install.sh"
TOOLS = Path(
    os.environ.get("HERDMATE_E2E_TOOLS") or Path.home() / ".cache" / "herdmate-e2e"
).absolute()
_STEPS_SECONDS = 1500


@pytest.mark.e2e
@pytest.mark.model
@pytest.mark.vscode
@pytest.mark.timeout(_STEPS_SECONDS + 120)  # and it is built and packaged before
def test_a_person_at_work_in_vs_code(
    node: Path, starter_model: Path, tiny_model: Path, hub: Files, wheels: Path
) -> None:
    """Pictures and logs of the run are kept in ``.out/vscode``."""
    told = {
        "TOOLS": str(TOOLS),
        "SERVER": json.dumps([sys.executable, "-m", "herdmate"]),
        "MODEL": os.environ.get("HERDMATE_E2E_MODEL", str(starter_model)),
        "OTHER_MODEL": str(tiny_model),
        "PYTHON": sys.executable,
        "VSIX": str(packaged(node, _ROOT)),
        "OUT": str(_ROOT / ".out" / "vscode"),
        "WHEELS": str(wheels),
    }
    done = subprocess.run(
        [node, _ROOT / "tests/e2e/vscode/e2e.mjs"],
        env=_pip() | {f"HERDMATE_E2E_{name}": value for name, value in told.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=_STEPS_SECONDS,
    )
    print(done.stdout)  # noqa: T201 - pytest shows it where the test fails
    assert done.returncode == 0, done.stdout[-2000:]
    starts = [int((asked or "bytes=0-")[len("bytes=") : -1]) for _, asked in hub.gets()]
    assert starts == sorted(set(starts)), f"what was there already was fetched again: {starts}"


@pytest.fixture
def hub(starter_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """Hugging Face with the starter's real weights; each answer stops after 200 MB.

    The newcomer, who cancels nothing, gets them at once.
    """
    with serving({path_at_the_hub(catalogue.starter()): starter_model.read_bytes()}) as files:
        is_first = os.environ.get("HERDMATE_E2E_ONLY") == "theFirstMinutes"
        files.stalls_after = 0 if is_first else 200 << 20
        monkeypatch.setenv("HF_ENDPOINT", files.url)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        yield files


@pytest.fixture
def node() -> Path:
    """Node of the tools; without them the test is skipped, or fails where nothing may be."""
    node = TOOLS / "node" / "bin" / "node"
    if node.exists() and (_ROOT / "extension" / "node_modules").exists():
        return node
    reason = f"no VS Code to drive: run {_INSTALL} once"
    if os.environ.get("HERDMATE_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """An index with one wheel: the llama.cpp that README's command built here, from pip's cache.

    It is real, so the server that is set up from it is too.
    """
    folder = tmp_path / "whl" / "cpu" / "llama-cpp-python"
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
    subprocess.run([*pip, f"llama-cpp-python=={LLAMA_VERSION}"], env=_pip(), check=True)
    (wheel,) = (path.name for path in folder.iterdir())
    (folder / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    return tmp_path


def _pip() -> dict[str, str]:
    """What pip has built, and how the user has set it up: the test has a home folder of its own."""
    asked = [sys.executable, "-m", "pip", "cache", "dir"]
    cache = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    config = Path.home() / ".config" / "pip" / "pip.conf"
    own = {"PIP_CONFIG_FILE": str(config)} if config.exists() else {}
    return {"PIP_CACHE_DIR": cache} | own | dict(os.environ)


def packaged(node: Path, checkout: Path) -> Path:
    """The extension of a checkout as it is now, built and packaged."""
    path = os.pathsep.join([str(node.parent), os.environ["PATH"]])
    subprocess.run(
        ["npm", "run", "--silent", "package"],
        cwd=checkout / "extension",
        env=os.environ | {"PATH": path, "PYTHON": sys.executable},
        check=True,
        capture_output=True,
    )
    return checkout / "extension" / "herdmate.vsix"
