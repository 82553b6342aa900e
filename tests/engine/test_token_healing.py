"""Token healing against brute force over whole vocabularies: SentencePiece and byte-level BPE."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import llama_cpp
import pytest

from herdmate.engine import vocabulary
from herdmate.engine.token_healing import PieceTable, cut_back
from tests.engine.small_vocabulary import write_vocabulary

CODE = '''def größe(self, items: list[str]) -> int:
    """Länge von „allem“, auch von 🦊🦊."""
    if not items:
        return self.total  # nothing
\tnames = {"naïve": [1, 2,  3], 'x' : None}
    return sum(len(item) for item in items if item.startswith("日本"))
'''


@pytest.fixture(params=["spm", pytest.param("bpe", marks=pytest.mark.model)])
def vocab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "spm":
        path = write_vocabulary(tmp_path / "small.gguf")
    else:
        path = request.getfixturevalue("starter_model")
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    yield llama_cpp.llama_model_get_vocab(model)
    llama_cpp.llama_model_free(model)


@pytest.fixture
def pieces(vocab: Any) -> list[bytes]:
    found = vocabulary.all_pieces(vocab)
    assert found[::97] == [vocabulary.piece_of(vocab, token) for token in range(len(found))[::97]]
    return found


def _ends() -> list[str]:
    """The text up to any of its places: inside names, strings, indents, behind wide characters."""
    return [CODE[:end] for end in range(1, len(CODE) + 1)]


def test_what_is_allowed_is_what_brute_force_allows(vocab: Any, pieces: list[bytes]) -> None:
    table = PieceTable(pieces)
    dice = random.Random(1)
    for text in dice.sample(_ends(), 40):
        tokens = vocabulary.tokenize_text(vocab, text, True, {})
        data = b"".join(pieces[token] for token in tokens[-dice.randint(1, 2) :])
        brute = {
            token
            for token, piece in enumerate(pieces)
            if piece and (piece.startswith(data) or data.startswith(piece))
        }
        allowed = table.allowed(data).tolist()
        assert set(allowed) == brute
        assert len(allowed) == len(brute)


def test_what_is_cut_is_the_longest_end_that_a_token_extends(
    vocab: Any, pieces: list[bytes]
) -> None:
    table = PieceTable(pieces)
    for text in random.Random(2).sample(_ends(), 40):
        mine = [pieces[token] for token in vocabulary.tokenize_text(vocab, text, True, {})]
        ends = {at: b"".join(mine[at:]) for at in range(max(len(mine) - 12, 0), len(mine))}
        extended = [
            at
            for at, end in ends.items()
            if any(piece.startswith(end) and piece != end for piece in pieces)
        ]
        assert cut_back(mine, table) == min(extended, default=len(mine))


def test_walking_among_the_allowed_spells_the_text_again(
    vocab: Any, pieces: list[bytes]
) -> None:  # fmt: skip
    """However the model chooses, the dropped bytes come back, and then it is free."""
    table, dice = PieceTable(pieces), random.Random(3)
    for text in dice.sample(_ends(), 60):
        tokens = vocabulary.tokenize_text(vocab, text, True, {})
        keep = cut_back([pieces[token] for token in tokens], table)
        dropped = b"".join(pieces[token] for token in tokens[keep:])
        spelled, rest = b"", dropped
        while rest:
            piece = pieces[dice.choice(table.allowed(rest).tolist())]
            spelled, rest = spelled + piece, rest[len(piece) :]
        assert spelled.startswith(dropped)


def test_bytes_of_all_ones_are_found() -> None:
    table = PieceTable([b"", b"\xff", b"\xff\xff", b"a", b"\xfea"])
    assert set(table.allowed(b"\xff").tolist()) == {1, 2}
    assert set(table.allowed(b"\xfe").tolist()) == {4}
    assert table.extends(b"\xff")
    assert not table.extends(b"\xff\xff")


def test_control_pieces_are_never_allowed() -> None:
    table = PieceTable([b" <", b" <SUF>", b" <a"], excluded={1})
    assert set(table.allowed(b" <").tolist()) == {0, 2}
