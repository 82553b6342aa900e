"""In real vocabularies too, prompts are the documented ids and no text becomes a control piece."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llama_cpp
import pytest

from herdmate.engine import vocabulary
from herdmate.generation import ModelInfo, Text
from herdmate.prompting.families import CONTROL_PIECES, family_of, infill_prompt
from tests.e2e.installed import required
from tests.engine.test_families import parsed
from tests.engine.test_vocabulary import TRICKY

VOCABULARIES = (
    *("deepseek-coder", "deepseek-llm", "starcoder", "refact", "qwen2", "llama-bpe", "llama-spm"),
    *("phi-3", "gemma-4", "falcon"),
)
INFILL = {
    "deepseek-coder": ("deepseek-coder-6.7b", "<｜fim▁begin｜>{P}<｜fim▁hole｜>{S}<｜fim▁end｜>"),
    "starcoder": ("starcoder2-3b", "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>"),
    "refact": ("Refact-1.6B", "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>"),
}


@contextmanager
def _vocabulary(name: str) -> Iterator[Any]:
    path = required("vocabularies", "templates") / f"ggml-vocab-{name}.gguf"
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    assert model
    yield llama_cpp.llama_model_get_vocab(model)
    llama_cpp.llama_model_free(model)


def _specials(vocab: Any) -> dict[str, int]:
    """Control tokens, and user-defined ones that are no blanks, letters or placeholders."""
    found = {}
    for token in range(llama_cpp.llama_vocab_n_tokens(vocab)):
        kind = llama_cpp.llama_vocab_get_attr(vocab, token)
        text = llama_cpp.llama_vocab_get_text(vocab, token).decode("utf-8", "replace")
        is_tag = len(text) > 2 and text[0] in "<[" and not text.startswith(("[PAD", "<|reserved"))
        is_special = kind & (
            llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
        )
        if is_special and is_tag:
            found[text] = token
    return found


@pytest.mark.parametrize("name", VOCABULARIES)
def test_no_text_becomes_a_control_piece(name: str) -> None:
    with _vocabulary(name) as vocab:
        pieces = vocabulary.control_pieces(vocab, CONTROL_PIECES)
        tags, specials = vocabulary.tags(vocab), _specials(vocab)
        kept_out = {*specials.values(), *pieces.values(), *tags.values()}
        for text in (*TRICKY, *specials, *(f"x = '{tag}'{tag}" for tag in list(specials)[:60])):
            ids = vocabulary.tokenize(vocab, (Text(text),), pieces, tags)
            assert not kept_out & set(ids), text
            back = b"".join(vocabulary.piece_of(vocab, token) for token in ids).decode()
            assert back == text or back == text.replace("▁", " ")


@pytest.mark.parametrize("name", INFILL)
def test_infill_prompts_are_the_documented_ids(name: str) -> None:
    title, documented = INFILL[name]
    with _vocabulary(name) as vocab:
        pieces = vocabulary.control_pieces(vocab, CONTROL_PIECES)
        info = ModelInfo("", title, "any", "bpe", 9, 64, 64, 1, 1, 1, pieces)
        prompt = infill_prompt(family_of(info), "def f(x):\n    re", "\n    return 1\n")
        ids = vocabulary.tokenize(vocab, prompt.segments, pieces, vocabulary.tags(vocab))
        text = documented.replace("{P}", "def f(x):\n    re").replace("{S}", "\n    return 1\n")
        bos = [pieces["bos"]] if name == "deepseek-coder" else []
        assert ids == bos + parsed(vocab, text)
