"""What every action needs."""

from __future__ import annotations

from dataclasses import dataclass

from herdmate.context.project import Project
from herdmate.engine.host import EngineHost


@dataclass(frozen=True, slots=True)
class ActionContext:
    """The engine, and the project that the model sees."""

    host: EngineHost
    project: Project
