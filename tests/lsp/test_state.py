"""What a session remembers of its models."""

from __future__ import annotations

import pytest

from herdmate.engine.host import EngineHost
from herdmate.generation import ModelInfo
from herdmate.lsp.state import RoleModel

_SAYS = "qwen2.5-coder-0.5b-instruct-AWQ"
"""What the file of the starter, a Q4_K_M, says of itself."""


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "Qwen2.5-Coder 0.5B Instruct Q4_K_M"),
        ("/m/my-own-Q8_0.gguf", "my-own-Q8_0"),
        ("/ollama/blobs/sha256-0123", _SAYS),
        ("qwen2.5-coder.gguf", _SAYS),
    ],
    ids=["catalogue", "another file", "a name that is a hash", "a remote server"],
)
def test_a_model_has_the_name_under_which_it_was_fetched(path: str, shown: str) -> None:
    info = ModelInfo(path, _SAYS, "qwen2", "bpe", 9, 4096, 32768, 1, 1, 1)
    assert RoleModel(EngineHost(), info=info).name == shown
