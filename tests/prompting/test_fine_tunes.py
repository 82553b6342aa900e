"""A fine-tune is recognised by its base model, where its own vocabulary agrees."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from herdmate.generation import ModelInfo, base_model
from herdmate.models.judgement import judged
from herdmate.models.report import report
from herdmate.prompting.families import QWEN_PIECES, can_infill, family_of

DEEPSEEK = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>")
LLAMA = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}<|im_end|>{% endfor %}"
MISTRAL = "{{ bos_token }}[INST] {{ messages[0].content }} [/INST]"


def _info(
    pieces: tuple[str, ...], base: str, template: str = "", name: str = "Sparrow", arch: str = "x"
) -> ModelInfo:
    return ModelInfo(
        path=f"/m/{name}.gguf", name=name, architecture=arch, vocabulary="bpe", vocabulary_size=0,
        context=0, context_trained=0, layers=0, parameters=0, size=0,
        pieces=dict.fromkeys((*pieces, "bos", "eos"), 0), template=template, base=base,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("info", "family", "infills", "follows", "chat"),
    [
        (_info(QWEN_PIECES, "Qwen2.5 Coder 7B Instruct"), "Qwen2.5-Coder", True, True, "chatml"),
        (_info(QWEN_PIECES, "Qwen2.5-Coder-7B"), "Qwen2.5-Coder", True, False, "chatml"),
        (_info(QWEN_PIECES, "Qwen2.5-Coder-7B", CHATML), "Qwen2.5-Coder", True, True, "chatml"),
        (_info(QWEN_PIECES, "Qwen2.5 7B"), "Qwen", False, False, "chatml"),
        (_info(DEEPSEEK, "deepseek-coder-6.7b-base"), "DeepSeek-Coder", True, False, "deepseek"),
        # It was tuned for another format, which its template shows.
        (_info(DEEPSEEK, "deepseek-coder-6.7b-base", MISTRAL), "DeepSeek-Coder", True, True, None),
        # A template in no format that is known is a reason not to guess.
        (_info(DEEPSEEK, "deepseek-coder-6.7b-instruct", "{{ 1 }}"), "DeepSeek-Coder", True, True,
         ""),
        # Its own name says what it is; who made it of what does not matter then.
        (_info(QWEN_PIECES, "deepseek-coder-6.7b", name="Qwen2.5-Coder-7B-Instruct"),
         "Qwen2.5-Coder", True, True, "chatml"),
        # What its vocabulary lacks, no name gives it.
        (_info((), "Qwen2.5-Coder-7B-Instruct"), "x", False, False, ""),
        (_info(QWEN_PIECES[:2], "deepseek-coder-6.7b-base"), "x", False, False, ""),
        (_info((), "CodeLlama-34b-Instruct-hf", arch="llama"), "llama", False, False, ""),
        (_info(LLAMA, "Qwen2.5-Coder-7B-Instruct", arch="llama"), "CodeLlama", True, False,
         "llama-2"),
        (_info(LLAMA, "CodeLlama-7b-Instruct-hf", arch="llama"), "CodeLlama", True, True,
         "llama-2"),
        (_info((*LLAMA, "<step>"), "CodeLlama-70b-Instruct-hf", arch="llama"), "CodeLlama", False,
         True, "codellama-70b"),
    ],
)  # fmt: skip
def test_its_family(
    info: ModelInfo, family: str, infills: bool, follows: bool, chat: str | None
) -> None:
    found = family_of(info)
    assert found.name == family
    assert can_infill(found) == infills
    assert (found.chat is not None and found.follows) == (follows and chat != "")
    if chat is not None:
        assert (found.chat.name if found.chat else "") == chat


@pytest.mark.parametrize(
    ("name", "url", "expected"),
    [
        ("Qwen2.5 Coder 7B", "", "Qwen2.5 Coder 7B"),
        ("", "https://huggingface.co/Qwen/Qwen2.5-Coder-7B", "Qwen2.5-Coder-7B"),
        ("A", "https://huggingface.co/x/B/", "A B"),
        ("", "", ""),
        ("x" * 10_000, "y" * 10_000, f"{'x' * 200} {'y' * 200}"),
    ],
)
def test_what_a_file_says_of_its_base(name: str, url: str, expected: str) -> None:
    assert base_model(name, url) == expected


def test_a_file_is_judged_by_its_base_before_it_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "sparrow.gguf"
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name("Acme Sparrow")
    writer.add_base_model_count(1)
    writer.add_base_model_repo_url(0, "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct")
    writer.add_token_list(["a", "b", *QWEN_PIECES])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    _, family = judged(path)
    assert (family.name, can_infill(family), family.follows) == ("Qwen2.5-Coder", True, True)
    assert report(path, 4096).base == "Qwen2.5-Coder-1.5B-Instruct"
