"""What a session keeps, one object for each feature that needs to remember something.

The state of ghost text is in ``completion/state.py``, that of the workspace in
``context/project.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path

from lsprotocol.types import MessageType

from herdmate.engine.host import EngineHost, RequestRecord
from herdmate.generation import ModelInfo
from herdmate.lsp.protocol import Status
from herdmate.lsp.settings_layers import Layers
from herdmate.lsp.wording import Button
from herdmate.models import catalogue
from herdmate.models.role_choices import ChooseEngine, EngineChoice
from herdmate.prompting.library import Library
from herdmate.roles import Role
from herdmate.settings import Settings
from herdmate.usage.statistics_file import StatisticsFile
from herdmate.usage.tally import Tally

_MOST_EDITED = 10
_MOST_SHOWN = 8


Offer = Callable[[str, MessageType, tuple[Button, ...]], Coroutine[None, None, None]]
"""Shows a sentence as a message of a kind, with buttons."""


@dataclass(slots=True)
class Configuration:
    """What the user has configured: the settings by source, their merge, and the prompts.

    ``faults`` are sentences about the user's settings outside the editor, ``wrong`` those about
    invalid settings that the user was last shown.
    ``prompt_folders`` are the trusted workspace folders whose prompts are in the library.
    """

    layers: Layers = field(default_factory=Layers)
    settings: Settings = field(default_factory=Settings)
    wrong: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    library: Library = field(default_factory=lambda: Library(()))
    prompt_folders: tuple[Path, ...] = ()


@dataclass(slots=True, eq=False)
class RoleModel:
    """The model of one role: its engine, and what the user is told about it.

    ``choice``: what the engine was last started with. ``info``: of the running model, or of the
    last one. ``requests``: how many of the user's requests the model is working on. ``instead_of``:
    why the remote server in the settings is not used; empty if it is, or if there is none.
    ``choices``: how many models the user has chosen for the role so far.
    """

    host: EngineHost
    status: Status = field(default_factory=lambda: Status("starting"))
    choice: EngineChoice | None = None
    info: ModelInfo | None = None
    requests: int = 0
    instead_of: str = ""
    choices: int = 0

    @property
    def note(self) -> str:
        """What to say about the choice of the model."""
        return self.choice.note if self.choice else ""

    @property
    def path(self) -> str:
        """The file of the running model, or of the last one; empty if there was none."""
        return self.info.path if self.info else ""

    @property
    def name(self) -> str:
        """The name under which the model was fetched; empty if there was none.

        What a file says of itself may be the name of the weights that it was made of.
        """
        file = Path(self.path)
        if self.info is None or file.suffix != ".gguf" or not file.is_absolute():
            return self.info.shown if self.info else ""
        known = catalogue.of_file(file)
        return known.title if known else file.stem


@dataclass(slots=True)
class ModelState:
    """The models in use: ``answers`` explains and refactors, ``completion`` writes ghost text.

    One model can have both roles; both are then the same object. ``apart`` is the one that writes
    ghost text alone while ``is_apart``.
    """

    choose: ChooseEngine
    answers: RoleModel
    apart: RoleModel
    is_apart: bool = False
    status_changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def status(self) -> Status:
        """What the user is shown; that of ghost text is part of it where it has its own model."""
        answers, ghost = self.answers.status, self.apart.status
        if not self.is_apart:
            return answers
        is_thinking = answers.state == "ready" and ghost.state == "thinking"
        told = answers.message + (f" Ghost text: {ghost.message}" if ghost.message else "")
        return replace(
            answers, state="thinking" if is_thinking else answers.state, message=told,
            completion=ghost,
        )  # fmt: skip

    @property
    def completion(self) -> RoleModel:
        """The model that writes ghost text."""
        return self.apart if self.is_apart else self.answers

    def of(self, role: Role) -> RoleModel:
        """The model of a role, for ghost text even while it has none of its own."""
        return self.answers if role == "answers" else self.apart

    @property
    def last_request(self) -> RequestRecord | None:
        """The last request that the user made of any of the models."""
        made = filter(None, (model.host.last_request for model in self.in_use))
        return max(made, key=lambda record: record.made_at, default=None)

    @property
    def both(self) -> tuple[RoleModel, RoleModel]:
        """The models, whether they have a role or not."""
        return self.answers, self.apart

    @property
    def in_use(self) -> tuple[RoleModel, ...]:
        """The models that have a role, each once."""
        return self.both if self.is_apart else (self.answers,)


@dataclass(slots=True)
class IndexState:
    """What keeps the workspace's index up to date.

    ``rules``: the ignore rules as last checked, by folder. ``changed_files``: not checked yet.
    ``typed_at``: when the last key was typed, on the event loop's clock. ``edited``: URIs, the
    most recently edited first.
    """

    rules: dict[Path, object] = field(default_factory=dict)
    changed_files: set[Path] = field(default_factory=set)
    typed_at: float = 0.0
    edited: tuple[str, ...] = ()

    def note_edit(self, uri: str) -> None:
        """Put a document before all others that were edited."""
        others = (item for item in self.edited if item != uri)
        self.edited = (uri, *others)[:_MOST_EDITED]


@dataclass(slots=True)
class UsageState:
    """Counts of ghost text, their file, the timer of the next write, and what was learnt.

    ``level``: how sure the model must be for this user, from 0 to 1.
    """

    tally: Tally = field(default_factory=Tally)
    file: StatisticsFile = field(default_factory=StatisticsFile)
    saving: asyncio.TimerHandle | None = None
    level: float = 0.0


@dataclass(slots=True)
class ShownDocuments:
    """The last documents that exist only in the server, by plain URI.

    ``offer`` shows a message with buttons for what it asks for, and does what is chosen.
    """

    texts: dict[str, str] = field(default_factory=dict)
    offer: Offer | None = None

    def put(self, uri: str, text: str) -> None:
        """Keep a document, and drop the oldest if there are too many."""
        for old in list(self.texts)[: -_MOST_SHOWN + 1]:
            del self.texts[old]
        self.texts[uri] = text
