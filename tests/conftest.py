"""What tests of every layer share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from herdmate.bench import model_shapes
from herdmate.models import catalogue
from herdmate.models.folder import model_folder
from herdmate.models.verified_fetch import fetch

_ONE_AT_A_TIME = {"e2e", "model", "vscode", "neovim", "emacs", "helix", "vim"}
"""What drives servers, real weights and editors: with several workers, one worker does them all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _ONE_AT_A_TIME.intersection(mark.name for mark in item.iter_markers()):
            item.add_marker(pytest.mark.xdist_group("processes"))


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
