"""Sizes and speeds for people, each in one unit."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herdmate.models.answer_speed import Writer


def size_text(size: int) -> str:
    """Bytes as gigabytes of a thousand million bytes: ``4.1 GB``, ``0.02 GB``."""
    gigabytes = size / 1e9
    return (
        f"{gigabytes:.1f} GB" if gigabytes >= 0.1 or not size else f"{max(gigabytes, 0.01):.2f} GB"
    )


def speed_text(writer: Writer) -> str:
    """How fast a model answers, and how that is known."""
    if isinf(writer.speed):
        return "fast, on the GPU"
    how = "measured here" if writer.is_measured else "estimated"
    return f"{tokens_text(writer.speed)} ({how})"


def tokens_text(speed: float) -> str:
    """Tokens per second, in words."""
    tokens = f"about {speed:.0f} tokens" if speed >= 1.5 else "about a token"
    return f"{tokens} a second"
