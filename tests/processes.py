"""Processes that a test looks at while they may be ending."""

from __future__ import annotations

import psutil


def command_of(process: psutil.Process) -> list[str]:
    """Its command; ``[]`` once it has ended, even if its parent has yet to notice."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []
