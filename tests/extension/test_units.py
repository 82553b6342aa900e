"""What the extension decides without an editor: its modules, run by Node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))
_TOOLS = Path(os.environ.get("HERDMATE_E2E_TOOLS") or Path.home() / ".cache" / "herdmate-e2e")


@pytest.fixture(scope="module")
def node() -> str:
    """Node 20 or later; without it the tests are skipped, or fail where nothing may be."""
    own = _TOOLS / "node" / "bin" / "node"
    found = str(own) if own.exists() else shutil.which("node")
    if found and (_ROOT / "extension/node_modules/esbuild").exists():
        return found
    reason = "no Node, or the extension's packages are not there: run `npm ci` in extension/"
    if os.environ.get("HERDMATE_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize("file", _TESTS, ids=lambda file: file.name)
def test_the_extensions_modules(node: str, file: Path) -> None:
    done = subprocess.run(
        [node, "--test", file],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert "# fail 0" in done.stdout or "fail 0" in done.stdout
