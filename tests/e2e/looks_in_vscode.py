"""A bench: the time from a key to new ghost text in a real VS Code, in eleven languages.

Run it as ``python -m tests.e2e.looks_in_vscode --model MODEL``, after ``vscode/install.sh``. With
``--against FOLDER``, another checkout with its own ``.venv``, both are measured in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from herdmate.bench.figures import spread
from herdmate.models.folder import model_folder
from tests.e2e.test_vscode import TOOLS, packaged

_ROOT = Path(__file__).parents[2]
_SECONDS = 900

_AS_INSTALLED = {"herdmate.completion.confidence": 0.03, "herdmate.completion.timeBox": 500}
_MENUS = {
    "editor.quickSuggestions": {"other": "on", "comments": "off", "strings": "off"},
    "editor.wordBasedSuggestions": "matchingDocuments",
}


def main() -> None:
    """Measure, and print a line for each checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a model's name or path")
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--menus", action="store_true", help="with VS Code's suggestion lists")
    given = parser.parse_args()
    fetched = model_folder() / f"{given.model}.gguf"
    model = str((fetched if fetched.exists() else Path(given.model)).absolute())
    checkouts = [_ROOT, *([given.against.absolute()] if given.against else [])]
    extensions = [packaged(TOOLS / "node" / "bin" / "node", at) for at in checkouts]
    looks: dict[Path, list[dict[str, Any]]] = {at: [] for at in checkouts}
    for turn in range(given.rounds):
        for at, vsix in list(zip(checkouts, extensions, strict=True))[:: -1 if turn % 2 else 1]:
            looks[at] += _looks(at, vsix, model, given.menus)
    for at, found in looks.items():
        _tell(at, found)


def _looks(checkout: Path, vsix: Path, model: str, menus: bool) -> list[dict[str, Any]]:
    out = _ROOT / ".out" / "looks" / checkout.name
    told = {
        "TOOLS": str(TOOLS),
        "SERVER": json.dumps([str(checkout / ".venv/bin/python"), "-m", "herdmate"]),
        "MODEL": model,
        "PYTHON": sys.executable,
        "VSIX": str(vsix),
        "OUT": str(out),
        "SETTINGS": json.dumps(_AS_INSTALLED | (_MENUS if menus else {})),
    }
    script = [TOOLS / "node" / "bin" / "node", _ROOT / "tests/e2e/vscode/looks.mjs"]
    env = os.environ | {f"HERDMATE_E2E_{name}": value for name, value in told.items()}
    subprocess.run(script, env=env, check=True, timeout=_SECONDS)
    found: list[dict[str, Any]] = json.loads((out / "looks.json").read_text(encoding="utf-8"))
    return found


def _tell(checkout: Path, looks: list[dict[str, Any]]) -> None:
    seen = [look for look in looks if look["seconds"] is not None]
    first, whole = (spread([look[name] for look in seen]) for name in ("seconds", "whole"))
    load = os.getloadavg()[0]
    print(f"{checkout}: {len(seen)} of {len(looks)} looks with new ghost text (load {load:.1f})")  # noqa: T201
    for words, found in (("from a key to new ghost text", first), ("until it is whole", whole)):
        if found is not None:
            print(f"  {words}: median {found.median:.2f} s, 95 % {found.p95:.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()
