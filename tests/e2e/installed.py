"""Where the tests' editors are, and the surroundings they run in."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

Environment = dict[str, str]

TOOLS = Path(os.environ.get("HERDMATE_E2E_TOOLS") or Path.home() / ".cache" / "herdmate-e2e")


def required(editor: str, program: str) -> Path:
    """The folder of an editor that its ``install.sh`` made; without it the test is skipped.

    Where nothing may be skipped, in CI, it fails.
    """
    root = TOOLS / editor
    if not (root / program).exists():
        folder = editor.partition("-")[0]  # of all versions
        reason = f"{editor} is not there; tests/e2e/{folder}/install.sh installs it"
        if os.environ.get("HERDMATE_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return root


def surroundings(home: Path, model: Path | None = None) -> Environment:
    """The environment of a user who has installed Herdmate and one model, and nothing else."""
    models = home / "herdmate" / "models"
    models.mkdir(parents=True)
    if model is not None:
        (models / model.name).symlink_to(model)
    programs = home / "bin"  # not the whole virtual environment: editors start what they find there
    programs.mkdir()
    (programs / "herdmate").symlink_to(Path(sys.executable).with_name("herdmate"))
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in KINDS}
    return {
        "HOME": str(home),
        "HERDMATE_HOME": str(home / "herdmate"),
        "PATH": f"{programs}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "screen-256color",
        **folders,
    }


def configuration(editor: str, environment: Environment | None = None) -> str:
    """What ``herdmate setup`` prints for an editor, which is what its tests use."""
    command = [str(Path(sys.executable).with_name("herdmate")), "setup", editor]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def scripted_configuration(
    editor: str, environment: Environment, replies: Mapping[str, str], **script: float
) -> str:
    """The same, but the server's engine is the fake, which says the replies.

    ``script``: its other fields, such as ``load_seconds``.
    """
    home = Path(environment["HOME"])
    program = Path(sys.executable).with_name("herdmate")
    file, wrapper = home / "script.json", home / "scripted-herdmate"
    file.write_text(json.dumps({"replies": replies, **script}), encoding="utf-8")
    start = shlex.join([str(program), "serve", "--fake-engine", str(file)])
    wrapper.write_text(f"#!/bin/sh\nexec {start}\n", encoding="utf-8")
    wrapper.chmod(0o755)
    text = configuration(editor, environment)
    named = next(path for path in (home / "bin" / "herdmate", program) if str(path) in text)
    return text.replace(str(named), str(wrapper))


KINDS = ("CACHE", "CONFIG", "DATA", "STATE")
