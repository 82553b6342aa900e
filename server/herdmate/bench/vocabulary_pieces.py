"""The pieces of a made-up vocabulary that gives real code a realistic number of tokens.

CodeLlama's own pieces are Meta's. If the starter is installed, its pieces are used: byte-level BPE
keeps them in merge order, so each can be merged from two earlier ones, as SentencePiece does.
Otherwise the vocabulary is made of single characters and the words of a few programming languages.
"""

from __future__ import annotations

import keyword
from pathlib import Path
from typing import Any

CONTROLS = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
"""The infill pieces; in CodeLlama's vocabulary they have the ids 32007 to 32010."""

FIRST_CONTROL = 32000
"""After the pieces of Llama 2 come seven stubs and then the infill pieces."""

_WORDS = (
    *sorted(keyword.kwlist),
    *("self", "print", "range", "len", "list", "dict", "str", "int", "function", "const", "let",
      "var", "new", "this", "void", "static", "public", "private", "struct", "type", "name",
      "value", "item", "items", "index", "result", "data", "text", "line", "path", "file"),
)  # fmt: skip


def pieces(bpe_model: Path | None, count: int) -> list[str]:
    """``count`` pieces, best first, ``▁`` for a space; from a BPE model's file if given."""
    found = dict.fromkeys(map(chr, range(33, 127)))
    found |= dict.fromkeys(["▁", "▁▁", "▁▁▁▁", "▁▁▁▁▁▁▁▁"])
    found |= dict.fromkeys(_from_bpe(bpe_model) if bpe_model and count > 10_000 else _built_in())
    left = list(found)[:count]
    return left + [f"<filler {at}>" for at in range(count - len(left))]


def _built_in() -> list[str]:
    """All prefixes of the words, so that SentencePiece can merge its way up to them."""
    ends = [word[:end] for word in _WORDS for end in range(2, len(word) + 1)]
    return ends + ["▁" + end for end in [*map(chr, range(97, 123)), *ends]]


def _from_bpe(path: Path) -> list[str]:
    import gguf

    field: Any = gguf.GGUFReader(path).fields["tokenizer.ggml.tokens"]
    alphabet = _gpt2_alphabet()
    words: list[str] = []
    for at in field.data[:60_000]:
        token = bytes(field.parts[at]).decode("utf-8", "replace")
        if any(char not in alphabet for char in token):
            continue
        try:
            words.append(bytes(alphabet[char] for char in token).decode("utf-8").replace(" ", "▁"))
        except UnicodeDecodeError:
            continue  # half a character: SentencePiece has bytes for those
    return words


def _gpt2_alphabet() -> dict[str, int]:
    """GPT-2's characters for bytes: printable ones as they are, the others from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + at): byte for at, byte in enumerate(others)
    }
