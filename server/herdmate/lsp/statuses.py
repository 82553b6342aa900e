"""What the command ``herdmate.status`` answers: the status, and what the engine has done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from herdmate.lsp.session import Session


async def report(session: Session) -> dict[str, Any]:
    """The status; with a model also its process and the tokens evaluated since it started."""
    answer = asdict(session.status)
    if session.status.state in ("ready", "thinking"):
        answer["engineProcess"] = session.companion.process_id
        answer["engine"] = asdict(await session.companion.totals())
    return answer
