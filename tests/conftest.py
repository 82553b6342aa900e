"""What tests of every layer share."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from herdmate.bench import model_shapes
from herdmate.models import catalogue
from herdmate.models.folder import model_folder
from herdmate.models.verified_fetch import fetch

_ROOT = Path(__file__).parent.parent

_DRIVES = re.compile(r"mark\.(?:e2e|vscode|neovim|emacs|helix|vim)\b")
"""What drives servers and editors."""

_RUNS_A_MODEL = re.compile(r"mark\.model\b")


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """With several workers, one of them does all files that need the machine for themselves.

    Another begins with those that run real weights, file by file, before the many quick tests.
    pytest-xdist's own groups need markers, which it no longer finds with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if not path.startswith("tests/e2e/") and _has(path, _RUNS_A_MODEL):
            return path
        return "processes" if _has(path, _DRIVES) else nodeid


@cache
def _has(path: str, mark: re.Pattern[str]) -> bool:
    return mark.search((_ROOT / path).read_text("utf-8")) is not None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling:
    return _Scheduling(config, log)


@pytest.fixture(scope="session")
def starter_model() -> Path:
    """The starter's real weights, fetched by the product's own code where they are missing."""
    return asyncio.run(fetch(catalogue.starter(), model_folder(), lambda _state: None))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 0.6 MB with random whole weights, in CodeLlama's formats."""
    return model_shapes.make("tiny", tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture(scope="session", autouse=True)
def _no_statistics_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the servers of tests count is not the user's, and the user's settings are not theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HERDMATE_CONFIG", str(tmp_path_factory.mktemp("config") / "config.toml"))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
