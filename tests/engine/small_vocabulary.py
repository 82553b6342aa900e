"""A vocabulary of CodeLlama's kind, small: SentencePiece, with controls typed as normal."""

from __future__ import annotations

import string
from pathlib import Path

import gguf

CONTROLS = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
WORDS = ("▁", "▁▁", "▁▁▁▁", "▁d", "de", "def", "▁def", "re", "turn", "return", "▁return", "☺", "é",
         "▁<", "SU", "SUF", "<SUF", "<SUF>", "▁<SUF", "▁<SU")  # fmt: skip


def write_vocabulary(path: Path) -> Path:
    """Write it as a GGUF without tensors, which llama.cpp loads with ``vocab_only``."""
    words = [*WORDS, *string.printable[:95].replace(" ", "")]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    kinds = [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * 2, *[gguf.TokenType.BYTE] * 256]
    kinds += [gguf.TokenType.NORMAL] * (len(words) + len(CONTROLS))
    # Merges that make longer pieces come first, and those that make a control piece best of all.
    scores = [0.0] * 259 + [float(len(word)) - 100 for word in words] + [0.0] * len(CONTROLS)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(32)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*tokens, *CONTROLS])
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path
