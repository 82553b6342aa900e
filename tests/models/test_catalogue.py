"""The models that are known by name."""

from __future__ import annotations

import re

import pytest

from herdmate.errors import ModelError
from herdmate.models import catalogue
from herdmate.models.catalogue import HuggingFaceFile, PackageParts


def test_every_entry_can_be_fetched_and_checked() -> None:
    models = catalogue.models()
    assert len(models) >= 38
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


def test_a_name_with_a_slip_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="Did you mean codellama-7b"):
        catalogue.find("codelama-7b")


def test_codellama_shows_its_licence() -> None:
    model = catalogue.find("codellama-7b")
    assert "Llama 2" in model.licence
    assert "Meta Platforms, Inc. All Rights Reserved." in model.notice
    assert catalogue.starter().notice == ""
