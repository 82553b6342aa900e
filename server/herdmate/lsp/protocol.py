"""Herdmate's additions to the Language Server Protocol; ``extension/src/protocol.ts`` mirrors them.

A client declares support in ``initialize`` under ``capabilities.experimental.herdmate``, with true
for each of ``status``, ``explanation``, ``ask``, ``diagnostics``, ``ownDiagnostics``,
``declarations``, ``menu``, ``configure``, ``grows``, ``review``, ``stop`` and ``ghostText``. Every
other client gets the same through standard messages, as far as there are any. ``extensions`` there
lists the editor's other extensions, and ``suggestionKey`` names the key that requests a suggestion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

STATUS = "herdmate/status"
"""Server to client, notification ``Status``: what the server is doing."""

EXPLANATION = "herdmate/explanation"
"""Server to client, notification ``ExplanationPart``: the next part of an explanation."""

STOP = "herdmate/stop"
"""Client to server, notification ``{"id": …}`` (capability ``stop``): the user ends that
explanation. To such a client, progress is told in its parts and not as work-done progress."""

REVIEW = "herdmate/review"
"""Server to client, request ``Review`` (capability ``review``), answered like workspace/applyEdit
once the user can see it; ``applied`` is false if the document has another version by now. The
client changes each hunk's lines as soon as the user accepts it, and leaves them if the user
discards it. Accepting is one undoable step."""

CURSOR = "herdmate/cursor"
"""Client to server, notification ``{"uri": …, "position": …}``: the cursor rests there, so the
model can read ahead."""

GHOST_TEXT = "herdmate/ghostText"
"""Client to server, request ``{"uri": …}``, answered by ``GhostText``: whether it appears while
typing in a document, or anywhere if the URI is empty."""

GHOST_TEXT_CHANGED = "herdmate/ghostTextChanged"
"""Server to client, notification without parameters (capability ``ghostText``): the answer to
``herdmate/ghostText`` may be another now, or ghost text has its model now: what was asked for
without success can be asked for again."""

COMPLETION_GREW = "herdmate/completionGrew"
"""Server to client, notification ``CompletionGrew`` (capability ``grows``): the ghost text shown
there has grown. While it is still visible, the client asks for it again, as if by itself."""

DIAGNOSTICS = "herdmate/diagnostics"
"""Server to client, request ``{"uri": …}``: all LSP diagnostics of a document, from every source.
A code action request has only those at the cursor. With the capability ``ownDiagnostics`` it has
only those that Herdmate published, which are none, and so the others are asked for."""

DECLARATIONS = "herdmate/declarations"
"""Server to client, request ``DeclarationsParams`` (capability ``declarations``): where the names
at some positions of a document are defined, according to the client's other language servers.
Answered by a list of ``{"position": …, "uri": …, "range": …}``, where ``position`` is one of those
in the request and ``range`` that of the name; or by null if it is a bad time: the document is not
visible or has another version. Sent when typing has paused, at most once at a time per document."""

MODELS = "herdmate/models"
"""Client to server, request without parameters, answered by ``ModelList``, for a picker. To choose
a model, the client changes the setting ``herdmate.model`` to its name, or for ghost text
``herdmate.completion.model``."""

PULL_MODEL = "herdmate/pullModel"
"""Client to server, request ``{"name": …}``, answered by ``{"path": …}`` once the model is on this
machine. The server shows work-done progress. Cancelling the progress or the request keeps what has
been fetched, and the next request resumes from there."""

MENU = "herdmate/menu"
"""Client to server, request ``{"menu": …, "uri": …}``, answered by ``Menu``: ``status``;
``models`` or ``completionModels``, the few that suit this machine; ``allModels`` or
``allCompletionModels``. The document is the one that the user is looking at, if any."""

REQUESTS = (MODELS, PULL_MODEL, MENU, GHOST_TEXT)
"""The client's requests; each takes an object or no parameters."""

