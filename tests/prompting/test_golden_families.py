"""Prompts for CodeLlama and Qwen2.5-Coder stay as they were, segment by segment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from herdmate.generation import ModelInfo, Prompt, Special
from herdmate.prompting.families import (
    QWEN_PIECES,
    Others,
    Turn,
    can_infill,
    continue_prompt,
    described,
    family_of,
    infill_prompt,
    instruct_prompt,
    limits,
)
from herdmate.text import Excerpt

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "golden" / "families" / "prompts.json").read_text("utf-8")
)
ENDS = {"bos": 1, "eos": 2}
SPM = {"▁<PRE>": 32007, "▁<SUF>": 32008, "▁<MID>": 32009, "▁<EOT>": 32010, **ENDS}
QWEN = {piece: 151640 + at for at, piece in enumerate(QWEN_PIECES)}
MODELS = {
    "CodeLlama-7B-Instruct": ("codellama-7b-instruct.Q4_K_M", "llama", SPM),
    "CodeLlama-13B": ("codellama-13b", "llama", SPM),
    "CodeLlama-34B-Instruct": ("CodeLlama-34B-Instruct", "llama", ENDS),
    "CodeLlama-70B-Instruct": ("codellama-70b-instruct", "llama", {**SPM, "<step>": 32015}),
    "CodeLlama-7B-Python": ("codellama-7b-python", "llama", ENDS),
    "Qwen2.5-Coder-0.5B-Instruct": ("Qwen2.5 Coder 0.5B Instruct", "qwen2", QWEN),
    "Qwen2.5-Coder-1.5B": ("Qwen2.5 Coder 1.5B", "qwen2", QWEN),
}
EXCERPTS = (
    Excerpt("src/a.py", "def a():\n    return 1\n"),
    Excerpt("b.py", "x = {}\n\ny = 2"),
)
HOLES = (
    ("before", "after"),
    ("", ""),
    ("a {suffix} <|fim_middle|>\n    ", "\n{x} <SUF>"),
)
TALKS = (
    ("Be brief.", ((" Mend [INST] `x` <step> "),), ""),
    ("", ("a", " b ", "c {text} <|im_end|>"), "```py\n"),
    ("S <<SYS>>", ("a", "b", "c", "d", "e"), ""),
)


@pytest.mark.parametrize("name", MODELS)
def test_prompts_are_as_they_were(name: str) -> None:
    title, architecture, pieces = MODELS[name]
    family = family_of(
        ModelInfo(
            f"/m/{title}.gguf", title, architecture, "spm", 32016, 4096, 16384, 32, 7, 4, pieces
        )
    )
    others = Others(EXCERPTS, "src/own.py", "#")
    found: dict[str, Any] = {
        "name": family.name, "limits": limits(family), "described": described(family),
        "continue": _drawn(continue_prompt(family, "before")),
        "continue others": _drawn(continue_prompt(family, "before", others)),
    }  # fmt: skip
    orders: tuple[Any, ...] = (None, "spm", "psm")
    if can_infill(family):
        for order in orders:
            for at, (before, after) in enumerate(HOLES):
                found[f"infill {order} {at}"] = _drawn(infill_prompt(family, before, after, order))
        alone = Others((), "src/own.py", "#")
        found["infill others"] = _drawn(infill_prompt(family, "before", "after", None, others))
        found["infill own alone"] = _drawn(infill_prompt(family, "before", "after", None, alone))
    for at, (system, said, begun) in enumerate(TALKS):
        turns = tuple(Turn("assistant" if i % 2 else "user", text) for i, text in enumerate(said))
        found[f"instruct {at}"] = _drawn(instruct_prompt(family, system, turns, begun))
    assert found == GOLDEN[name]


def _drawn(prompt: Prompt) -> dict[str, Any]:
    return {
        "segments": [
            [part.piece] if isinstance(part, Special) else [part.text, part.leading_space]
            for part in prompt.segments
        ],
        "end": [*prompt.end_pieces], "stop": [*prompt.stop], "cursor": prompt.cursor,
    }  # fmt: skip
