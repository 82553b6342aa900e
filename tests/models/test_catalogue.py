"""The models that are known by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herdmate.errors import ModelError
from herdmate.generation import ModelInfo
from herdmate.models import catalogue
from herdmate.models.catalogue import HuggingFaceFile, PackageParts
from herdmate.models.user_sources import models_of
from herdmate.prompting.families import can_infill, family_of


def test_every_entry_can_be_fetched_and_checked() -> None:
    models = catalogue.models()
    assert len(models) >= 48
    assert len({model.name for model in models}) == len(models)
    assert len({model.sha256 for model in models}) == len(models)
    for model in models:
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
        assert model.size > 100_000_000
        assert isinstance(model.sources[0], HuggingFaceFile)
        assert model.licence_url.startswith("https://")


def test_sizes_grow_with_the_bits_of_a_weight() -> None:
    for family in ("codellama-7b", "codellama-13b", "codellama-34b"):
        sizes = [catalogue.find(f"{family}-instruct-{q}").size for q in ("q2_k", "q4_k_m", "q8_0")]
        assert sizes == sorted(sizes)


def test_what_each_variant_was_trained_to_do() -> None:
    can = {
        name: (model.infill, model.instruct)
        for size in ("7b", "13b", "34b", "70b")
        for variant in ("instruct", "base", "python")
        if (size, variant) != ("70b", "python")  # nobody's files of it are known
        for name, model in [(f"{size} {variant}", catalogue.find(f"codellama-{size}-{variant}"))]
    }
    assert {name for name, (infill, _) in can.items() if infill} == {
        "7b instruct", "13b instruct", "7b base", "13b base", "70b base",
    }  # fmt: skip
    assert {name for name, (_, follows) in can.items() if follows} == {
        f"{size} instruct" for size in ("7b", "13b", "34b", "70b")
    }
    assert catalogue.find("codellama-70b-instruct").context == 4096


def test_a_short_name_means_the_model_that_follows_instructions() -> None:
    for size in ("7b", "13b", "34b", "70b"):
        assert catalogue.find(f"codellama-{size}").instruct


def test_a_size_that_is_known_roughly_is_no_exact_one() -> None:
    large = catalogue.find("codellama-70b")
    assert large.rounded
    assert large.has_size(large.size + 40_000_000)
    assert not large.has_size(large.size + 70_000_000)
    assert not catalogue.find("codellama-7b").has_size(catalogue.find("codellama-7b").size + 1)


def test_only_the_starters_have_a_second_source() -> None:
    doubled = [model.name for model in catalogue.models() if len(model.sources) > 1]
    assert len(doubled) == 2
    assert all("qwen2.5-coder" in name for name in doubled)
    assert isinstance(catalogue.starter().sources[1], PackageParts)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("starter", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
        ("codellama-7b", "codellama-7b-instruct.Q4_K_M.gguf"),
        ("codellama-13b-instruct", "codellama-13b-instruct.Q4_K_M.gguf"),
        ("CodeLlama-34B-Instruct-Q5_K_M", "codellama-34b-instruct.Q5_K_M.gguf"),
        ("codellama-7b-instruct.Q2_K.gguf", "codellama-7b-instruct.Q2_K.gguf"),
    ],
)
def test_names(name: str, file: str) -> None:
    assert catalogue.find(name).file == file


QWEN = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|im_start|>", "<|im_end|>")
PIECES = {
    "CodeLlama": ("▁<PRE>", "▁<SUF>", "▁<MID>"),
    "Qwen2.5-Coder": QWEN,
    "Qwen3-Coder": QWEN,
    "DeepSeek-Coder-V2": ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    "Codestral": ("[PREFIX]", "[SUFFIX]"),
    "Granite": ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    "Gemma": ("<start_of_turn>", "<end_of_turn>"),
}


@pytest.mark.parametrize("kind", PIECES)
def test_what_is_said_of_a_model_agrees_with_what_it_is_taken_for(kind: str) -> None:
    architecture = {"DeepSeek-Coder-V2": "deepseek2"}.get(kind, "other")
    for model in catalogue.models():
        if model.kind != kind or (kind == "CodeLlama" and re.search("34b|70b|python", model.name)):
            continue  # those have another vocabulary
        pieces = QWEN[:3] if model.name.startswith("granite-4") else PIECES[kind]
        info = ModelInfo(
            path=model.file, name=model.title, architecture=architecture, vocabulary="bpe",
            vocabulary_size=0, context=0, context_trained=0, layers=0, parameters=0, size=0,
            pieces=dict.fromkeys((*pieces, "bos", "eos"), 0),
            template="<start_of_turn>" if kind == "Gemma" else "[INST]",
        )  # fmt: skip
        family = family_of(info)
        assert can_infill(family) == model.infill, model.name
        assert family.follows == model.instruct, model.name


def test_a_file_of_a_common_name_is_known_by_its_size(tmp_path: Path) -> None:
    model = catalogue.find("codestral")
    path = tmp_path / model.file
    assert catalogue.of_file(path) == model
    path.write_bytes(b"another one's")
    assert catalogue.of_file(path) is None
    with path.open("r+b") as file:
        file.truncate(model.size)
    assert catalogue.of_file(path) == model


def test_models_of_unknown_hash_are_addresses() -> None:
    known = {model.name for model in catalogue.models()}
    for item in catalogue.elsewhere():
        (model,) = models_of(item.address)
        assert (model.sha256, model.size) == ("", 0)
        assert item.name not in known
        assert catalogue.licence(item.licence)[0].startswith("https://")
    with pytest.raises(ModelError, match="`herdmate models pull starcoder2-3b`"):
        catalogue.find("starcoder2-3b")


def test_a_name_with_a_slip_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean codellama-7b"):
        catalogue.find("codelama-7b")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("0.5b", "starter"), ("startr", "starter or starter-1.5b"), ("qwen1.5b", "starter-1.5b"),
        ("qwen2.5-coder:0.5b", "starter"), ("codellama", "codellama-7b or codellama-13b"),
        ("Starcoder", "starcoder2-3b"), ("mine 9b", "mine:9b"),
    ],
)  # fmt: skip
def test_a_name_by_its_parts_is_answered_with_what_has_them(name: str, meant: str) -> None:
    with pytest.raises(ModelError, match=rf"did you mean {meant}\?"):
        catalogue.find(name, ["mine:9b"])


def test_codellama_shows_its_licence() -> None:
    model = catalogue.find("codellama-7b")
    assert "Llama 2" in model.licence
    assert "Meta Platforms, Inc. All Rights Reserved." in model.notice
    assert catalogue.starter().notice == ""
