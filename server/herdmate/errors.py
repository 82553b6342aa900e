"""Every error that Herdmate raises on purpose: one hierarchy, one sentence each.

**Invariant:** ``str(error)`` is one plain sentence (or two) that a user can act on: what is wrong
and what to do. It never carries the user's code.
"""


class HerdmateError(Exception):
    """The base class: something that the user can fix, as ``str(error)`` explains."""


class UsageError(HerdmateError):
    """A command line is wrong, whatever files and models there are."""


class SettingsError(HerdmateError):
    """A setting has a name or value that Herdmate does not know."""


class ModelError(HerdmateError):
    """The model is missing, unreadable, too large, or unable to do what was asked."""


class NoMemoryError(ModelError):
    """There is not enough memory for the model or its context."""


class NoModelError(ModelError):
    """No usable model is on this machine yet."""


class FetchError(ModelError):
    """A model could not be fetched or did not have the pinned hash."""


class InstallError(HerdmateError):
    """llama.cpp could not be installed."""


class NoWheelError(InstallError):
    """There is no ready-made llama.cpp that works on this machine; building one may help."""


class EngineError(HerdmateError):
    """The engine could not carry out a request."""


class EngineStoppedError(EngineError):
    """The engine's process ended while a request was in flight."""


class ContextFullError(EngineError):
    """The prompt does not fit in the model's context."""


class ServerError(EngineError):
    """The remote server refused, hung up, or gave an answer that makes no sense.

    ``status`` is the HTTP status, 0 if there is none. ``is_loading``: it will answer once its model
    is loaded. ``wait`` is the delay in seconds that the server asked for, if any.
    """

    def __init__(
        self, message: str, status: int = 0, is_loading: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__(message)
        self.status, self.is_loading, self.wait = status, is_loading, wait


class UnreachableError(ServerError):
    """No server answers at the address in the settings."""


class HungUpError(UnreachableError):
    """The server accepts the connection and closes it without answering."""


class PromptError(HerdmateError):
    """A prompt file is invalid; the message names the file and what to change."""


class SelectionError(HerdmateError):
    """The selection cannot be explained or rewritten."""


class RefusedError(HerdmateError):
    """The model's answer would have harmed the file, so nothing was changed.

    ``repair`` names the wording that tells the model what was wrong (see ``prompting.words``), and
    ``values`` fill it in; ``""`` if asking again would not help.
    """

    def __init__(self, message: str, repair: str = "", **values: str) -> None:
        super().__init__(message)
        self.repair, self.values = repair, values


class UnchangedError(RefusedError):
    """The model would leave the code unchanged."""


class StaleError(RefusedError):
    """The document changed while the model was working."""


class SetupError(HerdmateError):
    """An editor's configuration cannot be written, or the editor is unknown."""


def reason_of(error: Exception) -> str:
    """What an error says, as part of a sentence; of a system's error, without number and path."""
    said = error.strerror if isinstance(error, OSError) else ""
    return " ".join((said or str(error) or type(error).__name__).split()).rstrip(".")
