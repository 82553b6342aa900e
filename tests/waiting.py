"""Waiting for what nothing tells of, with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def until(there: Callable[[], Any], seconds: float = 60.0) -> None:
    """Look again and again until ``there`` answers something true; others run meanwhile."""

    async def looking() -> None:
        while not there():  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.01)

    await asyncio.wait_for(looking(), seconds)
