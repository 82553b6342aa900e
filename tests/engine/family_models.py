"""A small model of every family: its pieces in a vocabulary, random weights, and how it is asked.

Documented prompts are written here a second time, from the sources that families.toml names:
``{bos}``, ``{P}`` and ``{S}`` for the prefix and the suffix, everything else as in the vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gguf
import numpy as np

from herdmate.engine import tuning
from herdmate.engine.llama import LlamaBackend
from herdmate.engine.loading import load_model
from herdmate.engine.start import LlamaStart
from herdmate.prompting.families import CONTROL_PIECES

Kind = Literal["llama", "lfm2", "falcon-h1", "mamba"]
"""Whose layers it has: attention, both ways of mixing it with a running state, and that alone."""

Vocabulary = Literal["bpe", "spm", "spm without dummy space"]

WIDTH, LAYERS, HEADS, INNER = 32, 2, 4, 64
WORDS = (
    "de",
    "def",
    "re",
    "ret",
    "retu",
    "tur",
    "return",
    "en",
    "if",
    "or",
    "in",
    "  ",
    "    ",
    "\n\n",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One family: what a file says of itself, its special pieces, and its documented prompt."""

    family: str
    name: str
    pieces: tuple[str, ...]
    infill: str = ""
    vocabulary: Vocabulary = "bpe"
    kind: Kind = "llama"
    says: str = ""  # the architecture that the server is told, where the layers are others
    ends: tuple[str, ...] = ()
    template: str = ""
    bos: str = "<s>"
    eos: str = "</s>"
    user_defined: tuple[str, ...] = ()  # pieces that llama.cpp finds in plain text too
    base: str = ""  # of which it is a fine-tune


FIM = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>")
QWEN = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>", "<|repo_name|>",
        "<|file_sep|>", "<|im_start|>", "<|im_end|>")  # fmt: skip
QWEN_ENDS = (*QWEN[:6], "<|im_end|>", "<|endoftext|>")
DEEPSEEK = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<|EOT|>")
GLM = ("<|user|>", "<|assistant|>", "<|system|>", "<|observation|>", "[gMASK]", "<sop>",
       "<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>")  # fmt: skip
LLAMA = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")

CASES = (
    Case("CodeLlama", "codellama-7b-instruct", LLAMA, "{bos}▁<PRE>▁<SUF>{S}▁<MID>{P}", "spm",
         ends=("▁<EOT>", "</s>"), user_defined=LLAMA),
    Case("CodeLlama", "CodeLlama-34B-Instruct", (), "", "spm"),
    Case("Llama 2 Chat", "Llama-2-7B-Chat", (), "", "spm"),
    Case("Qwen2.5-Coder", "Qwen2.5 Coder 7B Instruct", QWEN,
         "<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>", ends=QWEN_ENDS, eos="<|endoftext|>"),
    Case("Qwen3-Coder", "Qwen3-Coder-30B-A3B-Instruct", QWEN,
         "<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>", ends=QWEN_ENDS, eos="<|endoftext|>"),
    Case("Qwen3.5", "Qwen3.5-4B", (*QWEN, "<think>", "</think>"),
         "<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>", kind="lfm2", ends=QWEN_ENDS,
         eos="<|endoftext|>", user_defined=("<think>", "</think>"),
         template="<|im_start|>{{ '<think>\\n\\n</think>\\n\\n' }}"),
    Case("Qwen3", "Qwen3-8B", (*QWEN, "<think>", "</think>"), "", eos="<|endoftext|>",
         user_defined=("<think>", "</think>"),
         template="<|im_start|>{{ '<think>\\n\\n</think>\\n\\n' }}"),
    Case("DeepSeek-Coder", "deepseek-coder-6.7b-instruct", DEEPSEEK,
         "{bos}<｜fim▁begin｜>{P}<｜fim▁hole｜>{S}<｜fim▁end｜>", bos="<｜begin▁of▁sentence｜>",
         eos="<｜end▁of▁sentence｜>", ends=("<｜end▁of▁sentence｜>", "<|EOT|>"),
         user_defined=DEEPSEEK),
    Case("DeepSeek-Coder-V2", "DeepSeek-Coder-V2-Lite-Base", DEEPSEEK,
         "{bos}<｜fim▁begin｜>{P}<｜fim▁hole｜>{S}<｜fim▁end｜>", bos="<｜begin▁of▁sentence｜>",
         eos="<｜end▁of▁sentence｜>", ends=("<｜end▁of▁sentence｜>",), says="deepseek2",
         user_defined=DEEPSEEK),
    Case("StarCoder", "starcoderbase-3b", (*FIM, "<filename>", "<reponame>"),
         "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>", eos="<|endoftext|>",
         ends=("<|endoftext|>", "<filename>", *FIM[:3])),
    Case("StarCoder2", "starcoder2-7b", (*FIM, "<file_sep>", "<repo_name>"),
         "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>", eos="<|endoftext|>",
         ends=("<|endoftext|>", "<file_sep>")),
    Case("StableCode", "stable-code-3b", (*FIM, "<filename>"),
         "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>", eos="<|endoftext|>",
         ends=("<|endoftext|>",)),
    Case("Refact", "Refact-1.6B-fim", (*FIM, "<filename>"),
         "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>", eos="<|endoftext|>",
         ends=("<|endoftext|>",)),
    Case("Granite Code", "granite-8b-code-base", (*FIM, "<reponame>"),
         "<fim_prefix>{P}<fim_suffix>{S}<fim_middle>", eos="<|endoftext|>",
         ends=("<|endoftext|>",)),
    Case("Granite 4", "granite-4.0-h-tiny", (*QWEN[:4], "<|start_of_role|>", "<|end_of_role|>"),
         "<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>", kind="falcon-h1",
         eos="<|end_of_text|>", ends=("<|end_of_text|>",)),
    Case("CodeGemma", "codegemma-7b-it",
         (*QWEN[:3], "<|file_separator|>", "<start_of_turn>", "<end_of_turn>"),
         "{bos}<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>", "spm without dummy space",
         bos="<bos>", eos="<eos>", ends=("<|file_separator|>", "<end_of_turn>", "<eos>")),
    Case("Codestral", "Codestral-22B-v0.1",
         ("[PREFIX]", "[SUFFIX]", "[MIDDLE]", "[INST]", "[/INST]"),
         "{bos}[SUFFIX]{S}[PREFIX]{P}", "spm", ends=("</s>", "[PREFIX]", "[SUFFIX]"),
         template="[AVAILABLE_TOOLS][INST]"),
    Case("Mellum", "Mellum-4b-base", (*FIM, "<filename>"),
         "<filename>src/own.py\n<fim_suffix>{S}<fim_prefix>{P}<fim_middle>", eos="<|endoftext|>",
         ends=("<|endoftext|>", "<filename>")),
    Case("Seed-Coder", "Seed-Coder-8B-Base", ("<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>"),
         "<[fim-suffix]>{S}<[fim-prefix]>{P}<[fim-middle]>", bos="<[begin▁of▁sentence]>",
         eos="<[end▁of▁sentence]>", ends=("<[end▁of▁sentence]>",)),
    Case("CodeGeeX4", "codegeex4-all-9b", GLM,
         "<|user|>\n###PATH:src/own.py\n###LANGUAGE:Python\n###MODE:BLOCK\n"
         "<|code_suffix|>{S}<|code_prefix|>{P}<|code_middle|><|assistant|>\n",
         eos="<|endoftext|>", ends=("<|user|>", "<|endoftext|>")),
    Case("GLM", "GLM-4.5-Air", GLM, "<|code_prefix|>{P}<|code_suffix|>{S}<|code_middle|>",
         eos="<|endoftext|>", ends=("<|user|>", "<|endoftext|>")),
    Case("Falcon-H1-Coder", "Falcon-H1-Tiny-Coder-90M", ("<|prefix|>", "<|suffix|>", "<|middle|>"),
         "<|prefix|>{P}<|suffix|>{S}<|middle|>", kind="falcon-h1", eos="<|end_of_text|>",
         ends=("<|end_of_text|>", "<|prefix|>")),
    Case("Qwen2.5-Coder", "Acme Sparrow", QWEN,
         "<|fim_prefix|>{P}<|fim_suffix|>{S}<|fim_middle|>", ends=QWEN_ENDS, eos="<|endoftext|>",
         base="Qwen2.5 Coder 7B Instruct"),
    Case("mamba", "A state alone", (), "", kind="mamba", eos="<|endoftext|>"),
)  # fmt: skip


def make(case: Case, path: Path) -> Path:
    """Write the model; the weights are the same every time."""
    writer = gguf.GGUFWriter(path, case.kind)
    writer.add_name(case.name)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(0 if case.kind == "mamba" else INNER)
    writer.add_head_count(0 if case.kind == "mamba" else HEADS)
    heads = {"lfm2": [0, HEADS], "mamba": 0}
    writer.add_head_count_kv(heads.get(case.kind, HEADS))
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(1e4)
    if case.base:
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, case.base)
    if case.template:
        writer.add_chat_template(case.template)
    if case.kind == "lfm2":
        writer.add_shortconv_l_cache(3)
    elif case.kind != "llama":
        writer.add_ssm_conv_kernel(4)
        writer.add_ssm_inner_size(INNER)
        writer.add_ssm_state_size(8)
        writer.add_ssm_time_step_rank(4)
        if case.kind == "falcon-h1":
            writer.add_ssm_group_count(1)
    tokens = _add_vocabulary(writer, case)
    dice = np.random.default_rng(1)
    for name, shape in _tensors(case.kind, tokens):
        writer.add_tensor(name, _numbers(name, shape, dice))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def backend(path: Path, context: int = 1024) -> LlamaBackend:
    """The model, loaded without measuring anything."""
    how = LlamaStart(str(path), context, 1, 0, CONTROL_PIECES)
    profile = tuning.Profile(1, 1, weights="mapped")
    return LlamaBackend(how, profile, load_model(how, profile, lambda _: None))


def _add_vocabulary(writer: gguf.GGUFWriter, case: Case) -> int:
    kind = gguf.TokenType
    special = dict.fromkeys((case.bos, case.eos, *case.pieces), kind.CONTROL)
    special |= dict.fromkeys(case.user_defined, kind.USER_DEFINED)
    if case.vocabulary == "bpe":
        words, merges = _bpe()
        tokens = [*words, *special]
        kinds = [kind.NORMAL] * len(words) + list(special.values())
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("default")
        writer.add_token_merges(merges)
    else:
        space = {"▁": -1.0, "▁▁": -0.5, "▁▁▁▁": -0.4}
        words = [*space, *(word for word in WORDS if word.strip()), *map(chr, range(33, 127)), "☺"]
        pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *dict.fromkeys(words)]
        tokens = [*pieces, *special]
        kinds = [kind.UNKNOWN, *[kind.BYTE] * 256, *[kind.NORMAL] * (len(pieces) - 257)]
        kinds += special.values()
        writer.add_tokenizer_model("llama")
        writer.add_token_scores([space.get(token, len(token) - 100.0) for token in tokens])
        writer.add_add_space_prefix(case.vocabulary == "spm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(tokens.index(case.bos))
    writer.add_eos_token_id(tokens.index(case.eos))
    return len(tokens)


def _bpe() -> tuple[list[str], list[str]]:
    """Byte-level pieces, and the merges that make words of them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    alphabet = {byte: chr(byte) for byte in plain}
    alphabet |= {byte: chr(256 + at) for at, byte in enumerate(others)}
    tokens, merges = list(alphabet.values()), []
    for word in WORDS:
        written = "".join(alphabet[byte] for byte in word.encode())
        for end in range(2, len(written) + 1):
            if written[:end] not in tokens:
                tokens.append(written[:end])
                merges.append(f"{written[: end - 1]} {written[end - 1]}")
    return tokens, merges


def _tensors(kind: Kind, tokens: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    norm = {"lfm2": "token_embd_norm.weight"}.get(kind, "output_norm.weight")
    yield "token_embd.weight", (tokens, WIDTH)
    yield norm, (WIDTH,)
    yield "output.weight", (tokens, WIDTH)
    for at in range(LAYERS):
        for name, shape in _layer(kind, at):
            yield f"blk.{at}.{name}", shape


def _layer(kind: Kind, at: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "attn_norm.weight", (WIDTH,)
    if kind == "lfm2" and at == 0:
        yield "shortconv.conv.weight", (WIDTH, 3)
        yield "shortconv.in_proj.weight", (3 * WIDTH, WIDTH)
        yield "shortconv.out_proj.weight", (WIDTH, WIDTH)
    elif kind != "mamba":
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"{name}.weight", (WIDTH, WIDTH)
    if kind == "lfm2" and at == 1:
        yield "attn_q_norm.weight", (WIDTH // HEADS,)
        yield "attn_k_norm.weight", (WIDTH // HEADS,)
    if kind == "falcon-h1":
        yield "ssm_in.weight", (2 * INNER + 16 + 4, WIDTH)
        yield "ssm_conv1d.weight", (INNER + 16, 4)
        yield "ssm_conv1d.bias", (INNER + 16,)
        yield "ssm_dt.bias", (4,)
        yield "ssm_a", (4, 1)
        yield "ssm_d", (4, 1)
        yield "ssm_out.weight", (WIDTH, INNER)
    elif kind == "mamba":
        yield "ssm_in.weight", (2 * INNER, WIDTH)
        yield "ssm_conv1d.weight", (INNER, 4)
        yield "ssm_conv1d.bias", (INNER,)
        yield "ssm_x.weight", (4 + 2 * 8, INNER)
        yield "ssm_dt.weight", (INNER, 4)
        yield "ssm_dt.bias", (INNER,)
        yield "ssm_a", (INNER, 8)
        yield "ssm_d", (INNER,)
        yield "ssm_out.weight", (WIDTH, INNER)
        return
    yield "ffn_norm" if kind == "falcon-h1" else "ffn_norm.weight", (WIDTH,)
    yield "ffn_gate.weight", (INNER, WIDTH)
    yield "ffn_up.weight", (INNER, WIDTH)
    yield "ffn_down.weight", (WIDTH, INNER)


def _numbers(name: str, shape: tuple[int, ...], dice: np.random.Generator) -> np.ndarray:
    if "norm" in name:
        return np.ones(shape, dtype=np.float32)
    if name.endswith("ssm_a"):
        return -np.abs(dice.normal(1.0, 0.3, shape)).astype(np.float32)
    scale = 1.0 if name == "token_embd.weight" else 1.5 / math.sqrt(shape[-1])
    return np.ascontiguousarray(dice.normal(0, scale, shape), dtype=np.float32)
