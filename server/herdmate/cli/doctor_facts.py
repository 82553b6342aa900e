"""What ``herdmate doctor`` looks at, and the lines of its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from herdmate.engine.build_report import Build
from herdmate.models.answer_speed import Writer

State = Literal["ok", "note", "trouble"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found on a machine; sizes in bytes.

    ``others``: other ``herdmate`` programs that the shell would find first. ``drivers``: makers of
    GPUs whose driver is here. ``installer`` installs the system's packages. ``models``: names and
    sizes of Herdmate's own. ``name``, ``chosen``, ``unusable`` and ``note`` are of the model in the
    settings: its name and path, or why it cannot be used; ``now`` is how fast it answers if it
    does, ``faster`` and ``better`` are models that would be. ``ghost`` says the same of ghost
    text's own model, if it has one: the setting, its path or why it is not used, and how that is.
    ``adapters`` are the names of those that fit the model, ``misfits`` a sentence for each other.
    ``remote`` is the remote server's address, ``answer`` its model or, if ``is_down``, what went
    wrong: it ``is_unreachable``, or answers with an HTTP ``status``, 0 for none; ``remote_model``
    is the one that is wanted there. ``fallback``: a model on this machine answers while it is not
    reachable. ``folders``: what it is for, path, size, writable. ``origins``: the variable or the
    option that sets a setting, for those that are not set in the file. ``busy`` is how many of the
    ``processors`` other programs use.
    """

    version: str
    system: Literal["linux", "macos", "windows"]
    python: str
    executable: str
    build: Build
    others: tuple[str, ...] = ()
    compiler: str = ""
    drivers: tuple[str, ...] = ()
    toolkit: str = ""
    installer: str = ""
    cores: int = 1
    processors: int = 1
    busy: float = 0.0
    memory: int = 0
    free_memory: int = 0
    free_disk: int = 0
    models: tuple[tuple[str, int], ...] = ()
    setting: str = "auto"
    name: str = ""
    chosen: str = ""
    now: Writer | None = None
    faster: Writer | None = None
    better: Writer | None = None
    unusable: str = ""
    is_missing: bool = False
    note: str = ""
    fits: bool = True
    ghost: tuple[str, str, State] | None = None
    adapters: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
    editors: tuple[tuple[str, str, bool], ...] = ()
    remote: str = ""
    answer: str = ""
    is_down: bool = False
    is_unreachable: bool = False
    status: int = 0
    remote_model: str = ""
    fallback: bool = False
    folders: tuple[tuple[str, str, int, bool], ...] = ()
    config: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. ``mend``: the command that mends a trouble, or that improves matters.

    ``is_slow``: it says that answers are slower than they could be.
    """

    topic: str
    state: State
    text: str
    mend: str = ""
    is_slow: bool = False
