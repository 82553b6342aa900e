"""Token healing: the model resamples the tokens that the cursor may have cut.

If a text ends in the middle of what the model knows as one token (``ret|urn``, a space before a
word, half an indent), its last tokens are ones that the model never saw there in training. They are
dropped, and the generation must begin with their bytes: each token either begins with all the bytes
left or is a prefix of them. So the text before the cursor stays as it is, byte for byte.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int32]

_LONGEST = 64
"""How many bytes to look back; longer pieces are runs of spaces or dashes."""


class PieceTable:
    """The bytes of all tokens of a vocabulary, sorted for lookup by prefix."""

    def __init__(self, pieces: Sequence[bytes], excluded: Collection[int] = ()) -> None:
        """``pieces`` has the bytes of each token id, ``b""`` for one without any."""
        order = sorted(
            (piece, token)
            for token, piece in enumerate(pieces)
            if piece and token not in excluded
        )  # fmt: skip
        self._pieces = [piece for piece, _ in order]
        self._tokens = np.array([token for _, token in order], dtype=np.int32)

    def extends(self, data: bytes) -> bool:
        """Does a longer token begin with these bytes?"""
        at = bisect_right(self._pieces, data)
        return at < len(self._pieces) and self._pieces[at].startswith(data)

    def allowed(self, data: bytes) -> Tokens:
        """The tokens that begin with ``data``, and those that are a prefix of it."""
        found = [self._tokens[bisect_left(self._pieces, data) : self._end(data)]]
        for length in range(1, len(data)):
            part = data[:length]
            found.append(
                self._tokens[bisect_left(self._pieces, part) : bisect_right(self._pieces, part)]
            )
        return np.concatenate(found)

    def _end(self, data: bytes) -> int:
        """The index after the last piece that begins with ``data``."""
        stem = data.rstrip(b"\xff")
        if not stem:
            return len(self._pieces)
        return bisect_left(self._pieces, stem[:-1] + bytes([stem[-1] + 1]))


def cut_back(pieces: Sequence[bytes], table: PieceTable) -> int:
    """How many of a text's tokens to keep, given their bytes in order.

    Drops the longest ending that is a proper prefix of some token: only there can the cursor have
    cut one.
    """
    end, keep = b"", len(pieces)
    for at in range(len(pieces) - 1, -1, -1):
        end = pieces[at] + end
        if not pieces[at] or len(end) > _LONGEST:
            break
        if table.extends(end):
            keep = at
    return keep