SHOW_MENU = "herdmate/showMenu"
"""Server to client, notification ``{"menu": …}`` (capability ``menu``), sent only at the user's
request: show that menu."""

CONFIGURE = "herdmate/configure"
"""Server to client, request ``{"name": …, "value": …, "workspace": …}``, sent only at the user's
request: change the setting ``herdmate.name``, or remove it if ``value`` is null; in this workspace
if ``workspace`` is true, otherwise wherever it is currently set."""

COMMAND_EXPLAIN = "herdmate.explain"
"""Arguments: one ``ActionArguments``. Returns at once and the text follows, unless the client has
no other way to show it: then the text is the result."""

COMMAND_REWRITE = "herdmate.rewrite"
"""Arguments: one ``ActionArguments``. Returns at once; the edit follows as workspace/applyEdit."""

COMMAND_APPLY_CODE = "herdmate.applyCode"
"""Arguments: one ``ActionArguments`` with ``code``, a block of an explanation of that range. The
code takes the place of the definition of the same name, or else of the range, in the way of
``herdmate.rewrite``."""

COMMAND_ASK = "herdmate.ask"
"""A command of the *client* (capability ``ask``): asks the user for an instruction and then runs
``herdmate.rewrite`` with it. Same arguments."""

COMMAND_MODELS = "herdmate.models"
"""A command of the *client* (capability ``menu``): shows the menu ``models``, or the one that its
argument names."""

COMMAND_CHOOSE_MODEL = "herdmate.chooseModel"
"""Arguments: a name in ``ModelList``, or ``auto``; and optionally ``completion``, for ghost text
alone, where an empty name stands for the model that answers. Fetches the model if it is not on this
machine, and uses it from then on."""

COMMAND_USE_RECOMMENDED = "herdmate.useRecommended"
"""No arguments. Fetches the models recommended for this machine, and uses them from then on."""

COMMAND_PAUSE = "herdmate.pause"
"""Pauses ghost text for an hour; with the argument ``workspace`` in this workspace, or with
``language`` and a language id in that language, until resumed (capability ``configure``)."""

COMMAND_RESUME = "herdmate.resume"
"""Resumes ghost text; takes the arguments that it was paused with."""

COMMAND_TOGGLE = "herdmate.toggle"
"""Argument: the URI of the document that the user is looking at, or an empty one. Resumes ghost
text if it is paused or off there, otherwise turns it off everywhere (capability ``configure``), or
pauses it for an hour."""

COMMAND_STATUS = "herdmate.status"
"""No arguments; returns the current ``Status``."""

COMMAND_WHY = "herdmate.why"
"""No arguments. Shows and returns why the last request for ghost text produced nothing."""

COMMAND_SEEN = "herdmate.seen"
"""No arguments. Shows the last request to the model: the prompt, its parts, tokens and times.
Returns the text only if the client cannot show a document."""

COMMAND_STATS = "herdmate.stats"
"""No arguments. Shows what became of ghost text, in figures kept only on this machine.
Returns the text only if the client cannot show a document."""

COMMAND_ACCEPTED = "herdmate.accepted"
"""Attached to every ghost text, for clients to run on acceptance. Argument: the ghost text's
number."""

COMMAND_FETCH_MODEL = "herdmate.fetchModel"
"""Arguments: an optional catalogue name. Fetches that model, or the starter, and loads it."""

COMMAND_RESTART_ENGINE = "herdmate.restartEngine"
"""No arguments. Ends the engine's process and starts it again."""

State = Literal[
    "starting", "noModel", "fetching", "loading", "ready", "thinking", "sleeping", "error"
]


Group = Literal["", "model", "pause", "look"]
"""Of the status menu: what one does every day, the models, pauses, and what to look at if in doubt.
A client adds what it does itself: to the first group, and after the last."""


