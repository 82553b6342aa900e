"""How a refusal of what the model answered ends: what became of the file, and the way on.

The way on fits the reason: less code is easier to repeat whole, more code says what is meant, and
where the model understood neither, only a better one helps.
"""

from __future__ import annotations

SELECT_LESS = "so nothing was changed; select a smaller part or use a larger model."
SELECT_MORE = "so nothing was changed; select more of the code or use a larger model."
SELECT_PART = (
    "so nothing was changed; select just the lines that are to become a function, or use a larger "
    "model."
)
TRY_LARGER = "so nothing was changed; use a larger model."

WRITE_LESS = "so nothing was written; select a smaller definition or use a larger model."
WRITE_LARGER = "so nothing was written; use a larger model."

NOT_MENDED = (
    "The model had no changes to suggest; select more of the code, say in your own words what to "
    "do, or use a larger model."
)
"""Where something is to be mended."""
