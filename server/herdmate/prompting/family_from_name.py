"""The control pieces of a model that only a remote server has, inferred from its name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from herdmate.generation import SERVER_ROLES
from herdmate.prompting.families import QWEN_PIECES

_QWEN_CODER = re.compile(r"qwen\d*coder")
_NO_INFILL = re.compile(r"34b|70b|python")


def pieces_by_name(name: str) -> Mapping[str, int]:
    """The control pieces of a model, as far as its name reveals them; their ids are unknown (0).

    A model of an unknown family gets ``SERVER_ROLES``, which its server puts into its own format.
    """
    flat = re.sub(r"[\W_]", "", name.lower())
    if "codellama" in flat:
        pieces = ["bos", "eos"]
        if "70b" in flat:
            pieces.append("<step>")
        if not _NO_INFILL.search(flat):
            pieces += ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
    elif _QWEN_CODER.search(flat):
        pieces = list(QWEN_PIECES)
    else:
        pieces = list(SERVER_ROLES)
    return dict.fromkeys(pieces, 0)
