"""Sizes for people, all in one unit."""

from __future__ import annotations


def size_text(size: int) -> str:
    """Bytes as gigabytes of a thousand million bytes: ``4.1 GB``, ``0.02 GB``."""
    gigabytes = size / 1e9
    return (
        f"{gigabytes:.1f} GB" if gigabytes >= 0.1 or not size else f"{max(gigabytes, 0.01):.2f} GB"
    )
