"""Prompts become the ids that Meta's own code gives, and text of the user never a control token."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import llama_cpp
import pytest

from herdmate.engine import vocabulary
from herdmate.errors import EngineError
from herdmate.generation import ModelInfo, Special, Text
from herdmate.prompting.families import CONTROL_PIECES, family_of, infill_prompt
from tests.engine.small_vocabulary import CONTROLS, write_vocabulary

TRICKY = (
    "\r\n  return\r\n", '"quoted"', "", " ", "  ", "\t", "é☺日本", " <SUF>",
    "a <SUF> b <MID> <EOT>", "<SUF>", "▁<SUF>", "<PRE> <SUF> <MID>",
)  # fmt: skip


@pytest.fixture(scope="module")
def vocab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The small vocabulary, loaded by llama.cpp."""
    path = write_vocabulary(tmp_path_factory.mktemp("vocabulary") / "small.gguf")
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    assert model
    yield llama_cpp.llama_model_get_vocab(model)
    llama_cpp.llama_model_free(model)


@pytest.fixture
def pieces(vocab: Any) -> dict[str, int]:
    """The control pieces of the small vocabulary."""
    return vocabulary.control_pieces(vocab, CONTROL_PIECES)


def test_control_pieces_are_found_by_their_text(vocab: Any, pieces: dict[str, int]) -> None:
    count = llama_cpp.llama_vocab_n_tokens(vocab)
    assert [pieces[piece] for piece in CONTROLS] == list(range(count - 4, count))
    assert (pieces["bos"], pieces["eos"]) == (1, 2)
    assert "<|fim_prefix|>" not in pieces


@pytest.mark.parametrize("text", TRICKY)
@pytest.mark.parametrize("leading_space", [True, False])
def test_text_comes_back_and_is_never_a_control(
    vocab: Any, pieces: dict[str, int], text: str, leading_space: bool
) -> None:
    ids = vocabulary.tokenize_text(vocab, text, leading_space, pieces)
    assert not set(ids) & set(pieces.values())
    back = b"".join(vocabulary.piece_of(vocab, token) for token in ids).decode()
    space = " " if leading_space and text else ""
    assert back == space + text.replace("▁", " ")


def test_without_the_split_the_mention_would_be_a_control(
    vocab: Any, pieces: dict[str, int]
) -> None:
    """llama.cpp itself makes a control token of it: what the split is for."""
    assert pieces["▁<SUF>"] in vocabulary._encode(vocab, "a <SUF>", leading_space=False)


@pytest.mark.parametrize("suffix", TRICKY)
@pytest.mark.parametrize("order", ["spm", "psm"])
def test_infill_prompts(vocab: Any, pieces: dict[str, int], suffix: str, order: Any) -> None:
    info = ModelInfo("m", "codellama", "llama", "spm", 400, 1, 1, 1, 7, 1, pieces)
    prompt = infill_prompt(family_of(info), "def", suffix, order)
    ids = vocabulary.tokenize(vocab, prompt.segments, pieces)
    pre, suf, mid = (pieces[piece] for piece in CONTROLS[:3])
    before = vocabulary._encode(vocab, "def", leading_space=True)
    after = vocabulary.tokenize_text(vocab, suffix, False, pieces)
    if order == "spm":
        assert ids == [1, pre, suf, *after, mid, *before]
    else:
        assert ids == [1, pre, *before, suf, *after, mid]


def test_a_prefix_has_a_leading_space_and_a_suffix_has_none(vocab: Any) -> None:
    text = {flag: vocabulary._encode(vocab, "def", flag) for flag in (True, False)}
    words = {
        flag: llama_cpp.llama_vocab_get_text(vocab, ids[0]).decode() for flag, ids in text.items()
    }
    assert words[True].startswith("▁d")
    assert words[False].startswith("d")


def test_a_special_that_the_vocabulary_lacks(vocab: Any, pieces: dict[str, int]) -> None:
    with pytest.raises(EngineError, match="choose another model"):
        vocabulary.tokenize(vocab, [Text("a"), Special("<|im_start|>")], pieces)


def test_a_piece_longer_than_the_buffer(vocab: Any) -> None:
    assert ctypes.sizeof(llama_cpp.llama_token) == 4
    longest = max(
        range(llama_cpp.llama_vocab_n_tokens(vocab)),
        key=lambda token: len(llama_cpp.llama_vocab_get_text(vocab, token)),
    )
    assert vocabulary.piece_of(vocab, longest)


def test_a_token_of_a_megabyte_is_no_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [b"<" + b"a_" * 500_000, b"<|tag|>", b"word", b"<|" + b"x" * 300 + b"|>"]
    fake = {
        "llama_vocab_n_tokens": lambda _: len(texts),
        "llama_vocab_get_attr": lambda *_: llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED,
        "llama_vocab_get_text": lambda _, token: texts[token],
    }
    for name, function in fake.items():
        monkeypatch.setattr(llama_cpp, name, function)
    assert vocabulary.tags(None) == {"<|tag|>": 1}
    texts += [b"<|%d|>" % number for number in range(20_000)]
    assert len(vocabulary.tags(None)) < 10_000
