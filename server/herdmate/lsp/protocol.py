"""What Herdmate says beyond the Language Server Protocol; ``extension/src/protocol.ts`` mirrors it.

A client that understands these says so in ``initialize`` under
``capabilities.experimental.herdmate``, with true for each of ``status``, ``explanation``, ``ask``,
``diagnostics``, ``menu`` and ``configure``. Every other client gets the same through standard
messages. ``extensions`` there names the editor's other extensions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

STATUS = "herdmate/status"
"""Server to client, notification ``Status``: what the server is doing."""

EXPLANATION = "herdmate/explanation"
"""Server to client, notification ``ExplanationPart``: some more of an explanation."""

CURSOR = "herdmate/cursor"
"""Client to server, notification ``{"uri": …, "position": …}``: the cursor rests there, so that the
model may read ahead."""

DIAGNOSTICS = "herdmate/diagnostics"
"""Server to client, request ``{"uri": …}``: all LSP diagnostics of a document, whoever found them.
A request for code actions has only those at the cursor."""

MODELS = "herdmate/models"
"""Client to server, request without parameters, answered by ``ModelList``: what a picker shows. To
choose one, the client changes the setting ``herdmate.model`` to its name."""

PULL_MODEL = "herdmate/pullModel"
"""Client to server, request ``{"name": …}``, answered by ``{"path": …}`` once the model is there.
The server shows work-done progress. A cancel, of that or of the request, keeps what was fetched,
and the next request goes on from there."""

MENU = "herdmate/menu"
"""Client to server, request ``{"menu": "status" or "models", "uri": …}``, answered by ``Menu``. The
document is the one that the user looks at, if any."""

REQUESTS = (MODELS, PULL_MODEL, MENU)
"""Those of the client; it makes each of them with an object, or with nothing."""

CONFIGURE = "herdmate/configure"
"""Server to client, request ``{"name": …, "value": …, "workspace": …}``, only ever because the user
said so: change the setting ``herdmate.name``, or remove it where ``value`` is null; for this
workspace where ``workspace`` is true, else where it is set now."""

COMMAND_EXPLAIN = "herdmate.explain"
"""Arguments: one ``ActionArguments``. Answers at once; the text follows by itself."""

COMMAND_REWRITE = "herdmate.rewrite"
"""Arguments: one ``ActionArguments``. Answers at once; the edit follows as workspace/applyEdit."""

COMMAND_ASK = "herdmate.ask"
"""A command of the *client* (capability ``ask``): asks the user for an instruction and then runs
``herdmate.rewrite`` with it. Same arguments."""

COMMAND_MODELS = "herdmate.models"
"""A command of the *client* (capability ``menu``): shows the menu ``models``."""

COMMAND_CHOOSE_MODEL = "herdmate.chooseModel"
"""Argument: a name of ``ModelList``, or ``auto``. Fetches the model where it is not on this
machine, and has it used from then on."""

COMMAND_PAUSE = "herdmate.pause"
"""No ghost text for an hour; with the argument ``workspace`` none in this workspace, with
``language`` and a language id none in that language, until resumed (capability ``configure``)."""

COMMAND_RESUME = "herdmate.resume"
"""Ghost text again, with the arguments that it was paused with."""

COMMAND_STATUS = "herdmate.status"
"""No arguments; answers the current ``Status``."""

COMMAND_WHY = "herdmate.why"
"""No arguments. Says, and answers, why nothing was shown when ghost text was asked for last."""

COMMAND_SEEN = "herdmate.seen"
"""No arguments. Shows what the model was asked last: the prompt, its parts, tokens and times.
Answers the text only to a client that cannot show a document."""

COMMAND_STATS = "herdmate.stats"
"""No arguments. Shows what became of ghost text, in figures that are kept on this machine only.
Answers the text only to a client that cannot show a document."""

COMMAND_ACCEPTED = "herdmate.accepted"
"""The command of every ghost text, which clients run when it was accepted; its argument is the
ghost text's number."""

COMMAND_FETCH_MODEL = "herdmate.fetchModel"
"""Arguments: an optional catalogue name. Fetches that model, or the starter, and loads it."""

COMMAND_RESTART_ENGINE = "herdmate.restartEngine"
"""No arguments. Ends the engine's process and starts it again."""

State = Literal[
    "starting", "noModel", "fetching", "loading", "ready", "thinking", "sleeping", "error"
]


@dataclass(frozen=True, slots=True)
class Status:
    """State of the server; ``message`` says more of it, ``fraction`` 0 to 1 while it is known."""

    state: State
    message: str = ""
    fraction: float | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class ExplanationPart:
    """``text`` is to be appended to what came before under the same ``id``.

    The last part has ``done`` set, and ``error`` where the explanation could not be ended well;
    else ``next`` are the arguments of ``herdmate.explain`` with which a question about it is asked,
    once the question is put into ``instruction``. ``stopped`` says that the user ended it: nothing
    went wrong, ``error`` only tells of that. ``question`` is the one that is answered here, ``""``
    for the explanation itself.
    """

    id: str
    title: str
    uri: str
    text: str
    done: bool = False
    error: str | None = None
    stopped: bool = False
    question: str = ""
    next: ActionArguments | None = None


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be chosen, and what a user would want to know of it.

    ``bytes`` is the file's size, ``context`` what it was trained on in tokens (0: not known);
    ``installed``: it is on this machine; ``fits``: into the memory that is free, with what the
    model that runs would leave. ``detail`` says the rest in words.
    """

    name: str
    title: str
    bytes: int
    quant: str
    context: int
    infill: bool
    instruct: bool
    installed: bool
    fits: bool
    detail: str


@dataclass(frozen=True, slots=True)
class ModelList:
    """Models on this machine come first. ``current`` is the name of the one that runs, or empty."""

    models: list[ModelEntry]
    current: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """``command`` is run with ``arguments`` when it is chosen; ``icon`` is a name of codicons."""

    label: str
    icon: str
    command: str
    arguments: list[str] = field(default_factory=list)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """What can be chosen now; ``title`` says what it is about, ``placeholder`` a little more."""

    title: str
    placeholder: str
    items: list[MenuItem]


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said in a conversation, by ``"user"`` or ``"assistant"``."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ActionArguments:
    """What an action works on.

    ``range`` is an LSP range in the negotiated encoding; ``action`` names a prompt file;
    ``version`` is the document's version that the range speaks of; ``instruction`` is the user's
    own words; ``diagnostics`` are LSP diagnostics that the action is about, and ``symbol`` the name
    that it is about; ``turns`` are what was said before of an explanation that is asked about.
    """

    uri: str
    range: dict[str, dict[str, int]]
    action: str = ""
    version: int | None = None
    instruction: str = ""
    diagnostics: list[dict[str, Any]] = field(default_factory=list)
    symbol: str = ""
    turns: list[Turn] = field(default_factory=list)
