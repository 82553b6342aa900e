"""Segments to token ids and tokens to bytes, with llama.cpp's vocabulary.

The rules are Meta's (``llama/generation.py``, ``tokenizer.py``): ``encode`` puts SentencePiece's
dummy space before a text, ``encode_infilling`` does not. llama.cpp always adds it, so a text that
must not have it is encoded after a mark whose tokens are then dropped. Vocabularies without a dummy
space (Gemma's) say so.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import llama_cpp

from herdmate.errors import EngineError
from herdmate.generation import Segment, Text

_MARK = "☺"
_SPACE = "▁"  # how SentencePiece writes a space in its pieces
_DUMMY = _SPACE.encode()


_TAG = re.compile(
    r"<\|.*|.*\|>|<｜.*｜>|<\[.*\]>|\[/?[A-Z_]{2,}\]|\[\|\w+\|\]|[▁ ]?</?[A-Za-z]\w*[-_:]\w+>"
    r"|</?(?:s|bos|eos|pad|unk|think|tool|tool_call|tool_response|filename|reponame|step)>",
    re.DOTALL,
)
"""The text of a token that plain text could become, though it marks something in a format."""

_LONGEST_TAG = 256  # bytes; a file can have tokens of a megabyte
_MOST_TAGS = 8192  # a file can have a million, for each of which texts would be searched


def tokenize(
    vocab: Any,
    segments: Sequence[Segment],
    pieces: Mapping[str, int],
    tags: Mapping[str, int] | None = None,
) -> list[int]:
    """Token ids of segments. ``pieces`` holds the ids of this vocabulary's control pieces.

    Text becomes none of these, nor any of ``tags``. Raises ``EngineError`` if a ``Special`` is not
    in the vocabulary.
    """
    ids: list[int] = []
    kept_out = {**(tags or {}), **pieces}
    for segment in segments:
        if isinstance(segment, Text):
            ids += tokenize_text(vocab, segment.text, segment.leading_space, kept_out)
        elif segment.piece in pieces:
            ids.append(pieces[segment.piece])
        else:
            raise EngineError(
                f"The model's vocabulary has no {segment.piece!r}; choose another model."
            )
    return ids


def tokenize_text(
    vocab: Any, text: str, leading_space: bool, pieces: Mapping[str, int]
) -> list[int]:
    """Token ids of plain text, never one of ``pieces``.

    Some vocabularies mark control pieces as normal ones (CodeLlama's ``▁<SUF>``), so text that
    merely mentions one would turn into it. Such text is cut inside the mention and the parts are
    tokenised separately.
    """
    ids = _encode(vocab, text, leading_space)
    controls = frozenset(pieces.values())
    if controls.isdisjoint(ids):
        return ids
    parts = _cut_inside_mentions(text, (piece.strip(_SPACE) for piece in pieces))
    ids = []
    for index, part in enumerate(parts):
        ids += _encode(vocab, part, leading_space and index == 0)
    return [token for token in ids if token not in controls]


def control_pieces(vocab: Any, wanted: Iterable[str]) -> dict[str, int]:
    """Ids of the ``wanted`` pieces that the vocabulary has, and of ``bos`` and ``eos``."""
    left = {piece.encode(): piece for piece in wanted}
    found: dict[str, int] = {}
    # Control pieces are at the end of a vocabulary; searching from there finds them quickly.
    for token in reversed(range(llama_cpp.llama_vocab_n_tokens(vocab))):
        if not left:
            break
        if piece := left.pop(llama_cpp.llama_vocab_get_text(vocab, token), ""):
            found[piece] = token
    for name, token in (
        ("bos", llama_cpp.llama_vocab_bos(vocab)),
        ("eos", llama_cpp.llama_vocab_eos(vocab)),
    ):
        if token >= 0:
            found[name] = token
    return found


def tags(vocab: Any) -> dict[str, int]:
    """Ids of all tokens that mark something in a format of any kind.

    llama.cpp finds tokens that a vocabulary calls user-defined in plain text too.
    """
    found: dict[str, int] = {}
    for token in range(llama_cpp.llama_vocab_n_tokens(vocab)):
        kind = llama_cpp.llama_vocab_get_attr(vocab, token)
        if kind & llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED:
            data = llama_cpp.llama_vocab_get_text(vocab, token)
            text = data.decode("utf-8", "replace") if len(data) <= _LONGEST_TAG else ""
            if _TAG.fullmatch(text) and len(found) < _MOST_TAGS:
                found[text] = token
    return found


def piece_of(vocab: Any, token: int) -> bytes:
    """The bytes of one token; empty for control tokens."""
    size = 64
    while True:
        buffer = ctypes.create_string_buffer(size)
        length = llama_cpp.llama_token_to_piece(vocab, token, buffer, size, 0, False)
        if length >= 0:
            return buffer.raw[:length]
        size = -length


def all_pieces(vocab: Any) -> list[bytes]:
    """The bytes of each token by its id; empty for control tokens."""
    size = 256
    buffer = ctypes.create_string_buffer(size)
    to_piece = llama_cpp.llama_token_to_piece
    lengths = (
        to_piece(vocab, token, buffer, size, 0, False)
        for token in range(llama_cpp.llama_vocab_n_tokens(vocab))
    )
    return [
        buffer.raw[:length] if length >= 0 else piece_of(vocab, token)
        for token, length in enumerate(lengths)
    ]


def _encode(vocab: Any, text: str, leading_space: bool) -> list[int]:
    if not text:
        return []
    if leading_space or not puts_space_first(vocab):
        return raw_encode(vocab, text)
    return raw_encode(vocab, _MARK + text)[len(raw_encode(vocab, _MARK)) :]


def puts_space_first(vocab: Any) -> bool:
    """Does llama.cpp put SentencePiece's dummy space before a text in this vocabulary?"""
    if llama_cpp.llama_vocab_type(vocab) != llama_cpp.LLAMA_VOCAB_TYPE_SPM:
        return False
    first = raw_encode(vocab, "a")[:1]
    return any(llama_cpp.llama_vocab_get_text(vocab, token).startswith(_DUMMY) for token in first)


def raw_encode(vocab: Any, text: str, adds_special: bool = False) -> list[int]:
    """Encode as llama.cpp does; ``adds_special`` adds the vocabulary's start and end tokens."""
    data = text.encode("utf-8", "replace")
    room = len(data) + 8
    ids = (llama_cpp.llama_token * room)()
    count = llama_cpp.llama_tokenize(vocab, data, len(data), ids, room, adds_special, False)
    if count < 0:
        raise EngineError("llama.cpp could not tokenise the text; report this with the log.")
    return list(ids[:count])


def _cut_inside_mentions(text: str, mentions: Iterable[str]) -> list[str]:
    cuts: set[int] = set()
    for mention in mentions:
        at = text.find(mention)
        while at >= 0 and len(mention) > 1:
            cuts.add(at + 1)  # after "<": no control piece spans a cut there
            at = text.find(mention, at + 1)
    edges = [0, *sorted(cuts), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges) if start < end]
