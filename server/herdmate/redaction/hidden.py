"""The places of secrets in a text, apart from multi-line keys and manifests."""

from __future__ import annotations

from collections.abc import Iterator

from herdmate.redaction.assigned import assigned_in
from herdmate.redaction.calls import passed_in
from herdmate.redaction.commands import typed_in
from herdmate.redaction.places import Place
from herdmate.redaction.provider_tokens import issued_in
from herdmate.redaction.tokens_in_context import shaped_in


def hidden_in(text: str) -> Iterator[Place]:
    """The places of secrets in a text of whole lines, unordered; some can overlap.

    Whether something is a secret depends on no more than the word it is in, 4096 characters around
    it and a value of ``LONGEST_VALUE`` in up to sixteen strings.
    """
    yield from issued_in(text)
    yield from shaped_in(text)
    yield from assigned_in(text)
    yield from typed_in(text)
    yield from passed_in(text)
