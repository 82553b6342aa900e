"""Secrets put back where the model, which saw stars in their place, repeats the stars."""

from __future__ import annotations

import re
from dataclasses import dataclass

from herdmate.errors import RefusedError

_STARS = re.compile(r"\*{4,}")


@dataclass(frozen=True, slots=True)
class _Hidden:
    """The secret that a run of stars hides, and the code before it on its line, without spaces."""

    length: int
    lead: str
    secret: str


def with_secrets(code: str, hidden: str, original: str) -> str:
    """The model's code with each secret of ``original`` in place of its stars.

    ``hidden`` is ``original`` as the model saw it, of the same length. Raises ``RefusedError`` if
    a secret's stars are missing from the code, or if stars could stand for several secrets.
    """
    runs = [_Hidden(len(run[0]), _lead(hidden, run), original[run.start() : run.end()])
            for run in _STARS.finditer(hidden)]  # fmt: skip
    if all(set(run.secret) == {"*"} for run in runs):
        return code
    lengths = {run.length for run in runs}
    found: set[str] = set()

    def put_back(stars: re.Match[str]) -> str:
        if len(stars[0]) not in lengths:
            return stars[0]
        secret = _meant(runs, len(stars[0]), _lead(code, stars))
        found.add(secret)
        return secret

    whole = _STARS.sub(put_back, code)
    if any(run.secret not in found for run in runs):
        raise RefusedError(
            "The model sees stars in place of secrets and left some of them out, so nothing was "
            "changed; select code without secrets."
        )
    return whole


def _meant(runs: list[_Hidden], length: int, lead: str) -> str:
    alike = {run.secret for run in runs if run.length == length}
    if len(alike) > 1:  # then the code before them decides
        alike = {run.secret for run in runs if (run.length, run.lead) == (length, lead)}
    if len(alike) != 1:
        raise RefusedError(
            "This code has several secrets that look the same to the model, so nothing was "
            "changed; select fewer of them."
        )
    return next(iter(alike))


def _lead(text: str, stars: re.Match[str]) -> str:
    line = text[text.rfind("\n", 0, stars.start()) + 1 : stars.start()]
    return re.sub(r"\s+", "", line)