@dataclass(frozen=True, slots=True)
class Status:
    """The server's state; ``message`` gives details, ``fraction`` is 0 to 1 while known.

    ``remote``: the model is on a remote server. Where another model writes ghost text,
    ``completion`` is that one's status, and the rest is that of the model that answers; ``message``
    has the details of both.
    """

    state: State
    message: str = ""
    fraction: float | None = None
    model: str | None = None
    remote: bool = False
    completion: Status | None = None


@dataclass(frozen=True, slots=True)
class GhostText:
    """Does ghost text appear while typing? If not, ``message`` says why."""

    state: Literal["on", "off", "paused"]
    message: str = ""


@dataclass(frozen=True, slots=True)
class DeclarationsParams:
    """The positions, ``{"line": …, "character": …}``, are those of a version of the document."""

    uri: str
    version: int | None
    positions: list[dict[str, int]]


@dataclass(frozen=True, slots=True)
class CompletionGrew:
    """Where ghost text has grown: ``position`` is an LSP position in a ``version`` of a document.

    Once the document or the cursor has changed, it means nothing.
    """

    uri: str
    version: int | None
    position: dict[str, int]


@dataclass(frozen=True, slots=True)
class ReviewHunk:
    """``text`` replaces the whole lines of ``range``, which is empty if lines are only added."""

    range: dict[str, dict[str, int]]
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """A suggested change of a ``version`` of a document, in hunks that are decided one by one.

    ``title`` names the action; ``note`` is what the user should know before deciding. The hunks are
    in the document's order and never touch.
    """

    uri: str
    version: int | None
    title: str
    note: str
    hunks: list[ReviewHunk]


@dataclass(frozen=True, slots=True)
class ExplanationPart:
    """Part of an explanation; append ``text`` to the earlier parts with the same ``id``.

    ``progress`` says what is being done while there is no more text.

    The last part has ``done`` set, and ``error`` if the explanation did not complete. ``next`` has
    the ``herdmate.explain`` arguments for a follow-up question, which goes into ``instruction``:
    after an answer that did not complete, those of the conversation before it, if there is one.
    ``stopped`` means that the user ended the explanation: nothing went wrong, and ``error`` only
    says so. ``question`` is the one answered here, ``""`` for the explanation itself.
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
    progress: str = ""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model that can be chosen, with what helps a user to choose.

    ``bytes`` is the file's size, ``context`` the trained context in tokens (0: unknown).
    ``installed``: it is on this machine. ``fits``: it fits into free memory, including what the
    running model would release. ``detail`` puts the rest into words.
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
    """Models on this machine come first. ``current`` is the running model's name, or empty.

    ``completion`` is that of the model that writes ghost text, which can be the same.
    """

    models: list[ModelEntry]
    current: str
    completion: str = ""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """Choosing it runs ``command`` with ``arguments``; ``icon`` is the name of a codicon.

    ``group``: what it belongs to in the status menu, whose groups come in the order of ``Group``.
    """

    label: str
    icon: str
    command: str
    arguments: list[str] = field(default_factory=list)
    detail: str = ""
    group: Group = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """The choices available now; ``title`` names the subject, ``placeholder`` adds detail."""

    title: str
    placeholder: str
    items: list[MenuItem]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation, by ``"user"`` or ``"assistant"``."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ActionArguments:
    """What an action works on.

    ``range`` is an LSP range in the negotiated encoding; ``action`` names a prompt file;
    ``version`` is the document version that the range refers to; ``instruction`` is in the user's
    own words; ``diagnostics`` are the LSP diagnostics, and ``symbol`` the name, that the action is
    about; ``turns`` are the conversation so far, for a question about an explanation; ``code`` is a
    block of code to apply.
    """

    uri: str
    range: dict[str, dict[str, int]]
    action: str = ""
    version: int | None = None
    instruction: str = ""
    diagnostics: list[dict[str, Any]] = field(default_factory=list)
    symbol: str = ""
    turns: list[Turn] = field(default_factory=list)
    code: str = ""
